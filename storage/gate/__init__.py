"""Worker hosts: machines beside the main host whose workers reach the keeper through its gate, over TLS 1.3 with certificates on both sides.

The keeper itself listens nowhere. The gate (`python -m storage.gate`) passes the bytes of each connection that a worker host opens on to the keeper,
which admits it by its certificate; on the worker host a relay (`python -m storage.gate.relay`) gives its workers a rendezvous as they have at home.
"""
