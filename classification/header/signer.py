"""The signature block: authority, title and name. Source: Decree 30/2020 art. 13; 36-HD/VPTW."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from classification.document import cells
from classification.text import LOWER, UPPER, skeleton

__all__ = ["Signer", "signer_of"]

_AUTHORITY = re.compile(
    rf"(?:^|[;:,.] ?| )(?P<by>T[/.]?M|K[/.]?T|T[/.]?L|T[/.]?U[/.]?Q|Q)[./]{{1,2}} ?"
    rf"(?P<who>[{UPPER}]{{2,12}}(?: [{UPPER}]{{1,12}}){{0,8}})$"
)
_TITLE = re.compile(
    r"(?:pho |chanh |quyen )?(?:chu tich|bi thu|pho bi thu|chanh van phong|van phong|giam doc|bo truong|thu truong|truong ban|vien truong|chu nhiem|"
    r"thu tuong|tong bi thu|cuc truong|hieu truong|thong doc|truong phong|tong thanh tra|thanh tra|chanh an)(?: [a-z ]{2,40})?$"
)
_NAME = re.compile(rf"[{UPPER}][{LOWER}]{{0,7}}(?: [{UPPER}][{LOWER}]{{0,7}}){{1,4}}$")
_BLOCK = 30  # lines from the end


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed: by what authority (`TM. ỦY BAN NHÂN DÂN`), as what, and the name."""

    authority: str | None = None
    title: str | None = None
    name: str | None = None


def signer_of(lines: Sequence[str]) -> Signer:
    """The signer from the last lines of a document, both columns of the block possibly on one line; fields not found are None."""
    authority = title = name = None
    tail = [cell for line in lines[-_BLOCK:] for cell in cells(line[:300])]
    for cell in tail:
        if found := _AUTHORITY.search(cell):
            authority = authority or f"{found['by']}. {found['who']}" if "/" not in found["by"] else authority or f"{found['by']} {found['who']}"
            name = None
        elif (office := _office(cell)) is not None:
            title, name = office, None
        elif (authority or title) and _NAME.match(cell):
            name = cell
    return Signer(authority, title, name) if authority or name else Signer()


def _office(cell: str) -> str | None:
    """The title in capitals that ends this cell."""
    last = re.search(r"(?:[;:] ?|^)([^;:]{4,60})$", cell)
    return last[1].strip() if last and last[1].upper() == last[1] and _TITLE.match(skeleton(last[1].strip())) else None
