"""The worker too asks for open indexes to be built anew: those that it finds gone.

Revision 0006. No table changes: what each role may do is given out again after every revision (`privileges.grant`).
"""

from __future__ import annotations

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Nothing but what comes after."""
