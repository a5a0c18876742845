"""The audit log: an append-only Merkle tree of acts, its tiles and signed checkpoints on files, and the judge of them."""

from storage.audit.bundle import export, read_keys, verify_bundle
from storage.audit.details import Details, seal_details
from storage.audit.leaf import Json, Leaf, Outcome, canonical, promise
from storage.audit.log import TileLog, read_memory
from storage.audit.merkle import Digest, TreeHead, consistency_proof, inclusion_proof, leaf_hash, verify_consistency, verify_inclusion
from storage.audit.note import Checkpoint, NoteSigner, VerifierKey, open_checkpoint
from storage.audit.promises import open_promise, sign_promise
from storage.audit.tiles import TileReader
from storage.audit.verify import Bad, Damage, Verdict, verify_log

__all__ = [
    "Bad",
    "Checkpoint",
    "Damage",
    "Details",
    "Digest",
    "Json",
    "Leaf",
    "NoteSigner",
    "Outcome",
    "TileLog",
    "TileReader",
    "TreeHead",
    "Verdict",
    "VerifierKey",
    "canonical",
    "consistency_proof",
    "export",
    "inclusion_proof",
    "leaf_hash",
    "open_checkpoint",
    "open_promise",
    "promise",
    "read_keys",
    "read_memory",
    "seal_details",
    "sign_promise",
    "verify_bundle",
    "verify_consistency",
    "verify_inclusion",
    "verify_log",
]
