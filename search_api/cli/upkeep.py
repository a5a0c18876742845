"""`status`, `check`, `reindex`, `debug dump`: the instance itself."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Iterator

from search_api.cli.answers import rows, told
from search_api.cli.context import Context
from search_api.cli.session import connected
from storage.errors import ExitCode

__all__ = ["check", "debug_dump", "reindex", "status"]

_LOOK_EVERY = 0.5


def status(context: Context, arguments: Namespace) -> ExitCode:
    """How the instance stands now."""
    with connected(context) as client:
        found = client.json("GET", "status")
    context.show(found, "\n".join(_standing(found)))
    return ExitCode.DONE


def check(context: Context, arguments: Namespace) -> ExitCode:
    """Compare what the catalog names with what the store holds; exit 6 if something must be looked into."""
    with connected(context) as client:
        found = client.json("POST", "checks", query={"read_data": "1" if arguments.read_data else "0"})
    context.show(found, "\n".join(_findings(context, found)))
    return ExitCode.DONE if found.get("ok") else ExitCode.FINDING


def reindex(context: Context, arguments: Namespace) -> ExitCode:
    """Have indexes built anew, open and closed ones, and wait for it; exit 6 if one was not, or lacks records, as the engine refuses some."""
    with connected(context, works=True) as client:
        query = {} if arguments.office is None else {"office": arguments.office}
        asked = [told(one, "office") for one in rows(client.json("POST", "reindexing", query=query), "reindexing")]
        done, said = set[str](), ""
        while True:
            left = [one for one in rows(client.json("GET", "reindexing"), "reindexing") if told(one, "office") in asked]
            built = {*asked} - {told(one, "office") for one in left if not one["ended"] or one["failed"] is not None}
            for office in sorted(built - done):
                context.note(context.say(f"{office}: đã lập lại chỉ mục.", f"{office}: built again."))
            done |= built
            waiting = [one for one in left if not one["ended"]]
            if not waiting:
                break
            if (line := _far(context, waiting[0])) != said:
                context.note(said := line)
            client.tend()
            time.sleep(_LOOK_EVERY)
    failed = {_named(one): told(one, "failed") for one in left if one["failed"] is not None}
    refused = {_named(one): one.get("refused") for one in left if one["failed"] is None}
    summary = context.say(
        f"{len(done)} cơ quan đã lập lại chỉ mục, {len(failed)} chỉ mục không thành.",
        f"indexes of {len(done)} offices built again, {len(failed)} failed.",
    )
    lines = [*(_failure(context, *one) for one in failed.items()), *(_refusal(context, *one) for one in refused.items()), summary]
    context.show({"done": sorted(done), "failed": failed, "refused": refused}, "\n".join(lines))
    return ExitCode.FINDING if failed or refused else ExitCode.DONE


def debug_dump(context: Context, arguments: Namespace) -> ExitCode:
    """Everything that the credentials of api and worker can read, as it comes."""
    with connected(context) as client, client.ask("GET", "debug/dump") as reply:
        for piece in reply.parts():
            sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()
    return ExitCode.DONE


def _standing(found: dict[str, object]) -> Iterator[str]:
    for name, value in found.items():
        for one in value if isinstance(value, list) else (value,):
            text = ", ".join(f"{key}: {told(one, key)}" for key in one) if isinstance(one, dict) else told({name: one}, name)
            yield f"{name:<15} {text}"


def _far(context: Context, one: dict[str, object]) -> str:
    """How far the first one that is not done has come; its counts are told to administrators alone."""
    counts = f" {one['done']}/{one['total']}" if one.get("total") is not None else ""
    return context.say(f"{_named(one)}: đang lập lại{counts}", f"{_named(one)}: under way{counts}")


def _named(one: dict[str, object]) -> str:
    """An open partition by its office, a closed one by its whole name."""
    return told(one, "partition").removeprefix("open/")


def _failure(context: Context, partition: str, code: str) -> str:
    return context.say(
        f"{partition}: chưa lập lại được ({code}). Chỉ mục cũ được giữ nguyên; hãy chạy `vankho check`, rồi lập lại lần nữa.",
        f"{partition}: not built ({code}). The old index stays as it is; run `vankho check`, then try again.",
    )


def _refusal(context: Context, partition: str, count: object) -> str:
    """Their number is told to administrators alone."""
    return context.say(
        f"{partition}: máy tìm kiếm không nhận {count or 'một số'} hồ sơ; nhật ký hệ thống nêu mã từng hồ sơ.",
        f"{partition}: the search engine refuses {count or 'some'} records; the log of worker and keeper names each of them.",
    )


def _findings(context: Context, found: dict[str, object]) -> Iterator[str]:
    say = context.say
    for kind, label in (("findings", say("PHÁT HIỆN", "FINDING")), ("notes", say("ghi chú", "note"))):
        for one in rows(found, kind):
            yield f"{label:<10} {told(one, 'kind')}  {told(one, 'record_id')}  {told(one, 'text')}"
    yield say(
        f"Đã kiểm tra mọi hồ sơ và khối dữ liệu: {len(rows(found, 'findings'))} phát hiện.",
        f"every record and blob checked: {len(rows(found, 'findings'))} findings.",
    )
