"""What the databases say each in their own words: triggers. Everything else is SQLAlchemy Core."""

from __future__ import annotations

__all__ = ["refuse_change", "refuse_delete"]

_POSTGRESQL_FUNCTION = (
    "CREATE OR REPLACE FUNCTION vankho_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION '% of % is refused', TG_OP, TG_TABLE_NAME; END $$"
)


def refuse_delete(dialect: str, table: str) -> list[str]:
    """Statements after which no row of `table` can be deleted. dialect: `sqlite` or `postgresql`."""
    return _trigger(dialect, f"{table}_is_kept", f"BEFORE DELETE ON {table}", "")


def refuse_change(dialect: str, table: str, columns: tuple[str, ...], when: str = "") -> list[str]:
    """Statements after which no UPDATE may set `columns` of `table`, or not where `when` (over OLD and NEW) holds."""
    name = f"{table}_{columns[0]}_is_fixed"
    return _trigger(dialect, name, f"BEFORE UPDATE OF {', '.join(columns)} ON {table}", when)


def _trigger(dialect: str, name: str, event: str, when: str) -> list[str]:
    condition = f" WHEN ({when})" if when else ""
    if dialect == "sqlite":
        return [f"CREATE TRIGGER {name} {event} FOR EACH ROW{condition} BEGIN SELECT RAISE(ABORT, '{name}'); END"]
    return [_POSTGRESQL_FUNCTION, f"CREATE TRIGGER {name} {event} FOR EACH ROW{condition} EXECUTE FUNCTION vankho_refuse()"]
