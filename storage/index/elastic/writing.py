"""Taking changes in, each under its version, so that what comes twice, late or from another host changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from storage.catalog.names import OfficeId
from storage.errors import IndexOutdated, IndexUnreachable
from storage.index.elastic.bulk import Operation, operation, put
from storage.index.elastic.cluster import Cluster
from storage.index.elastic.documents import document, emptied, index_body
from storage.index.elastic.names import Generations, Names
from storage.index.open_index import Change, Refused

__all__ = ["apply", "create"]


def apply(cluster: Cluster, names: Names, changes: Sequence[Change]) -> tuple[Refused, ...]:
    """Carry out changes, in every index of their office: when this returns they are durable and can be found, but for those given back.

    Raises as `Cluster.ask` does, and IndexOutdated where what answers for an office was made by another version of the analysis.
    """
    left, refused = dict(enumerate(changes)), dict[int, str]()
    for _ in range(2):
        if left:
            places = _places(cluster, names, {change.office for change in left.values()})
            outcome = put(cluster, _operations(left, places))
            refused |= outcome.refused
            left = {number: left[number] for number in sorted(outcome.homeless)}  # their index was removed meanwhile: another is in its place
    if left:
        raise IndexUnreachable(why="its indexes are being replaced")
    return tuple(Refused(changes[number], why) for number, why in sorted(refused.items()))


def create(cluster: Cluster, index: str, aliases: Sequence[str]) -> None:
    """Make an index, with an alias for writing and with these; nothing where another was faster. Raises IndexUnreachable where none may be made."""
    answered = cluster.ask("PUT", f"/{index}", index_body([Names.writing(index), *aliases]), accepted=frozenset({400}))
    if answered.status == 400 and answered.error != "resource_already_exists_exception":
        raise IndexUnreachable(why=answered.error)


def _operations(changes: dict[int, Change], places: dict[OfficeId, Generations]) -> Iterator[Operation]:
    # office by office: every index that a request touches makes its part of it durable by itself
    for number, change in sorted(changes.items(), key=lambda one: one[1].office):
        body = emptied(change.record) if change.entry is None else document(change.entry)
        for index in places[change.office].all:
            yield operation(number, index, change.record, change.version, body)


def _places(cluster: Cluster, names: Names, offices: set[OfficeId]) -> dict[OfficeId, Generations]:
    """The indexes of these offices, made where there are none."""
    there = names.existing(cluster)
    missing = [office for office in offices if office not in there or there[office].current is None]
    for office in missing:
        create(cluster, names.following(office, there[office].all if office in there else ()), [names.answering(office)])
    if missing:
        there = names.existing(cluster)
    if any(there[office].is_outdated for office in offices):
        raise IndexOutdated
    return {office: there[office] for office in offices}
