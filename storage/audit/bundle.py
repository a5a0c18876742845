"""The log as a folder to give away: checkpoint, tiles, entries and key, verified without anything else."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from storage.audit.log import CHECKPOINT, TileLog
from storage.audit.merkle import TreeHead
from storage.audit.note import VerifierKey
from storage.audit.tiles import layout
from storage.audit.verify import Bad, Damage, Verdict, verify_log
from storage.errors import LogDamaged, NoteDamaged, TargetExists

__all__ = ["KEYS", "export", "read_keys", "verify_bundle"]

KEYS = "keys.pub"


def export(log: TileLog, target: Path) -> None:
    """Write the log as its checkpoint has it into `target`, the checkpoint last: a copy cut short is no bundle.

    Raises TargetExists if `target` is there and not an empty folder; LogDamaged if a file of the log is missing.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise TargetExists(path=str(target))
    checkpoint = (log.folder / CHECKPOINT).read_bytes()
    for name in layout(log.checkpoint.head.size):
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            copy.write_bytes((log.folder / name).read_bytes())
        except FileNotFoundError:
            raise LogDamaged(what=name) from None
    target.mkdir(parents=True, exist_ok=True)
    (target / KEYS).write_text(f"{log.verifier}\n", encoding="utf-8")
    (target / CHECKPOINT).write_bytes(checkpoint)


def read_keys(folder: Path) -> list[VerifierKey]:
    """The keys that a bundle names as its own, one or more. Raises NoteDamaged if the list is missing or changed."""
    try:
        lines = (folder / KEYS).read_text(encoding="utf-8").split("\n")
    except (FileNotFoundError, UnicodeDecodeError):
        raise NoteDamaged(rule=f"{KEYS} is a list of verifier keys") from None
    if lines.pop() or not lines:
        raise NoteDamaged(rule=f"{KEYS} is a list of verifier keys")
    return [VerifierKey.parse(line) for line in lines]


def verify_bundle(folder: Path, key: VerifierKey | None = None, known: Iterable[TreeHead] = ()) -> Verdict:
    """Judge an exported folder.

    key: the one that must have signed. Without it the bundle's own first key is believed, which shows damage but not forgery: compare its
    fingerprint with one that came another way.
    Files outside `tile/` that are not the bundle's are passed over; a file inside it that the checkpoint does not cover is a finding.
    """
    try:
        keys = read_keys(folder)
    except NoteDamaged:
        return Verdict(None, Bad(None, Damage.KEYS_DAMAGED))
    if key is not None and key not in keys:
        return Verdict(None, Bad(None, Damage.FOREIGN_KEY))
    verdict = verify_log(folder, key or keys[0], known)
    if verdict.ok and verdict.head is not None:
        present = {path.relative_to(folder).as_posix() for path in folder.glob("tile/**/*") if path.is_file()}
        if not present <= set(layout(verdict.head.size)):
            return Verdict(verdict.head, Bad(None, Damage.SURPLUS))
    return verdict
