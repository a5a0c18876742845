"""What can be done, and which role may do it."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["TWO_PERSONS", "Action", "Role", "actions_of"]


class Role(StrEnum):
    """What a person is here for. A person may have several."""

    ARCHIVIST = "archivist"
    REGISTRAR = "registrar"
    OFFICER = "officer"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Action(StrEnum):
    """An act that the rules decide on; the word stands in the audit log."""

    READ = "read"
    SEARCH = "search"
    SHOW = "show"
    EDIT = "edit"
    WITHDRAW = "withdraw"
    UNLOCK = "unlock"
    REREAD = "reread"
    REVIEW = "review"
    RECLASSIFY_UP = "reclassify-up"
    RECLASSIFY_DOWN = "reclassify-down"
    SHRED = "shred"
    GRANT = "grant"
    DEPOSIT = "deposit"
    RECEIPT = "receipt"
    MANAGE_PEOPLE = "manage-people"
    RAISE_CLEARANCE = "raise-clearance"
    MANAGE_SOURCES = "manage-sources"
    MANAGE_HOSTS = "manage-hosts"
    AUDIT_READ = "audit-read"
    AUDIT_CHECKPOINT = "audit-checkpoint"
    STATUS_FULL = "status-full"
    KEY_LIST = "key-list"
    CHECK = "check"
    REINDEX = "reindex"


TWO_PERSONS = frozenset({Action.RECLASSIFY_DOWN, Action.SHRED, Action.RAISE_CLEARANCE})
"""Acts that one person asks for and another confirms, each with her own key."""

_EVERY_READER = frozenset({Action.READ, Action.SEARCH, Action.SHOW, Action.DEPOSIT})
_REGISTRAR = _EVERY_READER | {Action.EDIT, Action.WITHDRAW, Action.UNLOCK, Action.REREAD, Action.RECLASSIFY_UP}

_ACTIONS = {
    Role.ARCHIVIST: _REGISTRAR | {Action.REVIEW, Action.RECLASSIFY_DOWN, Action.SHRED, Action.GRANT, Action.REINDEX},
    Role.REGISTRAR: _REGISTRAR,
    Role.OFFICER: _EVERY_READER,
    Role.AUDITOR: frozenset({Action.AUDIT_READ, Action.AUDIT_CHECKPOINT, Action.STATUS_FULL, Action.KEY_LIST, Action.CHECK}),
    # who decides about people reads neither records nor the log: nobody can give herself what she then hides
    Role.ADMINISTRATOR: frozenset(
        {
            Action.MANAGE_PEOPLE,
            Action.RAISE_CLEARANCE,
            Action.MANAGE_SOURCES,
            Action.MANAGE_HOSTS,
            Action.AUDIT_CHECKPOINT,
            Action.STATUS_FULL,
            Action.KEY_LIST,
            Action.CHECK,
            Action.REINDEX,
        }
    ),
}


def actions_of(role: Role) -> frozenset[Action]:
    """What a role may do, where the record allows it."""
    return _ACTIONS[role]
