"""age v1 (c2sp.org/age), read strictly and written for post-quantum recipients alone; docs/format.md says how Vankho uses it."""

from storage.vault.age.filekey import FILE_KEY_SIZE, new_file_key
from storage.vault.age.files import open_file, seal
from storage.vault.age.header import MAX_HEADER, Header, Identity, Recipient, Stanza, open_header, read_header, seal_header
from storage.vault.age.legacy import ScryptIdentity, X25519Identity
from storage.vault.age.recipients import HybridIdentity, HybridRecipient, parse_identities
from storage.vault.age.stream import CHUNK, PayloadReader, Sealer, open_payload, payload_size, plain_size

__all__ = [
    "CHUNK",
    "FILE_KEY_SIZE",
    "MAX_HEADER",
    "Header",
    "HybridIdentity",
    "HybridRecipient",
    "Identity",
    "PayloadReader",
    "Recipient",
    "ScryptIdentity",
    "Sealer",
    "Stanza",
    "X25519Identity",
    "new_file_key",
    "open_file",
    "open_header",
    "open_payload",
    "parse_identities",
    "payload_size",
    "plain_size",
    "read_header",
    "seal",
    "seal_header",
]
