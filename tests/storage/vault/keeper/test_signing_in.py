"""Signing in with a password, as the keeper does it: who is let in, who waits, when it ends, and what is written down."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from storage.audit.rows import leaf_of, open_details
from storage.audit.verify import verify_log
from storage.catalog.audit_rows import AuditRow
from storage.catalog.facts import facts_at
from storage.catalog.names import PersonId
from storage.catalog.schema import metadata
from storage.catalog.states import AuditOutcome, FactKind
from storage.errors import KeeperUnreachable, NotAllowed, NotFound, PasswordRefused, SessionEnded, SignInRefused
from storage.vault.keeper import people, signing_in
from storage.vault.keeper.keeper import FIRST
from storage.vault.keeper.protocol import Ask, Json, Role
from storage.vault.keeper.serving import answer
from storage.vault.keyring import KeyKind
from tests.storage.vault.keeper.keeper_house import House

pytestmark = pytest.mark.servers

GOOD, OTHER, WRONG = "bốn con trâu ăn cỏ non", "năm con trâu ăn cỏ non", "sáu con trâu ăn cỏ non"
HERE = "10.0.0.7"


@pytest.fixture
def lan(house: House) -> dict[str, Json]:
    """An archivist with a password; what shows her key's session."""
    session = house.person("lan", "archivist")
    people.set_password(house.keeper, session | {"password": GOOD})
    return session


def signed_in(house: House, password: str = GOOD, name: str = "lan", address: str = HERE) -> dict[str, Json]:
    pass_time(house, milliseconds=1)  # no two acts at the same moment: the order of rows is that of their times
    return signing_in.sign_in_by_password(house.keeper, {"name": name, "password": password, "address": address})


def resumed(house: House, signed: dict[str, Json]) -> dict[str, Json]:
    return signing_in.resume(house.keeper, {"token": signed["token"]})


def refused(house: House, password: str = WRONG, name: str = "lan") -> None:
    with pytest.raises(SignInRefused):
        signed_in(house, password, name)


def four_failed(house: House, name: str = "lan") -> None:
    """As after four wrong tries, without their work."""
    for _ in range(4):
        assert house.keeper.sessions.attempts.begin(name, HERE, house.clock.now()) is None


def pass_time(house: House, **time: float) -> None:
    house.clock.set(house.clock.now() + timedelta(**time))


def details(house: House, row: AuditRow) -> dict[str, object]:
    leaf = leaf_of(row)
    assert leaf is not None
    opened = open_details(row, leaf, house.keeper.keyring.identity(KeyKind.AUDITORS, FIRST))
    assert opened is not None
    return dict(opened.content)


def everything_told(house: House) -> str:
    """All that stands in any column of any table."""
    with house.keeper.catalog.read() as connection:
        return "\n".join(repr(tuple(row)) for table in metadata.sorted_tables for row in connection.execute(sa.select(table)))


def test_name_and_password_open_a_session_that_the_browser_shows_and_the_log_tells_of(house: House, lan: dict[str, Json]) -> None:
    signed = signed_in(house)
    told = {name: value for name, value in signed.items() if name != "token"}
    assert (told["name"], len(str(signed["token"]))) == ("lan", 43)
    assert told["session"] != lan["session"]
    assert resumed(house, signed) == told
    row = house.rows()[-1]
    assert (row.action, row.outcome, row.right, row.person, row.session, row.address) == (
        "sign-in", AuditOutcome.DONE, "password", "lan", told["session"], HERE,
    )  # fmt: skip


def test_a_wrong_name_and_a_wrong_password_are_refused_alike_and_written_down_with_the_name_sealed(house: House, lan: dict[str, Json]) -> None:
    said = []
    for name, password in (("lan", WRONG), ("nobody-lan", GOOD), ("lan", ""), ("lan", "\ud800"), (lan_source(house), GOOD)):
        with pytest.raises(SignInRefused) as error:
            signed_in(house, password, name)
        said.append((error.value.code, error.value.facts, str(error.value)))
        row = house.rows()[-1]
        assert (row.action, row.outcome, row.right, row.address) == ("sign-in", AuditOutcome.DENIED, "password", HERE)
        assert (row.person, row.source) == (None, None)
        assert details(house, row)["tried"] == name
        assert "nobody-lan" not in row.leaf
    assert len(set(map(repr, said))) == 1


def lan_source(house: House) -> str:
    """The name of a source: it has no password, whatever is tried."""
    people.add_source(house.keeper, house.officer() | {"name": "scan-1", "office": "central", "token_sha256": "a" * 64})
    return "scan-1"


def test_after_five_wrong_tries_a_name_waits_but_not_who_is_in_or_shows_her_key(house: House, lan: dict[str, Json]) -> None:
    browser = signed_in(house)
    four_failed(house)
    refused(house)
    refused(house, GOOD)
    assert house.rows()[-1].right == "name-waits"
    assert resumed(house, browser)["name"] == "lan"
    people.set_password(house.keeper, lan | {"password": OTHER})
    pass_time(house, minutes=14, seconds=59)
    refused(house, OTHER)
    pass_time(house, seconds=1)
    assert signed_in(house, OTHER)["name"] == "lan"


def test_a_name_that_is_nobodys_waits_just_so(house: House, lan: dict[str, Json]) -> None:
    rights = []
    for name in ("lan", "ai đó"):
        four_failed(house, name)
        for _ in range(3):
            refused(house, WRONG, name)
        rights.append([row.right for row in house.rows()[-3:]])
    assert rights[0] == rights[1] == ["password", "name-waits", "name-waits"]


def test_a_keeper_that_was_started_anew_knows_who_waits_and_nobody_s_session(house: House, lan: dict[str, Json]) -> None:
    browser = signed_in(house)
    for _ in range(5):
        refused(house)
    house.start()
    refused(house, GOOD)
    assert house.rows()[-1].right == "name-waits"
    with pytest.raises(SessionEnded):
        resumed(house, browser)


def test_what_waits_is_counted_by_names_as_they_are_meant(house: House, lan: dict[str, Json]) -> None:
    four_failed(house)
    refused(house, WRONG, " lan ")
    refused(house, GOOD)


def test_a_session_ends_after_half_an_hour_of_silence_and_after_twelve_hours(house: House, lan: dict[str, Json]) -> None:
    silent, busy = signed_in(house), signed_in(house)
    for _ in range(24):  # 11 hours and 36 minutes
        pass_time(house, minutes=29)
        assert resumed(house, busy)["name"] == "lan"
    for gone in (silent, busy):
        pass_time(house, minutes=12)
        with pytest.raises(SessionEnded):
            resumed(house, gone)
    with pytest.raises(KeeperUnreachable):
        signing_in.session_end(house.keeper, {"session": busy["session"]})


def test_the_end_that_is_told_is_the_end(house: House, lan: dict[str, Json]) -> None:
    browser = signed_in(house)
    told = signing_in.session_end(house.keeper, {"session": browser["session"]})["expires"]
    assert told == (house.clock.now() + timedelta(minutes=30)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    pass_time(house, minutes=30, microseconds=-1)
    resumed(house, browser)
    pass_time(house, minutes=30)
    with pytest.raises(SessionEnded):
        resumed(house, browser)


def test_who_signs_out_is_out_and_only_there(house: House, lan: dict[str, Json]) -> None:
    left, kept = signed_in(house), signed_in(house)
    pass_time(house, milliseconds=1)
    signing_in.sign_out(house.keeper, {"session": left["session"], "address": HERE})
    assert (house.rows()[-1].action, house.rows()[-1].session) == ("sign-out", left["session"])
    with pytest.raises(SessionEnded):
        resumed(house, left)
    assert resumed(house, kept)["session"] == kept["session"]


def test_a_new_password_ends_the_old_one_and_every_session_of_a_browser(house: House, lan: dict[str, Json]) -> None:
    browsers = [signed_in(house), signed_in(house)]
    pass_time(house, seconds=1)
    people.set_password(house.keeper, lan | {"password": OTHER})
    row = house.rows()[-1]
    assert (row.action, row.person, row.right) == ("set-password", "lan", "self")
    for browser in browsers:
        with pytest.raises(KeeperUnreachable):
            signing_in.session_end(house.keeper, {"session": browser["session"]})
        with pytest.raises(SessionEnded):
            resumed(house, browser)
    with house.keeper.catalog.read() as connection:
        facts = facts_at(connection, PersonId(str(signed_in(house, OTHER)["person"])), house.clock.now())
    assert [fact.kind for fact in facts].count(FactKind.PASSWORD) == 1
    refused(house, GOOD)


def test_a_browser_changes_the_password_only_with_the_one_before(house: House, lan: dict[str, Json]) -> None:
    browser = {"session": signed_in(house)["session"], "address": HERE}
    for told in ({"current": None}, {"current": WRONG}, {"name": "lan"}):
        with pytest.raises(SignInRefused):
            people.set_password(house.keeper, browser | told | {"password": OTHER})
    people.set_password(house.keeper, browser | {"password": OTHER, "current": GOOD})
    assert signed_in(house, OTHER)["name"] == "lan"


def test_an_administrator_sets_anyones_and_nobody_else_does(house: House, lan: dict[str, Json]) -> None:
    browser, minh = signed_in(house), house.person("minh", "officer")
    with pytest.raises(NotAllowed):
        people.set_password(house.keeper, minh | {"name": "lan", "password": OTHER})
    assert resumed(house, browser)["name"] == "lan"
    people.set_password(house.keeper, house.officer() | {"name": "lan", "password": OTHER})
    row = house.rows()[-1]
    assert (row.action, row.outcome) == ("manage-people", AuditOutcome.DONE)
    assert details(house, row)["password_of"] == "lan"
    with pytest.raises(SessionEnded):
        resumed(house, browser)
    assert signed_in(house, OTHER)["name"] == "lan"
    for name in ("nobody", lan_source(house)):
        with pytest.raises(NotFound):
            people.set_password(house.keeper, house.officer() | {"name": name, "password": OTHER})


def test_a_password_that_is_guessed_first_changes_nothing(house: House, lan: dict[str, Json]) -> None:
    rows = len(house.rows())
    for bad in ("matkhau123456", "lan lan lan lan", "ngắn"):
        with pytest.raises(PasswordRefused):
            people.set_password(house.keeper, lan | {"password": bad})
    assert len(house.rows()) == rows
    assert signed_in(house)["name"] == "lan"


def test_who_is_shut_out_is_out_at_once_and_stays_out(house: House, lan: dict[str, Json]) -> None:
    browser = signed_in(house)
    people.disable_person(house.keeper, house.officer() | {"name": "lan"})
    with pytest.raises(SessionEnded):
        resumed(house, browser)
    with pytest.raises(KeeperUnreachable):
        signing_in.session_end(house.keeper, {"session": browser["session"]})
    refused(house, GOOD)
    with pytest.raises(NotFound):
        people.set_password(house.keeper, house.officer() | {"name": "lan", "password": OTHER})


def test_a_fact_that_ends_otherwise_ends_the_session_too(house: House, lan: dict[str, Json]) -> None:
    """Whatever ended it: each time a browser asks the facts are looked at, not the memory of a sign-in."""
    browser = signed_in(house)
    house.tamper("UPDATE person_fact SET valid_to = valid_from WHERE kind = 'PASSWORD'")
    with pytest.raises(SessionEnded):
        resumed(house, browser)


def test_an_eleventh_browser_ends_the_one_that_was_silent_longest(house: House, lan: dict[str, Json]) -> None:
    sessions, browsers = house.keeper.sessions, [signed_in(house)]
    credential = sessions.of(str(browsers[0]["session"])).credential
    for _ in range(10):
        pass_time(house, seconds=1)
        session, token = sessions.open_browser(credential)
        browsers.append({"session": session.handle, "token": token})
    with pytest.raises(SessionEnded):
        resumed(house, browsers[0])
    assert [resumed(house, browser)["session"] for browser in browsers[1:]] == [browser["session"] for browser in browsers[1:]]


def test_neither_password_nor_token_stands_in_any_row_or_answer(house: House, lan: dict[str, Json], capfd: pytest.CaptureFixture[str]) -> None:
    browser = signed_in(house)
    refused(house, WRONG)
    people.set_password(house.keeper, lan | {"password": OTHER})
    for ask in (Ask("set_password", dict(lan)), Ask("sign_in_by_password", {"password": WRONG})):
        assert answer(house.keeper, Role.API, ask).error is not None, "not understood: and the event says no more than that"
    listed = repr(people.list_people(house.keeper, house.officer()))
    told = everything_told(house) + listed + "".join(str(details(house, row)) for row in house.rows()) + capfd.readouterr().err
    assert "$argon2id$v=19$" in told, "the rows were looked at"
    assert "argon2id" not in listed
    for secret in (GOOD, OTHER, WRONG, str(browser["token"])):
        assert secret not in told
    for value in vars(house.keeper.sessions).values():
        assert str(browser["token"]) not in repr(value)


def test_the_log_with_sign_ins_in_it_verifies(house: House, lan: dict[str, Json]) -> None:
    signed_in(house)
    refused(house)
    house.keeper.sequencer.sequence()
    assert verify_log(house.audit, house.keeper.sequencer.verifier, []).first_bad is None
