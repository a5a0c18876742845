"""An S3 server of the kinds that nobody should run, and with the accidents that a sound one has too: objects in memory, faults on demand."""

from __future__ import annotations

import hashlib
import re
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

from storage.servers import Credential, Server

__all__ = ["StrangeS3", "answer", "break_off", "let_be"]


class StrangeS3(ThreadingHTTPServer):
    """accidents: what happens to the next PUTs, one each. The rest says what is wrong with it always."""

    daemon_threads = True

    def __init__(self, *, overwrites: bool = False, versions: bool = False, keeps: bool = False, garbles: str | None = None) -> None:
        """overwrites: conditions are ignored. versions: as in a versioned bucket. keeps: deletions are. garbles: keys with this in them."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.overwrites, self.versions, self.keeps, self.garbles = overwrites, versions, keeps, garbles
        self.objects: dict[str, bytes] = {}
        self.accidents: deque[Callable[[_Handler], bool]] = deque()
        self.lock = threading.Lock()

    @property
    def server(self) -> Server:
        port = self.server_address[1]
        return Server("s3", (("127.0.0.1", port),), "bucket/of ours", endpoint=f"http://127.0.0.1:{port}", credential=Credential("key", "secret"))

    def shutdown_request(self, request: socket.socket) -> None:
        self.close_request(request)  # without the farewell, so that one that is to be reset is

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


def let_be(_: _Handler) -> bool:
    """No accident."""
    return True


def answer(status: int, body: str) -> Callable[[_Handler], bool]:
    """Nothing is done but this said."""

    def accident(handler: _Handler) -> bool:
        handler.say(status, body.encode())
        return False

    return accident


def break_off(*, is_done: bool, reset: bool) -> Callable[[_Handler], bool]:
    """The connection breaks before the answer. reset: not closed but reset: what was only closed may be sent again by the library itself."""

    def accident(handler: _Handler) -> bool:
        if reset:
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.close_connection = handler.is_mute = True
        return is_done

    return accident


class _Handler(BaseHTTPRequestHandler):
    server: StrangeS3
    protocol_version = "HTTP/1.1"
    is_mute = False

    def log_message(self, *_: object) -> None:
        pass

    @property
    def key(self) -> str:
        return unquote(urlsplit(self.path).path).removeprefix("/bucket/")

    def say(self, status: int, body: bytes = b"", **headers: str) -> None:
        if self.is_mute:
            return
        self.send_response(status)
        for name, value in {"ETag": '"e"', "Last-Modified": "Wed, 25 Nov 2026 02:00:00 GMT", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            accident = self.server.accidents.popleft() if self.server.accidents else None
            if accident is not None and not accident(self):
                return
            if "If-None-Match" in self.headers and self.key in self.server.objects and not self.server.overwrites:
                self.say(412, b"<Error><Code>PreconditionFailed</Code></Error>")
                return
            garbled = self.server.garbles is not None and self.server.garbles in self.key
            self.server.objects[self.key] = bytes([body[0] ^ 1]) + body[1:] if garbled else body
        self.say(200, **({"x_amz_version_id": hashlib.sha256(body).hexdigest()} if self.server.versions else {}))

    def do_GET(self) -> None:
        if "list-type" in self.path:
            prefix = parse_qs(urlsplit(self.path).query).get("prefix", [""])[0]
            found = "".join(
                f"<Contents><Key>{key}</Key><LastModified>2026-11-25T02:00:00.000Z</LastModified><ETag>e</ETag><Size>{len(content)}</Size></Contents>"
                for key, content in sorted(self.server.objects.items())
                if key.startswith(prefix)
            )
            self.say(200, f"<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>".encode())
            return
        content = self.server.objects.get(self.key)
        if content is None:
            self.say(404, b"<Error><Code>NoSuchKey</Code></Error>")
            return
        span = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"])
        assert span is not None
        start, end = int(span[1]), min(int(span[2]) + 1, len(content))
        self.say(206, content[start:end], Content_Range=f"bytes {start}-{end - 1}/{len(content)}")

    def do_DELETE(self) -> None:
        if not self.server.keeps:
            self.server.objects.pop(self.key, None)
        self.say(204)
