"""Duties on people: the keeper alone writes who she is and what she may do, after its own decision, with the act in the log."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

import sqlalchemy as sa

from classification.levels import Compartment, Level
from storage.access import Action, Role, decide
from storage.catalog import people
from storage.catalog.audit_rows import add_audit_row
from storage.catalog.facts import NewFact, add_fact, end_fact, facts_at
from storage.catalog.names import OfficeId, SourceId
from storage.catalog.offices import office_of
from storage.catalog.record_facts import facts_of
from storage.catalog.states import FactKind
from storage.errors import InvalidInput, NotFound
from storage.vault.keeper.acting import deed_of, who_of
from storage.vault.keeper.enrolment import Enrolment, enrol
from storage.vault.keeper.keeper import Keeper
from storage.vault.keeper.passwords import Password
from storage.vault.keeper.protocol import Json
from storage.vault.keeper.signing_in import pepper_of, require_password

__all__ = ["add_person", "add_source", "disable_person", "enrol", "grant", "list_people", "revoke_grant", "set_password"]

_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,100}")
_E = TypeVar("_E", bound=StrEnum)
_HASH = re.compile(r"[0-9a-f]{64}")
_SET_PASSWORD = "set-password"  # noqa: S105


def add_person(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """A new person. name, office, roles, clearance, compartments, token_sha256 (hex). Answer: person."""
    name, token = _name(values["name"]), _hash(values["token_sha256"])
    office, clearance = OfficeId(str(values["office"])), _level(values["clearance"])
    roles = [_word(Role, role) for role in _list(values["roles"])]
    compartments = [_word(Compartment, compartment) for compartment in _list(values["compartments"])]
    details: dict[str, Json] = {"to": name, "office": office, "roles": [*roles], "clearance": clearance.name, "compartments": [*compartments]}
    with deed_of(keeper, values, Action.MANAGE_PEOPLE, details) as deed:
        _require_office(deed.connection, office)
        if clearance > keeper.settings.network_class.highest_level:
            raise InvalidInput(what="No clearance may be higher than the levels that this instance may hold.")
        new = Enrolment(name, office, tuple(roles), clearance, tuple(compartments), token)
        person = enrol(deed.connection, keeper.ids, new, keeper.clock.now(), deed.act)
    return {"person": person}


def disable_person(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """Shut a person (or source) of this name out from now on. Raises NotFound where there is none that is not shut out."""
    name, now = str(values["name"]), keeper.clock.now()
    with deed_of(keeper, values, Action.MANAGE_PEOPLE, {"disabled": name}) as deed:
        person = people.person_by_name(deed.connection, name)
        if person is None:
            people.disable_source(deed.connection, name, now)
        elif any(fact.kind is FactKind.DISABLED for fact in facts_at(deed.connection, person.id, now)):
            raise NotFound
        else:
            add_fact(deed.connection, keeper.ids, NewFact(person.id, FactKind.DISABLED, "", now), deed.act)
    if person is not None:
        keeper.sessions.end(lambda session: session.credential.person.id == person.id)
    return {}


def set_password(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """A password for the person of this name (null: for herself) in the place of the one that she had; whoever signed in with that is out.

    name, password. current: hers until now, which a browser has to ask her for: it may stand open without her.
    Raises NotAllowed for another's without the right, NotFound where there is no such person, PasswordRefused; SignInRefused, TooManySignIns.
    """
    session, now = keeper.sessions.of(str(values["session"])), keeper.clock.now()
    own = session.credential.person.name
    name = own if values.get("name") is None else unicodedata.normalize("NFC", str(values["name"]))
    password, current = Password(str(values.pop("password"))), Password(str(values.pop("current", None) or ""))
    if name == own and session.shown is not None:
        require_password(keeper, name, current, _text(values.get("address")))
    password.require_good(name)
    phc = pepper_of(keeper).hash(password, keeper.ids.salt(f"password/{name}/{now.isoformat()}"))
    with _own_act(keeper, values) if name == own else _act_for(keeper, values, name) as (connection, act):
        person = people.person_by_name(connection, name)
        held = () if person is None else facts_at(connection, person.id, now)
        if person is None or any(fact.kind is FactKind.DISABLED for fact in held):
            raise NotFound
        for fact in held:
            if fact.kind is FactKind.PASSWORD:
                end_fact(connection, keeper.ids, fact.id, now, act, None)
        add_fact(connection, keeper.ids, NewFact(person.id, FactKind.PASSWORD, phc, now), act)
    keeper.sessions.end(lambda one: one.shown is not None and one.credential.person.id == person.id)
    return {}


@contextmanager
def _own_act(keeper: Keeper, values: dict[str, Json]) -> Iterator[tuple[sa.Connection, str]]:
    """What everyone may do for herself: a transaction, and the id of its audit row."""
    with keeper.catalog.write() as connection:
        _, actor = who_of(keeper, values, connection)
        yield connection, add_audit_row(connection, keeper.scribe.row(actor, _SET_PASSWORD, right="self"))


@contextmanager
def _act_for(keeper: Keeper, values: dict[str, Json], name: str) -> Iterator[tuple[sa.Connection, str]]:
    with deed_of(keeper, values, Action.MANAGE_PEOPLE, {"password_of": name}) as deed:
        yield deed.connection, deed.act


def grant(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """Let a person know of one record or case until a moment. person (name), record or case, until (RFC 3339), reason. Answer: grant."""
    until = datetime.fromisoformat(str(values["until"]))
    now = keeper.clock.now()
    if until.tzinfo is None or until <= now:
        raise InvalidInput(what="A grant ends in the future: give a later date.")
    record, case = _text(values.get("record")), _text(values.get("case"))
    if (record is None) == (case is None):
        raise InvalidInput(what="A grant is for a record or for a case: name one of them.")
    with deed_of(keeper, values, Action.GRANT, {"to": str(values["person"]), "case": case}, record) as deed:
        person = people.person_by_name(deed.connection, str(values["person"]))
        if person is None:
            raise InvalidInput(what="There is no person of this name.")
        kind, value = (FactKind.GRANT_RECORD, record) if record is not None else (FactKind.GRANT_CASE, case)
        new = NewFact(person.id, kind, str(value), now, until, str(values["reason"]))
        fact = add_fact(deed.connection, keeper.ids, new, deed.act)
    return {"grant": fact.id}


def revoke_grant(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """End a grant now. grant: its id. Raises NotFound where there is none, or it ended."""
    with deed_of(keeper, values, Action.GRANT, {"revoked": str(values["grant"])}) as deed:
        ended = end_fact(deed.connection, keeper.ids, str(values["grant"]), keeper.clock.now(), deed.act, None)
        if ended.kind not in (FactKind.GRANT_RECORD, FactKind.GRANT_CASE):
            raise NotFound
        if ended.kind is FactKind.GRANT_RECORD and not decide(deed.subject, Action.GRANT, facts_of(deed.connection, ended.value)).allowed:
            raise NotFound
    return {}


def add_source(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """A scanner or another machine that deposits for an office. name, office, token_sha256 (hex). Answer: source."""
    name, token = _name(values["name"]), _hash(values["token_sha256"])
    office = OfficeId(str(values["office"]))
    with deed_of(keeper, values, Action.MANAGE_SOURCES, {"to": name, "office": office}) as deed:
        _require_office(deed.connection, office)
        source = people.Source(SourceId(keeper.ids.new(f"source/{name}")), name, office)
        people.add_source(deed.connection, source, token, keeper.clock.now())
    return {"source": source.id}


def list_people(keeper: Keeper, values: dict[str, Json]) -> dict[str, Json]:
    """Every person with what holds of her now. Grants on records that the asking person may not see are left out: their ids would tell of these."""
    now = keeper.clock.now()
    with deed_of(keeper, values, Action.MANAGE_PEOPLE, {}) as deed:
        listed: list[Json] = []
        for person in people.all_people(deed.connection):
            held: dict[str, list[str]] = {}
            for fact in facts_at(deed.connection, person.id, now):
                if fact.kind is FactKind.GRANT_RECORD:
                    told = decide(deed.subject, Action.SHOW, facts_of(deed.connection, fact.value)).allowed
                else:
                    told = fact.kind not in (FactKind.CREDENTIAL, FactKind.PASSWORD)
                if told:
                    held.setdefault(fact.kind.value.lower(), []).append(fact.value)
            listed.append({"person": person.id, "name": person.name, "facts": {kind: [*values] for kind, values in held.items()}})
    return {"people": listed}


def _require_office(connection: sa.Connection, office: OfficeId) -> None:
    if office_of(connection, office) is None:
        raise InvalidInput(what=f"There is no office {office:.63}.")


def _name(value: Json) -> str:
    name = unicodedata.normalize("NFC", str(value).strip())
    if not _NAME.fullmatch(name):
        raise InvalidInput(what="A name has 1 to 100 characters and no control characters.")
    return name


def _hash(value: Json) -> str:
    if not _HASH.fullmatch(str(value)):
        raise InvalidInput(what="token_sha256 is a SHA-256 in lower-case hex.")
    return str(value)


def _word(kind: type[_E], value: Json) -> _E:
    """One of a closed set. Raises InvalidInput, which names the set."""
    try:
        return kind(str(value))
    except ValueError:
        raise InvalidInput(what=f"{value!s:.40} is none of {', '.join(kind)}.") from None


def _level(value: Json) -> Level:
    if str(value) not in Level.__members__:
        raise InvalidInput(what=f"{value!s:.40} is none of {', '.join(Level.__members__)}.")
    return Level[str(value)]


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _text(value: Json) -> str | None:
    return None if value is None else str(value)
