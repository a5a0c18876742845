"""`seal` and `open`: the age codec on plain files, for whoever needs it outside the archive."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Iterator
from pathlib import Path

from search_api.cli.context import Context
from search_api.cli.files import source_of, target_at
from storage.errors import ExitCode, InvalidInput
from storage.settings import read_settings
from storage.vault.age import HybridRecipient, open_file, parse_identities
from storage.vault.age import seal as seal_age

__all__ = ["open_sealed", "seal"]


def seal(context: Context, arguments: Namespace) -> ExitCode:
    """Encrypt FILE to the recipients given, by default to the instance's recovery key."""
    recipients = list(_recipients(context, arguments.to or []))
    target = Path(arguments.output)
    with source_of(Path(arguments.file)) as source, target_at(target) as sealed:
        seal_age(source, sealed, recipients)
    context.show({"path": str(target), "recipients": len(recipients)}, context.say(f"Đã niêm phong vào {target}.", f"Sealed into {target}."))
    return ExitCode.DONE


def open_sealed(context: Context, arguments: Namespace) -> ExitCode:
    """Decrypt FILE with the identities of --identity."""
    with source_of(Path(arguments.identity)) as source:
        try:
            identities = parse_identities(source.read(1 << 20).decode("utf-8"))
        except UnicodeDecodeError:
            raise InvalidInput(what=f"{arguments.identity} is not a text file of age identities.") from None
    target = Path(arguments.output)
    with source_of(Path(arguments.file)) as source, target_at(target) as plain:
        for part in open_file(source, identities):
            plain.write(part)
    context.show({"path": str(target)}, context.say(f"Đã mở vào {target}.", f"Opened into {target}."))
    return ExitCode.DONE


def _recipients(context: Context, given: Iterable[str]) -> Iterator[HybridRecipient]:
    if not given:
        yield HybridRecipient.parse(read_settings(context.home()).recovery)
    for text in given:
        if text.startswith("age1"):
            yield HybridRecipient.parse(text)
            continue
        with source_of(Path(text)) as source:
            for line in source.read(1 << 20).decode("utf-8", "replace").splitlines():
                if line.strip() and not line.startswith("#"):
                    yield HybridRecipient.parse(line.strip())
