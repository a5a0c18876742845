"""`show`, `get`, `edit`, `withdraw`, `unlock`, `reread`, `reclassify`, `receipt`: one record at a time."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from search_api.cli.answers import assignments, inner, rows, told, words
from search_api.cli.context import Context
from search_api.cli.files import password_of, target_at
from search_api.cli.outcomes import outcome_line
from search_api.cli.session import connected
from search_api.client import segment
from storage.errors import ExitCode, InvalidInput
from storage.vault.tokens import read_key_file

__all__ = ["UNTIL_FOUND", "edit", "get", "receipt", "reclassify", "reread", "show", "show_record", "unlock", "withdraw"]

UNTIL_FOUND: Final = {"Prefer": "wait=30"}
"""Asks for the answer once the indexes know of what was done, and after 30 s in any case."""


def show(context: Context, arguments: Namespace) -> ExitCode:
    """What is known of a record."""
    with connected(context) as client:
        found = client.json("GET", f"records/{segment(arguments.id)}")
    show_record(context, found)
    return ExitCode.DONE


def get(context: Context, arguments: Namespace) -> ExitCode:
    """One part of a record into a file: whole, or no file."""
    path, size = Path(arguments.output), 0
    query = {"format": arguments.format or "plain"}
    address = f"records/{segment(arguments.id)}/parts/{arguments.part or 'original'}"
    with target_at(path) as target, connected(context) as client, client.ask("GET", address, query=query) as reply:
        for piece in reply.parts():
            size += target.write(piece)
    context.show({"path": str(path), "size": size}, context.say(f"Đã ghi {size} byte vào {path}.", f"{size} bytes written to {path}."))
    return ExitCode.DONE


def edit(context: Context, arguments: Namespace) -> ExitCode:
    """Correct fields of the description."""
    try:
        changes = assignments(arguments.set)
    except ValueError:
        raise InvalidInput(what=context.say("Hãy viết --set trường=giá_trị.", "Write --set field=value.")) from None
    content = {"set": changes, "reason": arguments.reason}
    with connected(context, works=True) as client:
        changed = client.json("PATCH", f"records/{segment(arguments.id)}", content=content, headers=UNTIL_FOUND)
    show_record(context, changed)
    return ExitCode.DONE


def withdraw(context: Context, arguments: Namespace) -> ExitCode:
    """Take a record out of every answer."""
    with connected(context, works=True) as client:
        done = client.json("POST", f"records/{segment(arguments.id)}/withdrawal", content={"reason": arguments.reason}, headers=UNTIL_FOUND)
    context.show(done, context.say(f"Đã rút hồ sơ {arguments.id}.", f"Record {arguments.id} is withdrawn."))
    return ExitCode.DONE


def unlock(context: Context, arguments: Namespace) -> ExitCode:
    """Have a quarantined document read again with the password in a file; exit 3 if it stays quarantined."""
    password = password_of(Path(arguments.password_file))
    with connected(context, works=True) as client:
        done = client.json("POST", f"records/{segment(arguments.id)}/unlocking", content={"password": password}, headers=UNTIL_FOUND)
    context.show(done, outcome_line(context, arguments.id, done))
    return ExitCode.STRICT if done["outcome"] == "quarantined" else ExitCode.DONE


def reread(context: Context, arguments: Namespace) -> ExitCode:
    """Have a record read again; exit 3 if the new reading failed and the record was left as it was."""
    content = {"password": password_of(Path(arguments.password_file))} if arguments.password_file else {}
    with connected(context, works=True) as client:
        done = client.json("POST", f"records/{segment(arguments.id)}/reading", content=content, headers=UNTIL_FOUND)
    if done["reread"] is None:
        how = context.say("đang chờ đọc lại", "waits to be read again")
    else:
        how = context.say("đã đọc lại", "read again") if done["reread"] else context.say("giữ nguyên như cũ", "left as it was")
    why = "" if done["message"] is None else f"  {told(done, 'message')}"
    context.show(done, f"{arguments.id}  {how}{why}")
    return ExitCode.STRICT if done["reread"] is False else ExitCode.DONE


def reclassify(context: Context, arguments: Namespace) -> ExitCode:
    """Change the level of a classified record; for a lower one the second person adds her key."""
    second = {"Vankho-Second": read_key_file(Path(arguments.second_key))} if arguments.second_key else {}
    content = {"level": arguments.level, "reason": arguments.reason}
    with connected(context, works=True) as client:
        changed = client.json("POST", f"records/{segment(arguments.id)}/level", content=content, headers=UNTIL_FOUND | second)
    show_record(context, changed)
    return ExitCode.DONE


def receipt(context: Context, arguments: Namespace) -> ExitCode:
    """What became of one's own deposit."""
    with connected(context) as client:
        given = client.json("GET", f"receipts/{segment(arguments.id)}")
    context.show(given, outcome_line(context, told(given, "receipt_id"), given))
    return ExitCode.DONE


def show_record(context: Context, record: dict[str, object]) -> None:
    """Print a record."""
    context.show(record, "\n".join(_lines(context, record)))


def _lines(context: Context, record: dict[str, object]) -> Iterator[str]:
    say, fields = context.say, inner(record, "fields")
    review = say(", chờ rà soát", ", waits for review") if record.get("review") else ""
    yield f"{told(record, 'record_id')}  {told(record, 'state')}  {told(record, 'level_label')}{review}"
    labels = (
        ("ref_code", "Số, ký hiệu", "Number"),
        ("doc_type_label", "Loại văn bản", "Type"),
        ("date", "Ngày ban hành", "Date"),
        ("issuer", "Cơ quan ban hành", "Issuer"),
        ("subject", "Trích yếu", "Subject"),
        ("signer", "Người ký", "Signer"),
        ("place", "Địa danh", "Place"),
        ("urgency", "Độ khẩn", "Urgency"),
        ("file_name", "Tên tệp", "File"),
        ("sha256", "SHA-256", "SHA-256"),
    )
    shown = [(say(vi, en), told(fields, name, "")) for name, vi, en in labels]
    shown.append((say("Thẻ", "Tags"), words(fields, "tags")))
    shown.append((say("Đơn vị", "Office"), told(record, "office")))
    shown.append((say("Phạm vi riêng", "Compartments"), words(record, "compartments")))
    shown.append((say("Dấu chỉ dẫn", "Marks"), words(record, "marks")))
    shown.append((say("Cảnh báo", "Warnings"), words(record, "warnings")))
    shown.append((say("Nội dung chủ động", "Active content"), words(record, "active")))
    yield from (f"  {label:<18} {value}" for label, value in shown if value)
    for part in rows(record, "parts"):
        yield f"  {say('Phần', 'Part'):<18} {told(part, 'name')}, {told(part, 'media_type')}, {told(part, 'size')} byte"
    for reason in rows(record, "reasons"):
        yield f"  {say('Căn cứ', 'Reason'):<18} {told(reason, 'code')} ({told(reason, 'rule')}): {told(reason, 'evidence')}"
    for entry in rows(record, "history"):
        changes = ", ".join(f"{field}={value}" for field, value in inner(entry, "set").items())
        yield f"  {say('Đã sửa', 'Edited'):<18} {told(entry, 'time')} {told(entry, 'person')}: {changes} ({told(entry, 'reason')})"
