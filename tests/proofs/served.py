"""An instance behind `vankho serve`: its processes by name, and what a person or a scanner asks of it over HTTP."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests.instances import VANKHO, Instance
from tests.waiting import until

__all__ = ["OPEN", "SECRET", "Answer", "Served", "alive", "children_of", "group_of", "standing_still"]

OPEN = """ỦY BAN NHÂN DÂN\t\tCỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
TỈNH LÀO CAI\t\tĐộc lập - Tự do - Hạnh phúc
Số: {number}/TB-UBND\t\tLào Cai, ngày 24 tháng 7 năm 2019

THÔNG BÁO
Về lịch nghỉ lễ

Điều 1. {text}
"""

SECRET = """TỈNH ỦY LÀO CAI\t\tĐẢNG CỘNG SẢN VIỆT NAM
VĂN PHÒNG
*\t\tLào Cai, ngày 24 tháng 7 năm 2019
Số {number}-BC/VPTU
MẬT

BÁO CÁO
về công tác bảo vệ

{text}
"""

_PARTS = {"keeper": "storage.vault.keeper", "worker": "ingest.worker", "api": "search_api.serving"}
_ZYGOTE = "ingest.sandbox.zygote"
_PATIENCE = 60.0


def alive(pid: int) -> bool:
    """Whether the process runs: one that was killed and not yet waited for does not."""
    return _state(Path(f"/proc/{pid}/stat")) not in "ZX"


def _state(stat: Path) -> str:
    try:
        return stat.read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


@contextmanager
def standing_still(pid: int) -> Iterator[None]:
    """The process stopped in all its threads, and going on at the end. The signal alone is not enough: the others run until one has taken it."""
    os.kill(pid, signal.SIGSTOP)
    try:
        until(lambda: {_state(task) for task in Path(f"/proc/{pid}/task").glob("*/stat")} - {"X"} == {"T"}, what="stopped")
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def children_of(pid: int) -> dict[int, list[str]]:
    """The words of the commands of a process's children, by their pids."""
    found = {}
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            try:
                found[int(child)] = Path(f"/proc/{child}/cmdline").read_text().split("\0")
            except OSError:
                continue
    return found


def group_of(leader: int) -> set[int]:
    """Processes that run in the group of a command: its members, their sandboxes, and whatever these have forked stay in it."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, group = entry.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(group) == leader and state not in "ZX":
            found.add(int(entry.parent.name))
    return found


@dataclass(frozen=True)
class Answer:
    """status, headers (names in small letters), body, and how many seconds it took."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @property
    def json(self) -> dict[str, object]:
        content: dict[str, object] = json.loads(self.body)
        return content

    @property
    def code(self) -> object:
        """The code of a problem document, None for anything else."""
        return self.json.get("code") if self.headers.get("content-type") == "application/problem+json" else None


class Served:
    """`vankho serve`, started in a process group of its own, for as long as the block runs."""

    def __init__(self, instance: Instance, *words: str, env: Mapping[str, str] | None = None) -> None:
        self.instance = instance
        command = [str(VANKHO), "--json", "serve", "--port", "0", *words]
        self.process = subprocess.Popen(
            command, env=instance.env | dict(env or {}), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True, text=True
        )

    def __enter__(self) -> Self:
        assert self.process.stdout is not None
        told = self.process.stdout.readline()
        assert told, f"serve ended with {self.process.wait()}"
        address = urlsplit(json.loads(told)["address"])
        self.host, self.port = str(address.hostname), int(str(address.port))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> int:
        """Ask it to end, and return its exit status."""
        self.process.terminate()
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def pid(self, part: str) -> int:
        """The process of `supervisor`, `keeper`, `worker` or `api`; of `api's sandbox` and `worker's sandbox` the zygote. 0 if it does not run."""
        if part == "supervisor":
            return self.process.pid
        owner, _, sandbox = part.partition("'s ")
        found = [pid for pid, words in children_of(self.process.pid).items() if _PARTS[owner] in words and alive(pid)]
        if sandbox and found:
            found = [pid for pid, words in children_of(found[0]).items() if _ZYGOTE in words and alive(pid)]
        return found[0] if found else 0

    def ask(self, method: str, path: str, key: str | None = None, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        """One request over a connection of its own; `path` below /api/v1, or from the root if it begins with a slash."""
        sent = dict(headers or {}) | ({} if key is None else {"Authorization": f"Bearer {key}"})
        connection = http.client.HTTPConnection(self.host, self.port, timeout=_PATIENCE)
        start = time.monotonic()
        try:
            connection.request(method, path if path.startswith("/") else f"/api/v1/{path}", body, sent)
            answer = connection.getresponse()
            return Answer(
                answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read(), time.monotonic() - start
            )
        finally:
            connection.close()

    def answers(self, method: str, path: str, key: str | None = None) -> bool:
        """Whether a request is answered with 200 now."""
        try:
            return self.ask(method, path, key).status == 200
        except (OSError, http.client.HTTPException):
            return False

    def deposit(self, key: str, content: bytes, name: str = "a.txt", request: str | None = None) -> Answer:
        """A document through the door. request: its Idempotency-Key."""
        head = f'--X\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
        headers = {"Content-Type": "multipart/form-data; boundary=X"} | ({} if request is None else {"Idempotency-Key": request})
        return self.ask("POST", "deposits", key, head + content + b"\r\n--X--\r\n", headers)

    def settled(self, key: str, deposited: Answer) -> dict[str, object]:
        """The receipt of a deposit once its outcome is final and, where it is one to be found, found."""
        assert deposited.status == 201, deposited.body
        path = f"receipts/{deposited.json['receipt_id']}"
        receipt: dict[str, object] = {"outcome": "accepted"}

        def is_settled() -> bool:
            receipt.update(self.ask("GET", path, key, headers={"Prefer": "wait=30"}).json)
            return receipt["outcome"] != "accepted"

        until(is_settled, what=f"{path} settled")
        return receipt

    def metric(self, name: str) -> int:
        """A figure of /metrics."""
        lines = self.ask("GET", "/metrics").body.decode().splitlines()
        return int(next(line for line in lines if line.startswith(f"{name} ")).split()[1])
