"""The keeper's loop: a thread for each rendezvous, a thread for each connection, one duty after another."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping

import structlog

from storage.access import Action
from storage.errors import HostRefused, InvalidInput, NotFound, VankhoError
from storage.vault.keeper import hosts
from storage.vault.keeper.duties import DUTIES
from storage.vault.keeper.keeper import Keeper
from storage.vault.keeper.protocol import Answer, Ask, Role, meet, read_frame, write_frame

__all__ = ["answer", "serve"]

_ADMIT = "admit"

log = structlog.get_logger("keeper")


def serve(keeper: Keeper, rendezvous: Mapping[Role, socket.socket]) -> None:
    """Answer every role until the last holder of the last rendezvous is gone."""
    doors = [threading.Thread(target=_door, args=(keeper, role, end), name=f"door-{role}", daemon=True) for role, end in rendezvous.items()]
    for door in doors:
        door.start()
    for door in doors:
        door.join()


def _door(keeper: Keeper, role: Role, end: socket.socket) -> None:
    while (connection := meet(end)) is not None:
        threading.Thread(target=_converse, args=(keeper, role, connection), name=f"{role}", daemon=True).start()


def _converse(keeper: Keeper, role: Role, connection: socket.socket) -> None:
    with connection:
        try:
            while isinstance(ask := read_frame(connection), Ask):
                if role is Role.GATE and ask.duty == _ADMIT:
                    _speak_for_a_host(keeper, connection, ask)
                    return
                write_frame(connection, answer(keeper, role, ask))
        except (OSError, ValueError) as error:
            log.warning("conversation ended", role=role, error=type(error).__name__)


def _speak_for_a_host(keeper: Keeper, connection: socket.socket, asked: Ask) -> None:
    """The rest of a connection of the gate's, once the keeper has admitted the host that it is for: what a worker may ask, and no more."""
    try:
        host = hosts.admit(keeper, asked.values, connection)
    except VankhoError as error:
        write_frame(connection, Answer({}, error))
        return
    except KeyError:
        write_frame(connection, Answer({}, HostRefused()))
        return
    try:
        write_frame(connection, Answer({"host": host}))
        while isinstance(ask := read_frame(connection), Ask):
            write_frame(connection, answer(keeper, Role.HOST, Ask(ask.duty, ask.values | {"host": host})))
    finally:
        keeper.admissions.leave(host, connection)


def answer(keeper: Keeper, role: Role, ask: Ask) -> Answer:
    """What the keeper answers to one question of a role."""
    duty = DUTIES[role].get(ask.duty)
    if duty is None:
        log.warning("duty refused", role=role, duty=ask.duty[:40])
        return Answer({}, NotFound())
    try:
        if not _is_for_judging(ask):
            keeper.sequencer.require_sound()
        return Answer(duty(keeper, ask.values))
    except VankhoError as error:
        return Answer({}, error)
    except (KeyError, TypeError, ValueError) as error:
        # The values were not those of the duty: the asking side is of another version, or is not what it was.
        log.warning("duty not understood", role=role, duty=ask.duty, error=type(error).__name__)
        return Answer({}, InvalidInput(what="The request to the keeper was not understood."))


def _is_for_judging(ask: Ask) -> bool:
    """What is left when acts can no longer be logged: starting, and an auditor who comes to see what is wrong."""
    return ask.duty in ("handover", "audit_verify") or (ask.duty in ("sign_in", "resume") and ask.values.get("act") == Action.AUDIT_READ)
