"""`doctor`: what this machine and this instance lack, and what follows from it."""

from __future__ import annotations

import os
import resource
import shutil
import sys
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from search_api.cli.context import Context
from storage.errors import ExitCode, VankhoError
from storage.home import Home, config_folder
from storage.settings import Settings, read_settings
from storage.walls import landlock
from storage.walls.claims import NOT_AGAINST_ROOT, NOTHING_CLAIMED, claims

__all__ = ["Finding", "State", "doctor", "examine"]


class State(StrEnum):
    """How grave a finding is."""

    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and what follows for the person."""

    check: str
    state: State
    message: str


def doctor(context: Context, arguments: Namespace) -> ExitCode:
    """Print each finding; exit 7 if the instance cannot work as it is."""
    findings = list(examine(context))
    for finding in findings:
        context.show(dict(asdict(finding)), f"{finding.state:<8} {finding.check:<12} {finding.message}")
    return ExitCode.NOT_REACHABLE if any(f.state is State.BROKEN for f in findings) else ExitCode.DONE


def examine(context: Context) -> Iterator[Finding]:
    """The machine first, then the instance if one is named."""
    yield from _machine(context)
    if context.root is None:
        yield Finding("instance", State.WARNING, context.say("chưa chỉ ra kho (--home)", "no instance named (--home)"))
        return
    home = Home(context.root)
    try:
        settings = read_settings(home)
    except VankhoError as error:
        yield Finding("instance", State.BROKEN, error.detail(context.lang))
        return
    yield from _instance(context, home, settings)


def _machine(context: Context) -> Iterator[Finding]:
    say = context.say
    yield Finding("python", State.OK, sys.version.split()[0])
    abi = landlock.abi()
    walls = [claim.sentence.text(context.lang) for claim in claims(abi)] or [NOTHING_CLAIMED.text(context.lang)]
    yield Finding("landlock", State.OK if abi >= 3 else State.WARNING, f"ABI {abi}. {' '.join(walls)} {NOT_AGAINST_ROOT.text(context.lang)}")
    locked = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    enough = locked == resource.RLIM_INFINITY or locked >= 1 << 20
    few = say("giới hạn bộ nhớ khóa dưới 1 MiB: khóa có thể bị ghi ra swap", "less than 1 MiB may be locked: keys could reach the swap")
    yield Finding("memlock", State.OK if enough else State.WARNING, f"{locked}" if enough else few)
    swap = Path("/proc/swaps").read_text("ascii").count("\n") > 1 if Path("/proc/swaps").exists() else False
    swapping = say("có swap: hãy mã hóa hoặc tắt swap", "swap is on: encrypt it or turn it off")
    yield Finding("swap", State.WARNING if swap else State.OK, swapping if swap else say("không có swap", "no swap"))


def _instance(context: Context, home: Home, settings: Settings) -> Iterator[Finding]:
    say = context.say
    yield Finding("instance", State.OK, f"{settings.instance}, {settings.office}, {settings.network_class}")
    yield _mode("home", home.root, 0o700, context)
    kek = home.kek(settings.instance)
    if not kek.is_file():
        yield Finding("kek", State.BROKEN, say(f"thiếu {kek}: không mở được gì", f"{kek} is missing: nothing opens"))
    else:
        yield _mode("kek", kek, 0o600, context)
    if config_folder().is_relative_to(home.root):
        inside = say("KEK nằm trong kho: sao chép kho là lấy được khóa", "the KEK lies inside the home: whoever copies the home has the key")
        yield Finding("kek-place", State.BROKEN, inside)
    recovery = default_recovery_path(home)
    if recovery.exists():
        left = say(f"khóa khôi phục vẫn còn ở {recovery}: hãy cất vào két", f"the recovery identity is still at {recovery}: take it to a safe")
        yield Finding("recovery", State.WARNING, left)
    yield from _closed_index(context, settings)
    free = shutil.disk_usage(home.root).free
    low = say("dưới 1 GiB trống", "less than 1 GiB free")
    yield Finding("disk", State.OK if free >= 1 << 30 else State.WARNING, f"{free >> 20} MiB" if free >= 1 << 30 else low)


def _closed_index(context: Context, settings: Settings) -> Iterator[Finding]:
    server = settings.servers.get("closed_index")
    if server is None:
        return
    from storage.index.elastic import is_guarded  # a library that speaks to a server is loaded where there is one

    say, hosts = context.say, ", ".join(name for name, _ in server.hosts)
    in_clear = say(
        f"văn bản của hồ sơ mật nằm ở dạng rõ trên đĩa của cụm Elasticsearch {hosts}: ai đọc được đĩa hoặc quản trị cụm đó là đọc được; "
        "hãy mã hóa các đĩa đó và chỉ cho tiến trình giữ khóa tới được cụm",
        f"the texts of secret records lie in clear on the disks of the Elasticsearch at {hosts}: whoever reads those disks or administers "
        "that cluster reads them; encrypt the disks, and let nobody but the keeper reach the cluster",
    )
    yield Finding("closed-index", State.WARNING, in_clear)
    try:
        guarded = is_guarded(server)
    except VankhoError as error:
        yield Finding("closed-index", State.BROKEN, error.detail(context.lang))
        return
    if not guarded:
        everyone = say("cụm này trả lời bất cứ ai, không hỏi mật khẩu: hãy bật bảo mật", "that cluster answers everybody: turn its security on")
        yield Finding("closed-index", State.BROKEN, everyone)


def default_recovery_path(home: Home) -> Path:
    """Where `init` writes the recovery identity when nothing else is said: beside the home."""
    return home.root.with_name(f"{home.root.name}.recovery")


def _mode(check: str, path: Path, wanted: int, context: Context) -> Finding:
    found = path.stat().st_mode & 0o777
    if found & ~wanted or path.stat().st_uid != os.geteuid():
        text = context.say(f"{path} mở cho người khác ({found:o}): chmod {wanted:o}", f"{path} is open to others ({found:o}): chmod {wanted:o}")
        return Finding(check, State.WARNING, text)
    return Finding(check, State.OK, f"{found:o}")
