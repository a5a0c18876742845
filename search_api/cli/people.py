"""`user ...`, `grant ...`, `source ...`: who may do what. A token is made here; the archive learns its hash alone."""

from __future__ import annotations

import re
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time
from getpass import getpass
from pathlib import Path

from search_api.cli.answers import inner, rows, told, words
from search_api.cli.context import Context
from search_api.cli.files import password_of
from search_api.cli.session import connected
from search_api.client import segment
from storage.clock import LOCAL
from storage.durable import write_new
from storage.errors import ExitCode, FileUnusable, InvalidInput
from storage.vault.tokens import new_token, token_hash

__all__ = ["grant_add", "grant_revoke", "source_add", "user_add", "user_disable", "user_list", "user_password"]

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def user_add(context: Context, arguments: Namespace) -> ExitCode:
    """Add a person; her key file is hers to be given, by hand."""
    key_file, name = Path(arguments.key_out), str(arguments.name)
    with connected(context) as client, _fresh_key(key_file) as token_sha256:
        content = {
            "name": name,
            "office": arguments.office,
            "roles": arguments.role,
            "clearance": arguments.clearance or "NON_CONFIDENTIAL",
            "compartments": arguments.compartment or [],
            "token_sha256": token_sha256,
        }
        added = client.json("POST", "people", content=content)
    context.show(
        added, context.say(f"Đã thêm {name}. Hãy trao tận tay tệp khóa {key_file}.", f"Added {name}. Hand over the key file {key_file} in person.")
    )
    return ExitCode.DONE


def user_list(context: Context, arguments: Namespace) -> ExitCode:
    """Each person on a line, with what holds of her now."""
    with connected(context) as client:
        for person in rows(client.json("GET", "people"), "people"):
            facts = inner(person, "facts")
            known = (f"{kind}: {words(facts, kind)}" if words(facts, kind) else kind for kind in sorted(facts))
            context.show(person, f"{told(person, 'name'):<20} {'; '.join(known)}")
    return ExitCode.DONE


def user_disable(context: Context, arguments: Namespace) -> ExitCode:
    """Shut a person or a source out, at once."""
    with connected(context) as client:
        done = client.json("POST", f"people/{segment(arguments.name)}/disabling")
    context.show(done, context.say(f"Đã khóa tài khoản {arguments.name}.", f"{arguments.name} is shut out."))
    return ExitCode.DONE


def user_password(context: Context, arguments: Namespace) -> ExitCode:
    """Set a password; whoever signed in with the one before is signed out."""
    with connected(context) as client:
        own = told(client.json("GET", "sessions/current"), "name")
        name = arguments.name or own
        password = password_of(Path(arguments.password_file)) if arguments.password_file else _typed(context, name)
        target = "password" if name == own else f"people/{segment(name)}/password"
        done = client.json("PUT", target, content={"password": password})
    context.show(done, context.say(f"Đã đặt mật khẩu cho {name}.", f"The password of {name} is set."))
    return ExitCode.DONE


def grant_add(context: Context, arguments: Namespace) -> ExitCode:
    """Let a person know of one record, or of one case, until a moment."""
    if (arguments.record is None) == (arguments.case is None):
        vi = "Hãy chỉ ra --record ID hoặc --case ID, chỉ một trong hai."
        raise InvalidInput(what=context.say(vi, "Name --record ID or --case ID, one of them."))
    content = {
        "person": arguments.name,
        "record": arguments.record,
        "case": arguments.case,
        "until": _moment(context, arguments.until),
        "reason": arguments.reason,
    }
    with connected(context) as client:
        given = client.json("POST", "grants", content=content)
    grant = told(given, "grant")
    context.show(given, context.say(f"Đã cấp quyền {grant} cho {arguments.name}.", f"Grant {grant} is given to {arguments.name}."))
    return ExitCode.DONE


def grant_revoke(context: Context, arguments: Namespace) -> ExitCode:
    """End a grant, at once."""
    with connected(context) as client:
        done = client.json("DELETE", f"grants/{segment(arguments.id)}")
    context.show(done, context.say(f"Đã thu hồi quyền {arguments.id}.", f"Grant {arguments.id} is revoked."))
    return ExitCode.DONE


def source_add(context: Context, arguments: Namespace) -> ExitCode:
    """Add a scanner or another machine that deposits."""
    key_file, name = Path(arguments.key_out), str(arguments.name)
    with connected(context) as client, _fresh_key(key_file) as token_sha256:
        added = client.json("POST", "sources", content={"name": name, "office": arguments.office, "token_sha256": token_sha256})
    context.show(added, context.say(f"Đã thêm nguồn {name}; khóa của nguồn: {key_file}.", f"Added the source {name}; its key: {key_file}."))
    return ExitCode.DONE


@contextmanager
def _fresh_key(path: Path) -> Iterator[str]:
    """The hash of a token that stands in a key file before anyone is told of it; the file goes again if it is refused.

    Raises TargetExists, FileUnusable.
    """
    token = new_token()
    try:
        write_new(path, f"{token}\n".encode())
    except OSError as error:
        raise FileUnusable(path=str(path), why=error.strerror or "?") from error
    try:
        yield token_hash(token)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _typed(context: Context, name: str) -> str:
    """A password as typed twice at the terminal, unseen. Raises InvalidInput where there is no terminal, or the two differ."""
    if not sys.stdin.isatty():
        vi = "Không có cửa sổ dòng lệnh để hỏi mật khẩu: hãy dùng --password-file FILE."
        raise InvalidInput(what=context.say(vi, "There is no terminal to ask at: use --password-file FILE."))
    first = getpass(context.say(f"Mật khẩu mới của {name}: ", f"New password of {name}: "))
    if first != getpass(context.say("Nhập lại mật khẩu: ", "Once more: ")):
        raise InvalidInput(what=context.say("Hai lần nhập không giống nhau.", "The two are not the same."))
    return first


def _moment(context: Context, text: str) -> str:
    """A moment as RFC 3339; a day means its end in the archive's own zone."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is not None and _DAY.fullmatch(text):
        return datetime.combine(at, time.max, LOCAL).isoformat()
    if at is None or at.tzinfo is None:
        form = "2026-12-31, 2026-12-31T17:00:00+07:00"
        raise InvalidInput(what=context.say(f"Thời điểm phải có dạng {form}.", f"A moment is written like {form}."))
    return at.isoformat()
