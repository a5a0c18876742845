"""Addresses as `vankho init` takes them: with who asks, and the authority to believe."""

from __future__ import annotations

from urllib.parse import quote

from storage.servers import SHARED_PARTS, Server

__all__ = ["address", "variables"]


def address(server: Server) -> str:
    """With the credential in it."""
    assert server.credential is not None
    scheme, _, rest = server.text.partition("://")
    user, password = (quote(text, safe="") for text in (server.credential.user, server.credential.password))
    return f"{scheme}://{user}:{password}@{rest}"


def variables(catalog: Server, index: Server, store: Server, closed_index: Server | None = None) -> dict[str, str]:
    """What stands for the options of `init`."""
    servers = dict(zip(SHARED_PARTS, (catalog, index, store), strict=True)) | ({} if closed_index is None else {"closed_index": closed_index})
    return {f"VANKHO_{part.upper()}": address(server) for part, server in servers.items()}
