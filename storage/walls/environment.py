"""The environment of a child process: what it inherits by name, and what its start adds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

__all__ = ["INHERITED", "PARENT", "clean_env"]

INHERITED: Final[Mapping[str, str]] = {
    "HOME": "the account's folder; the default place of what follows",
    "LANG": "locale of messages of the system",
    "PATH": "where programs are found",
    "TMPDIR": "folder for temporary files; inside walls it is the `tmp` of the instance",
    "TZ": "zone of the system's own clock; Vankho shows Asia/Ho_Chi_Minh whatever it says",
    "VANKHO_FAILPOINT": "tests: the named step at which the process stops",
    "VANKHO_HOME": "the instance's folder",
    "XDG_CONFIG_HOME": "folder that holds the KEK and the local officer's key",
}
"""Name and meaning of what a child gets from its parent; LC_* come with LANG. The rest, tokens and key files of a person, stays behind."""

PARENT: Final = "VANKHO_PARENT"
"""Set by `children.start` alone: `<pid of the parent>:<descriptor of the pipe whose write end the parent holds>`."""


def clean_env(source: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What of `source` a child may have: the names in INHERITED and LC_*."""
    return {name: value for name, value in source.items() if name in INHERITED or name.startswith("LC_")}
