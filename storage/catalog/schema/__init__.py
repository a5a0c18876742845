"""The catalog's tables. What can be a constraint is one here, before any code checks it."""

from __future__ import annotations

from storage.catalog.schema.base import metadata
from storage.catalog.schema.deposits import batch, idempotency, receipt
from storage.catalog.schema.log import audit_pending
from storage.catalog.schema.people import office, person, person_fact, source, worker_host
from storage.catalog.schema.queue import index_fault, outbox, rebuild, work
from storage.catalog.schema.records import blob, open_description, partition, partition_key, record, record_fact

__all__ = [
    "audit_pending",
    "batch",
    "blob",
    "idempotency",
    "index_fault",
    "metadata",
    "office",
    "open_description",
    "outbox",
    "partition",
    "partition_key",
    "person",
    "person_fact",
    "rebuild",
    "receipt",
    "record",
    "record_fact",
    "source",
    "work",
    "worker_host",
]
