"""Taking changes in, each under its version, so that what comes twice, late or from another host changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from storage.catalog.names import OfficeId
from storage.errors import IndexDamaged, IndexOutdated, IndexUnreachable, VankhoError
from storage.index.elastic.bulk import Operation, operation, put
from storage.index.elastic.cluster import Cluster
from storage.index.elastic.documents import document, emptied, index_body
from storage.index.elastic.names import Generations, Kind, Names
from storage.index.open_index import Applied, Change, IsNew, Refused

__all__ = ["apply", "create"]


def apply(cluster: Cluster, names: Names, changes: Sequence[Change], is_new: IsNew) -> Applied:
    """Carry out changes, in every index of their office that this version of the analysis made. Raises as `Cluster.ask` does."""
    left, refused, held_up = dict(enumerate(changes)), dict[int, str](), dict[OfficeId, VankhoError]()
    for _ in range(2):
        if left:
            places = _places(cluster, names, {change.office for change in left.values()}, is_new)
            held_up |= {office: IndexOutdated() for office, generations in places.items() if generations.is_outdated}
            held_up |= {office: IndexDamaged() for office, generations in places.items() if generations.current is None}
            outcome = put(cluster, _operations(left, places, names.kind))
            refused |= outcome.refused
            left = {number: left[number] for number in sorted(outcome.homeless)}  # their index was removed meanwhile: another is in its place
    if left:
        raise IndexUnreachable(why="its indexes are being replaced")
    given_back = tuple(Refused(changes[number], why) for number, why in sorted(refused.items()))
    return Applied(given_back, held_up)


def create(cluster: Cluster, names: Names, index: str, aliases: Sequence[str]) -> None:
    """Make an index, with an alias for writing and with these; nothing where another was faster. Raises IndexUnreachable where none may be made."""
    answered = cluster.ask("PUT", f"/{index}", index_body([Names.writing(index), *aliases], names.kind), accepted=frozenset({400}))
    if answered.status == 400 and answered.error != "resource_already_exists_exception":
        raise IndexUnreachable(why=answered.error)


def _operations(changes: dict[int, Change], places: dict[OfficeId, Generations], kind: Kind) -> Iterator[Operation[int]]:
    # office by office: every index that a request touches makes its part of it durable by itself
    for number, change in sorted(changes.items(), key=lambda one: one[1].office):
        body = emptied(change.record) if change.entry is None else document(change.entry, kind)
        for index in places[change.office].written:
            yield operation(number, index, change.record, change.version, body)


def _places(cluster: Cluster, names: Names, offices: set[OfficeId], is_new: IsNew) -> dict[OfficeId, Generations]:
    """The indexes of these offices, made where there never were any."""
    there = names.existing(cluster)
    missing = [office for office in offices if (office not in there or there[office].current is None) and is_new(office)]
    for office in missing:
        create(cluster, names, names.following(office, there[office].all if office in there else ()), [names.answering(office)])
    if missing:
        there = names.existing(cluster)
    return {office: there.get(office, Generations(None, ())) for office in offices}
