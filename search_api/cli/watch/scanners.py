"""The scanners that `watch` serves: one at the folder itself, or those that a file of profiles names, each with a subfolder and a key."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.types import StringConstraints

from ingest.hot_folder.folder import Names
from ingest.hot_folder.names import TEMPORARY
from ingest.hot_folder.readiness import Patience
from search_api.cli.files import source_of
from storage.errors import InvalidInput

__all__ = ["Scanner", "read_scanners"]

_NAMES, _PATIENCE = Names(), Patience()
_Folder = Annotated[str, StringConstraints(pattern=r"^[^/\x00.][^/\x00]*$", max_length=200)]
_Seconds = Annotated[float, Field(ge=0.05, le=86_400)]


@dataclass(frozen=True, slots=True)
class Scanner:
    """A scanner. folder: its folder, None for the watched one itself. key: its key file, None for the command's. batch: what its batches are called.

    poll: seconds between two looks.
    """

    name: str
    folder: str | None = None
    key: Path | None = None
    batch: str | None = None
    poll: float = 2.0
    names: Names = _NAMES
    patience: Patience = _PATIENCE


class _Profile(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    folder: _Folder | None = None
    key: str | None = None
    batch: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    poll: _Seconds = 2.0
    polls: Annotated[int, Field(ge=1, le=1000)] = _PATIENCE.polls
    quiet: _Seconds = _PATIENCE.quiet
    deadline: _Seconds = _PATIENCE.deadline
    done: _Folder = _NAMES.done
    failed: _Folder = _NAMES.failed
    marker: Annotated[str, StringConstraints(pattern=r"^\.[^/\x00]+$", max_length=20)] = _NAMES.marker
    temporary: list[str] = list(TEMPORARY)


_PROFILES = TypeAdapter(dict[_Folder, _Profile])


def read_scanners(root: Path, profiles: Path | None) -> tuple[Scanner, ...]:
    """The scanners of a file of profiles, one a table; without a file the one whose folder is the watched one itself, `root`.

    The file is named by the person, never looked for in the folder: whoever may drop files there must not choose keys and folders.
    Raises FileUnusable, and InvalidInput, which names the key, for a file that is not as it should be.
    """
    if profiles is None:
        return (Scanner(os.fsencode(root.name).decode("utf-8", "replace")),)
    try:
        with source_of(profiles) as file:
            found = _PROFILES.validate_python(tomllib.load(file))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(what=f"{profiles} cannot be read: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InvalidInput(what=f"{profiles}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    scanners = tuple(_scanner(name, profile, profiles.absolute().parent) for name, profile in found.items())
    folders = [scanner.folder for scanner in scanners]
    if not scanners or len(folders) != len(set(folders)):
        raise InvalidInput(what=f"{profiles} names one table a scanner, each with a folder of its own.")
    return scanners


def _scanner(name: str, profile: _Profile, beside: Path) -> Scanner:
    names = Names(profile.done, profile.failed, profile.marker, tuple(profile.temporary))
    if names.done == names.failed:
        raise InvalidInput(what=f"{name}: done and failed must be two folders.")
    key = None if profile.key is None else beside / profile.key
    patience = Patience(profile.polls, profile.quiet, profile.deadline)
    return Scanner(name, profile.folder or name, key, profile.batch, profile.poll, names, patience)
