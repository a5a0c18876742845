"""`audit ...`: ask the log, judge it, give it away."""

from __future__ import annotations

import os
import shutil
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import cast

from search_api.cli.context import Context
from search_api.cli.session import connected
from search_api.cli.unpacking import unpack
from search_api.client import Client
from storage.audit.bundle import read_keys, verify_bundle
from storage.audit.log import CHECKPOINT
from storage.audit.note import VerifierKey, encode_digest
from storage.errors import ExitCode, FileUnusable, InvalidInput, NotInstance, TargetExists
from storage.settings import read_settings

__all__ = ["export", "query", "verify"]

_FILTERS = ("record", "person", "action", "outcome", "from", "to")


def query(context: Context, arguments: Namespace) -> ExitCode:
    """Every act that fits, newest first, one a line."""
    wanted = {name: str(value) for name in _FILTERS if (value := getattr(arguments, name)) is not None}
    with connected(context) as client:
        for entry in _pages(client, wanted):
            context.show(entry, _line(entry))
    return ExitCode.DONE


def verify(context: Context, arguments: Namespace) -> ExitCode:
    """Judge the instance's log, or an exported bundle; exit 6 where something was found."""
    if arguments.bundle is not None:
        return _verify_bundle(context, Path(arguments.bundle), arguments.vkey)
    if arguments.vkey is not None:
        raise InvalidInput(what=context.say("--vkey chỉ dùng với --bundle.", "--vkey goes with --bundle."))
    with connected(context) as client:
        return _tell(context, client.json("POST", "audit/verification"))


def export(context: Context, arguments: Namespace) -> ExitCode:
    """Write the log into a folder that is new or empty: whole, or not at all."""
    target = Path(arguments.target)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise TargetExists(path=str(target))
    draft = target.with_name(f".{target.name}.{token_hex(4)}")
    with connected(context) as client:
        try:
            draft.mkdir(parents=True)
            with client.ask("GET", "audit/bundle") as reply:
                unpack(reply.parts(), draft)
            draft.rename(target)  # over an empty folder at most
        except OSError as error:
            raise FileUnusable(path=str(target), why=os.strerror(error.errno or 0)) from error
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    origin, size, root = (target / CHECKPOINT).read_text("utf-8").split("\n")[:3]
    text = context.say(f"Đã xuất nhật ký {origin} ({size} mục) vào {target}.", f"The log {origin} ({size} entries) is in {target}.")
    context.show({"path": str(target), "size": int(size), "root": root}, text)
    return ExitCode.DONE


def _pages(client: Client, wanted: dict[str, str]) -> Iterator[dict[str, object]]:
    after: object = ""
    while after is not None:
        page = client.json("GET", "audit", query=wanted | ({"after": str(after)} if after else {}))
        yield from cast(list[dict[str, object]], page["entries"])
        after = page["next"]


def _line(entry: dict[str, object]) -> str:
    who = entry["person"] or entry["source"] or "-"
    seq = "-" if entry["seq"] is None else entry["seq"]
    return f"{seq:>8}  {entry['time']}  {who:<20} {entry['action']:<16} {entry['outcome']:<7} {entry['record_id'] or '-'}"


def _verify_bundle(context: Context, folder: Path, vkey: str | None) -> ExitCode:
    if not folder.is_dir():
        raise FileUnusable(path=str(folder), why=context.say("không phải là thư mục", "not a folder"))
    key = _own_key(context) if vkey is None else _key_in(Path(vkey))
    verdict = verify_bundle(folder, key)
    shown: dict[str, object] = {}
    if key is None and verdict.head is not None:
        key = read_keys(folder)[0]
        vi = "Chỉ có khóa của chính gói này để đối chiếu; hãy so dấu vân tay của khóa với nguồn khác"
        en = "There is no key but the bundle's own: compare its fingerprint with one that came another way"
        context.note(f"{context.say(vi, en)}: {key.fingerprint} ({key.name})")
    if key is not None:
        shown = {"key": str(key), "fingerprint": key.fingerprint}
    bad = verdict.first_bad
    judged: dict[str, object] = {
        "ok": verdict.ok,
        "size": None if verdict.head is None else verdict.head.size,
        "root": None if verdict.head is None else encode_digest(verdict.head.root),
        "pending": None,
        "first_bad": None if bad is None else {"seq": bad.seq, "kind": bad.kind.value},
    }
    return _tell(context, judged | shown)


def _tell(context: Context, judged: dict[str, object]) -> ExitCode:
    size, root = judged["size"], judged["root"]
    text = context.say(f"Nhật ký nguyên vẹn: {size} mục, gốc {root}.", f"The log is whole: {size} entries, root {root}.")
    if not judged["ok"]:
        bad = cast(dict[str, object], judged["first_bad"])
        place = "" if bad["seq"] is None else context.say(f" tại mục {bad['seq']}", f" at entry {bad['seq']}")
        text = context.say(f"PHÁT HIỆN SAI LỆCH{place}: {bad['kind']}.", f"NOT AS IT WAS WRITTEN{place}: {bad['kind']}.")
    context.show(judged, text)
    return ExitCode.DONE if judged["ok"] else ExitCode.FINDING


def _own_key(context: Context) -> VerifierKey | None:
    """The key of the instance at hand; None where there is none."""
    if context.root is None:
        return None
    try:
        return VerifierKey.parse(read_settings(context.home()).log_key)
    except NotInstance:
        return None


def _key_in(path: Path) -> VerifierKey:
    try:
        return VerifierKey.parse(path.read_text("utf-8").strip())
    except UnicodeDecodeError:
        raise FileUnusable(path=str(path), why="UTF-8?") from None
    except OSError as error:
        raise FileUnusable(path=str(path), why=os.strerror(error.errno or 0)) from error
