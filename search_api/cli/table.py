"""Every command there is; the help is made from this table, and a test compares the guides with it."""

from __future__ import annotations

from typing import Final

from search_api.cli.command import Argument, Command

__all__ = ["COMMANDS", "GROUPS"]

GROUPS: Final = {
    "user": "people who work with the archive",
    "grant": "need-to-know of single records and cases, limited in time",
    "source": "scanners and other machines that deposit",
    "host": "machines that take documents through their steps beside the main host",
    "review": "records that wait for a person to decide their level",
    "audit": "the log of every act",
    "key": "the keys of the instance",
    "debug": "test aids",
}
"""What the commands of two words are about."""

_LEVELS: Final = ("NON_CONFIDENTIAL", "MAT", "TOI_MAT", "TUYET_MAT")
_ID: Final = Argument("id", "the record's id", "ID")
_REASON: Final = Argument("--reason", "why; it stands in the log and in the record's history", "T", required=True)
_LEVEL: Final = Argument("--level", "the level that it shall have", required=True, choices=_LEVELS)
_KEY_OUT: Final = Argument("--key-out", "the key file to make (0600); never overwritten", "FILE", required=True)

COMMANDS: Final = (
    Command(
        "init",
        "search_api.cli.instance:init",
        "make a new instance at --home (asks nothing)",
        (
            Argument("--office", "id of the office that the instance belongs to (default: central)", "ID"),
            Argument(
                "--network-class",
                "how this machine is connected: a CONNECTED one may hold no state secret (default: INDEPENDENT_LAN)",
                choices=("CONNECTED", "INDEPENDENT_LAN", "STANDALONE"),
            ),
            Argument("--catalog", "PostgreSQL: postgresql://USER:PASSWORD@HOST/DATABASE[?ca=FILE], or VANKHO_CATALOG (default: embedded)", "URL"),
            Argument("--index", "Elasticsearch: https://USER:PASSWORD@HOST[,HOST]...[?ca=FILE], or VANKHO_INDEX (default: embedded)", "URL"),
            Argument("--store", "S3: s3://KEY:SECRET@BUCKET?endpoint=https://HOST[&ca=FILE], or VANKHO_STORE (default: a folder)", "URL"),
            Argument(
                "--closed-index",
                "Elasticsearch for closed records, whose texts lie in clear on its disks: https://... as --index, or VANKHO_CLOSED_INDEX "
                "(default: embedded, encrypted)",
                "URL",
            ),
            Argument("--recovery-out", "where the recovery identity is written, once (default: beside the home)", "FILE"),
            Argument("--test", "allow the test aids in this instance, for ever", switch=True),
        ),
        example="vankho --home /srv/vankho init --office vptu --recovery-out /media/usb/recovery.txt",
    ),
    Command(
        "serve",
        "search_api.cli.serving:serve",
        "serve the instance over HTTP: starts keeper, workers and api, and starts again what dies",
        (
            Argument("--host", "address to listen at (default: 127.0.0.1)", "H"),
            Argument("--port", "port (default: 8787; 0 picks one)", "P"),
            Argument("--workers", "processes that take documents through their steps (default: 1; 0 where worker hosts do it all)", "N"),
            Argument("--worker-port", "let worker hosts in at this port, and at this address alone if one is given (default: none)", "[H:]P"),
        ),
        example="vankho --home /srv/vankho serve --port 8787",
    ),
    Command(
        "work",
        "search_api.cli.working:work",
        "work on another machine for an instance whose parts lie on servers: --home names a folder for what is in hand",
        (
            Argument("--join", "the joining file that `host add` made for this machine", "FILE", required=True),
            Argument("--workers", "processes that take documents through their steps (default: 1); they share the processors", "N"),
        ),
        example="vankho --home /srv/vankho-worker work --join worker-1.join",
    ),
    Command(
        "doctor",
        "search_api.cli.doctor:doctor",
        "what this machine and this instance lack, and what follows",
        example="vankho --home /srv/vankho doctor",
    ),
    Command(
        "seal",
        "search_api.cli.sealing:seal",
        "encrypt a file as a plain age file (by default to this instance's recovery key)",
        (
            Argument("file", "the file to encrypt", "FILE"),
            Argument("--output", "the age file to make; never overwritten", "OUT", required=True),
            Argument("--to", "a recipient (age1pq1...), or a file of recipients; may be given several times", "RECIPIENT", repeated=True),
        ),
        example="vankho seal bao-cao.pdf -o bao-cao.pdf.age",
    ),
    Command(
        "open",
        "search_api.cli.sealing:open_sealed",
        "decrypt an age file with an identity file",
        (
            Argument("file", "the age file", "FILE"),
            Argument("--identity", "a file of identities (AGE-SECRET-KEY-...)", "FILE", required=True),
            Argument("--output", "the file to make; never overwritten, and not made at all if the content is damaged", "OUT", required=True),
        ),
        example="vankho open bao-cao.pdf.age --identity /media/usb/recovery.txt -o bao-cao.pdf",
    ),
    Command(
        "user add",
        "search_api.cli.people:user_add",
        "add a person; her key file is written here and handed over to her, the archive keeps its hash alone",
        (
            Argument("name", "her name, as the log shall have it; never given twice", "NAME"),
            Argument("--office", "id of the office that she belongs to", "ID", required=True),
            Argument(
                "--role",
                "what she is here for; may be given several times",
                required=True,
                repeated=True,
                choices=("archivist", "registrar", "officer", "auditor", "administrator"),
            ),
            Argument("--clearance", "the highest level that she may read (default: NON_CONFIDENTIAL)", choices=_LEVELS),
            Argument(
                "--compartment",
                "a compartment that she is in; may be given several times",
                repeated=True,
                choices=("DENOUNCER_IDENTITY", "PETITION_PII"),
            ),
            _KEY_OUT,
        ),
        example="vankho user add lan --office vptu --role archivist --clearance MAT --key-out lan.key",
    ),
    Command(
        "user list",
        "search_api.cli.people:user_list",
        "everyone, with roles, clearance, compartments and grants that hold now",
        example="vankho --json user list",
    ),
    Command(
        "user disable",
        "search_api.cli.people:user_disable",
        "shut a person or a source out, from the next request on",
        (Argument("name", "the name of the person or source", "NAME"),),
        example="vankho user disable lan",
    ),
    Command(
        "user password",
        "search_api.cli.people:user_password",
        "set a password for signing in with a browser: one's own, or as an administrator anyone's; asked for without showing it",
        (
            Argument("name", "whose (default: your own)", "NAME", optional=True),
            Argument("--password-file", "file whose first line is the password, where nobody can be asked", "FILE"),
        ),
        example="vankho user password lan",
    ),
    Command(
        "grant add",
        "search_api.cli.people:grant_add",
        "let a person know of one closed record, or of one case, until a day",
        (
            Argument("name", "the person's name", "USER"),
            Argument("--record", "the record's id", "ID"),
            Argument("--case", "the case's id", "ID"),
            Argument("--until", "the last day (2026-12-31), or a moment (2026-12-31T17:00:00+07:00)", "DATE", required=True),
            _REASON,
        ),
        example='vankho grant add minh --record r0a1b2c3 --until 2026-12-31 --reason "kiểm tra hồ sơ 12"',
    ),
    Command(
        "grant revoke",
        "search_api.cli.people:grant_revoke",
        "end a grant now",
        (Argument("id", "the grant's id", "ID"),),
        example="vankho grant revoke f0a1b2c3",
    ),
    Command(
        "source add",
        "search_api.cli.people:source_add",
        "add a scanner or another machine: its key deposits, and sees what became of its own deposits",
        (
            Argument("name", "its name, as the log shall have it", "NAME"),
            _KEY_OUT,
            Argument("--office", "id of the office that it deposits for (default: yours)", "ID"),
        ),
        example="vankho source add scan-p1 --key-out scan-p1.key",
    ),
    Command(
        "host add",
        "search_api.cli.hosts:host_add",
        "add a machine that works for this instance; its joining file holds its keys and is carried to it by hand",
        (
            Argument("name", "its name, as the log shall have it; never given twice", "NAME"),
            Argument("--gate", "the address at which that machine reaches `serve --worker-port` of this one", "HOST:PORT", required=True),
            Argument("--out", "the joining file to make; never overwritten", "FILE", required=True),
        ),
        example="vankho host add worker-1 --gate main.example:8788 --out worker-1.join",
    ),
    Command(
        "host list",
        "search_api.cli.hosts:host_list",
        "the machines that work for this instance, and how many connections each has now",
        example="vankho host list",
    ),
    Command(
        "host disable",
        "search_api.cli.hosts:host_disable",
        "shut a worker host out for good, and end its connections",
        (Argument("name", "its name", "NAME"),),
        example="vankho host disable worker-1",
    ),
    Command(
        "ingest",
        "search_api.cli.ingesting:ingest",
        "take files and folders in; a line for each when its outcome is final, then the figures",
        (
            Argument("path", "a file, or a folder with all that is in it", "PATH", repeated=True),
            Argument("--batch", "what this batch is called; sealed with each document", "NAME"),
            Argument("--password-file", "file whose first line opens the locked documents among them", "FILE"),
            Argument("--strict", "exit 3 if a document was quarantined or refused", switch=True),
        ),
        example="vankho ingest /srv/scans/2026-11 --batch cong-van-den-11",
    ),
    Command(
        "watch",
        "search_api.cli.watching:watch",
        "take in what scanners put into a folder, unattended; files go to done/ or, with a note that says why, to failed/",
        (
            Argument("folder", "the folder; never the place of profiles or keys", "DIR"),
            Argument("--profiles", "a file of scanners: a table each, with its subfolder's name, key, batch, patience", "FILE"),
            Argument("--once", "end as soon as nothing is left to wait for", switch=True),
        ),
        example="vankho --key scan-p1.key watch /srv/scans/p1",
    ),
    Command(
        "receipt",
        "search_api.cli.records:receipt",
        "what became of a deposit of your own",
        (Argument("id", "the receipt's id", "ID"),),
        example="vankho receipt p0a1b2c3",
    ),
    Command(
        "read",
        "search_api.cli.trying:read",
        "try reading a document, page by page; nothing is kept",
        (Argument("file", "the document", "FILE"),),
        example="vankho read thong-bao.pdf",
    ),
    Command(
        "classify",
        "search_api.cli.trying:classify",
        "try the classification on a document; nothing is kept",
        (
            Argument("file", "the document", "FILE", optional=True),
            Argument("--jsonl", "a file of texts, one JSON object {id, title, body} a line", "FILE"),
        ),
        example="vankho classify thong-bao.pdf",
    ),
    Command(
        "search",
        "search_api.cli.searching:search",
        "find records by words, phrases and fields, with or without marks; an empty query browses, newest first",
        (
            Argument("query", 'words that must all occur, "a phrase", field:value, -excluded', "QUERY"),
            Argument("--limit", "how many at most (default: 20)", "N"),
            Argument("--cursor", "the page after, as the page before gave it", "C"),
            Argument("--sort", "order (default: rank)", choices=("rank", "date")),
            Argument("--filter", "only these; of one field alternatives, of several fields all", "field=value", repeated=True),
            Argument("--facets", "count the records found by field", switch=True),
            Argument("--snippets", "show where the words stand", switch=True),
        ),
        example='vankho search "mở rộng nộp thuế điện tử" --snippets',
    ),
    Command("show", "search_api.cli.records:show", "a record: level, description, parts, reasons, history", (_ID,), example="vankho show r0a1b2c3"),
    Command(
        "get",
        "search_api.cli.records:get",
        "a part of a record into a file, whole or not at all",
        (
            _ID,
            Argument("--output", "the file to make; never overwritten", "FILE", required=True),
            Argument("--part", "which part (default: original)", choices=("original", "access", "text")),
            Argument("--format", "decrypted, or as an age file that a recovery identity opens (default: plain)", choices=("plain", "age")),
        ),
        example="vankho get r0a1b2c3 -o 77-BC-VPTU.pdf",
    ),
    Command(
        "edit",
        "search_api.cli.records:edit",
        "correct fields of a record's description",
        (_ID, Argument("--set", "a field and its new value; may be given several times", "field=value", required=True, repeated=True), _REASON),
        example='vankho edit r0a1b2c3 --set subject="lịch nghỉ lễ" --reason "nhận dạng sai"',
    ),
    Command(
        "withdraw",
        "search_api.cli.records:withdraw",
        "take a record out of every answer",
        (_ID, _REASON),
        example='vankho withdraw r0a1b2c3 --reason "nộp nhầm"',
    ),
    Command(
        "unlock",
        "search_api.cli.records:unlock",
        "have a quarantined document read again with its password; its depositor may, without being able to read it",
        (_ID, Argument("--password-file", "file whose first line is the password", "FILE", required=True)),
        example="vankho unlock r0a1b2c3 --password-file mat-khau.txt",
    ),
    Command(
        "reread",
        "search_api.cli.records:reread",
        "have a record read again with the reader of today; until that is done, and if it fails, it stays as it is",
        (_ID, Argument("--password-file", "file whose first line opens the document, if it is locked", "FILE")),
        example="vankho reread r0a1b2c3",
    ),
    Command(
        "reclassify",
        "search_api.cli.records:reclassify",
        "change the level of a classified record; lowering takes a second person with her own key",
        (_ID, _LEVEL, _REASON, Argument("--second-key", "key file of the second person, for a lower level", "FILE")),
        example='vankho reclassify r0a1b2c3 --level MAT --reason "QĐ 12/2026" --second-key hoa.key',
    ),
    Command(
        "review list",
        "search_api.cli.review:review_list",
        "the records that wait for a decision and that you may decide, longest waiting first",
        example="vankho review list",
    ),
    Command(
        "review decide",
        "search_api.cli.review:review_decide",
        "decide the level of a record that waits for it",
        (_ID, _LEVEL, _REASON),
        example='vankho review decide r0a1b2c3 --level NON_CONFIDENTIAL --reason "không có dấu mật"',
    ),
    Command("status", "search_api.cli.upkeep:status", "how the instance stands: queue, index lag, disk, log, keys", example="vankho status"),
    Command(
        "check",
        "search_api.cli.upkeep:check",
        "compare what the catalog names with what store and indexes hold; exit 6 if something must be looked into",
        (Argument("--read-data", "read every sealed byte again", switch=True),),
        example="vankho check --read-data",
    ),
    Command(
        "reindex",
        "search_api.cli.upkeep:reindex",
        "build the search indexes again from catalog and store, open and closed ones; search goes on meanwhile",
        (Argument("--office", "id of one office (default: all that are yours)", "ID"),),
        example="vankho reindex --office vptu",
    ),
    Command(
        "debug dump",
        "search_api.cli.upkeep:debug_dump",
        "all that the credentials of api and worker can read, as text (instances made with --test only)",
        example="vankho debug dump",
    ),
    Command(
        "audit query",
        "search_api.cli.audit:query",
        "who did what, newest first (auditors); asking is an act in the log as well",
        (
            Argument("--record", "acts on this record, or on an id that never was", "ID"),
            Argument("--person", "acts of the person of this name", "NAME"),
            Argument("--action", "acts of this kind, as the log names them: read, search, show, deposit ...", "A"),
            Argument("--outcome", "acts that ended so", choices=("done", "denied", "failed")),
            Argument("--from", "not before this day or moment (2026-12-31, 2026-12-31T08:00+07:00)", "T"),
            Argument("--to", "not after this day, or before this moment", "T"),
        ),
        example="vankho audit query --person lan --from 2026-12-01",
    ),
    Command(
        "audit verify",
        "search_api.cli.audit:verify",
        "judge the audit log and every row of it, or an exported bundle; exit 6 if anything is wrong",
        (
            Argument("--bundle", "an exported folder, judged without instance or network", "DIR"),
            Argument("--vkey", "the key that must have signed the bundle (default: this instance's own)", "FILE"),
        ),
        example="vankho audit verify --bundle /media/usb/log",
    ),
    Command(
        "audit export",
        "search_api.cli.audit:export",
        "the audit log as a folder that anyone can verify",
        (Argument("target", "the folder to make; nothing is overwritten", "DIR"),),
        example="vankho audit export /media/usb/log",
    ),
    Command(
        "key list",
        "search_api.cli.keys:key_list",
        "the keys of the instance: what each is for, its public half, whether it opens",
        example="vankho key list",
    ),
)
