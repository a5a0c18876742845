"""What the databases say each in their own words: triggers. Everything else is SQLAlchemy Core."""

from __future__ import annotations

__all__ = ["close_with", "refuse_change", "refuse_delete"]

_REFUSE = (  # restrict_violation: one of the integrity errors, as SQLite's is
    "CREATE OR REPLACE FUNCTION vankho_refuse() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS "
    "$$ BEGIN RAISE EXCEPTION USING ERRCODE = 'restrict_violation', MESSAGE = TG_NAME; END $$"
)


def refuse_delete(dialect: str, table: str) -> list[str]:
    """Statements after which no row of `table` can be deleted. dialect: `sqlite` or `postgresql`."""
    name = f"{table}_is_kept"
    statements = _refuse(dialect, name, f"BEFORE DELETE ON {table} FOR EACH ROW")
    if dialect == "postgresql":  # where a table can be emptied without its rows being asked
        statements.append(f"CREATE TRIGGER {name}_whole BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION vankho_refuse()")
    return statements


def refuse_change(dialect: str, table: str, columns: tuple[str, ...], when: str = "") -> list[str]:
    """Statements after which no UPDATE may set `columns` of `table`, or not where `when` (over OLD and NEW) holds."""
    condition = f" WHEN ({when})" if when else ""
    event = f"BEFORE UPDATE OF {', '.join(columns)} ON {table} FOR EACH ROW{condition}"
    return _refuse(dialect, f"{table}_{columns[0]}_is_fixed", event)


def close_with(dialect: str, table: str, columns: tuple[str, ...], when: str, deletions: tuple[str, ...]) -> list[str]:
    """Statements after which an UPDATE of `columns` carries out `deletions` (over NEW) where `when` (over OLD and NEW) holds, whoever updates."""
    event = f"CREATE TRIGGER {table}_closes AFTER UPDATE OF {', '.join(columns)} ON {table} FOR EACH ROW WHEN ({when})"
    body = " ".join(f"{deletion};" for deletion in deletions)
    if dialect == "sqlite":
        return [f"{event} BEGIN {body} END"]
    function = (  # in the owner's name: who may not see a row must still be able to have it gone
        f"CREATE FUNCTION vankho_{table}_closes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS "
        f"$$ BEGIN {body} RETURN NULL; END $$"
    )
    return [function, f"{event} EXECUTE FUNCTION vankho_{table}_closes()"]


def _refuse(dialect: str, name: str, event: str) -> list[str]:
    if dialect == "sqlite":
        return [f"CREATE TRIGGER {name} {event} BEGIN SELECT RAISE(ABORT, '{name}'); END"]
    return [_REFUSE, f"CREATE TRIGGER {name} {event} EXECUTE FUNCTION vankho_refuse()"]
