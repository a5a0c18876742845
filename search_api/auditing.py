"""Questions to the audit log. The keeper decides whether they are answered, and that they were asked stands in the log as well."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from search_api.callers import Caller
from storage.archive import Archive
from storage.clock import LOCAL
from storage.errors import InvalidInput
from storage.vault.keeper.protocol import Json

__all__ = ["acts", "asked_of_keeper", "verdict"]


def acts(
    archive: Archive, caller: Caller, wanted: Mapping[str, Json], period: tuple[str | None, str | None], limit: int, after: str | None
) -> dict[str, Json]:
    """A page of acts, newest first: `entries`, and `next`, where the next page begins. wanted: record, person, office, action, outcome.

    period: moments or days; a day counts whole, both ends included. Raises NotAllowed, InvalidInput, KeeperUnreachable.
    """
    since, until = period
    first, last = _moment(since, whole_day=False), _moment(until, whole_day=True)
    return asked_of_keeper(archive, caller, "audit_query", **wanted, since=first, until=last, limit=limit, after=after)


def verdict(archive: Archive, caller: Caller) -> dict[str, Json]:
    """The judgement on the whole log: ok, size, root, pending, first_bad. Raises NotAllowed, KeeperUnreachable."""
    answer = asked_of_keeper(archive, caller, "audit_verify")
    while "run" in answer:  # the keeper answers within seconds, and is asked again until it is done
        answer = asked_of_keeper(archive, caller, "audit_verify", run=answer["run"])
    return answer


def asked_of_keeper(archive: Archive, caller: Caller, duty: str, **values: Json) -> dict[str, Json]:
    """The keeper's answer to a duty on the log, asked in the caller's name."""
    return archive.keeper.ask(duty, session=caller.session, address=caller.actor.address, **values)


def _moment(text: str | None, *, whole_day: bool) -> str | None:
    """A moment as RFC 3339; a day or a time without zone is the office's own. whole_day: of a day its end is meant."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
        is_day = len(text) == len("2026-12-31") and date.fromisoformat(text) is not None
    except ValueError:
        raise InvalidInput(what="A time is written as 2026-12-31 or 2026-12-31T08:00:00+07:00.") from None
    if at.tzinfo is None:
        at = at.replace(tzinfo=LOCAL)
    return (at + timedelta(days=1) if whole_day and is_day else at).isoformat()
