"""One exchange of every route that answers in JSON, asked of a served instance: the examples of the API's document.

python -m tests.search_api.exchanges writes search_api/exchanges.json again.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from storage.home import Home
from storage.settings import read_settings
from storage.vault.age import HybridIdentity
from tests.instances import Instance
from tests.proofs.served import Served
from tests.search_api.papers import notice, secret

KEPT = Path(__file__).parents[2] / "search_api" / "exchanges.json"
LOCKED = Path(__file__).parents[1] / "data" / "pdf" / "pdfminersix__aes-256-m.pdf"
PASSWORD = "bốn con trâu ăn cỏ non"


class Story:
    """exchanges: by method and path, as the document has them."""

    def __init__(self, served: Served, key: str) -> None:
        self._served, self._key = served, key
        self.exchanges: dict[str, dict[str, object]] = {}

    def ask(self, method: str, template: str, path: str = "", body: object = None, headers: dict[str, str] | None = None) -> dict[str, object]:
        """One request that is answered well; kept under `template`, if it is the first there."""
        sent = None if body is None else body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        kind = {"Content-Type": "application/json"} if body is not None and not isinstance(body, bytes) else {}
        answer = self._served.ask(method, path or template.removeprefix("/"), self._key, sent, {"Accept-Language": "en"} | kind | (headers or {}))
        assert answer.status < 300, f"{method} {template}: {answer.status} {answer.body!r}"
        told: dict[str, object] = json.loads(answer.body) if answer.body else {}
        kept: dict[str, object] = {"status": answer.status} | ({"request": body} if kind else {}) | ({"response": told} if answer.body else {})
        self.exchanges.setdefault(f"{method} {template}", kept)
        return told

    def deposit(self, content: bytes, name: str, batch: object = None, **headers: str) -> tuple[str, str]:
        """Its record and its receipt, once it is settled."""
        form = f'--X\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode() + content + b"\r\n--X--\r\n"
        path = "deposits" if batch is None else f"deposits?batch={batch}"
        given = self.ask("POST", "/deposits", path, form, {"Content-Type": "multipart/form-data; boundary=X", **headers})
        while self.ask("GET", "/receipts/{receipt_id}", f"receipts/{given['receipt_id']}", headers={"Prefer": "wait=30"})["outcome"] == "accepted":
            pass
        return str(given["record_id"]), str(given["receipt_id"])


def told(served: Served, key: str, second: str) -> dict[str, dict[str, object]]:
    """All exchanges. key: of who may do everything; second: of a second such person."""
    story = Story(served, key)
    for part in (_intake, _people, _instance):
        part(story, second)
    return {name: story.exchanges[name] for name in sorted(story.exchanges)}


def _intake(story: Story, second: str) -> None:
    batch = story.ask("POST", "/batches")["batch"]
    opened, _ = story.deposit(notice(12, "lịch nghỉ lễ").encode(), "thong-bao.txt", batch)
    closed, _ = story.deposit(secret(13, "công tác bảo vệ").encode(), "bao-cao.txt", batch)
    story.exchanges.pop("GET /receipts/{receipt_id}")
    locked, receipt = story.deposit(LOCKED.read_bytes(), "khoa.pdf")
    story.ask("GET", "/batches/{batch_id}", f"batches/{batch}?receipts=true")
    story.ask("POST", "/records/{record_id}/unlocking", f"records/{locked}/unlocking", {"password": "foo"}, {"Prefer": "wait=30"})
    story.exchanges.pop("GET /receipts/{receipt_id}")
    story.ask("GET", "/receipts/{receipt_id}", f"receipts/{receipt}", headers={"Prefer": "wait=30"})
    story.ask("GET", "/records/{record_id}", f"records/{opened}")
    correction = {"set": {"subject": "lịch nghỉ lễ Quốc khánh"}, "reason": "ghi thiếu"}
    story.ask("PATCH", "/records/{record_id}", f"records/{opened}", correction, {"Prefer": "wait=30"})
    story.ask("POST", "/records/{record_id}/reading", f"records/{opened}/reading", {}, {"Prefer": "wait=30"})
    story.ask("GET", "/search", f"search?q={quote('nghỉ lễ')}&facets=true&snippets=true")
    story.ask("GET", "/review")
    undecided, _ = story.deposit("một văn bản không có phần đầu".encode(), "a.txt")
    story.exchanges.pop("GET /review")
    assert [row["record_id"] for row in story.ask("GET", "/review")["records"]].count(undecided) == 1  # type: ignore[attr-defined]
    story.ask("POST", "/review/{record_id}", f"review/{undecided}", {"level": "MAT", "reason": "xét lại"})
    change = {"level": "NON_CONFIDENTIAL", "reason": "QĐ 12/2026"}
    story.ask("POST", "/records/{record_id}/level", f"records/{closed}/level", change, {"Vankho-Second": second, "Prefer": "wait=30"})
    story.ask("POST", "/records/{record_id}/withdrawal", f"records/{locked}/withdrawal", {"reason": "nhầm"}, {"Prefer": "wait=30"})
    story.ask("POST", "/readings", f"readings?name={quote('a.txt')}", notice(14, "phòng cháy").encode())
    story.ask("POST", "/classifications", f"classifications?name={quote('a.txt')}", notice(14, "phòng cháy").encode())
    until = {"person": "hoa", "record": undecided, "until": "2999-12-31T17:00:00+07:00", "reason": "kiểm tra hồ sơ"}
    grant = story.ask("POST", "/grants", "", until)["grant"]
    story.ask("DELETE", "/grants/{grant_id}", f"grants/{grant}")


def _people(story: Story, second: str) -> None:
    hashed = hashlib.sha256(b"a token is made by whoever asks, who keeps it").hexdigest()
    person = {"name": "lan", "office": "central", "roles": ["archivist"], "clearance": "MAT", "compartments": [], "token_sha256": hashed}
    story.ask("POST", "/people", "", person)
    story.ask("POST", "/sources", "", {"name": "scan-p1", "office": "central", "token_sha256": hashed[::-1]})
    identity = HybridIdentity(hashlib.sha256(b"and so is a worker host's identity").digest())
    story.ask("POST", "/hosts", "", {"name": "worker-1", "public_key": hashed, "recipient": identity.recipient().text()})
    story.ask("GET", "/hosts")
    story.ask("POST", "/hosts/{name}/disabling", "hosts/worker-1/disabling")
    story.ask("GET", "/people")
    story.ask("PUT", "/people/{name}/password", "people/lan/password", {"password": PASSWORD})
    story.ask("PUT", "/password", "", {"password": f"{PASSWORD} xanh"})
    story.ask("POST", "/sessions", "", {"name": "officer", "password": f"{PASSWORD} xanh"})
    story.ask("GET", "/sessions/current")
    story.ask("POST", "/people/{name}/disabling", "people/scan-p1/disabling")


def _instance(story: Story, second: str) -> None:
    story.ask("GET", "/audit", "audit?limit=2")
    story.ask("POST", "/audit/verification")
    story.ask("GET", "/status")
    story.ask("GET", "/keys")
    story.ask("POST", "/checks")
    story.ask("POST", "/reindexing")
    story.ask("GET", "/reindexing")


def instance_in(folder: Path) -> tuple[Instance, str, str]:
    """A fresh instance, and the tokens of two people who may do everything."""
    made = Instance(folder)
    made.run("init", "--recovery-out", made.recovery)
    roles = [word for role in ("archivist", "auditor", "administrator") for word in ("--role", role)]
    made.run("user", "add", "hoa", "--office", "central", *roles, "--clearance", "TUYET_MAT", "--key-out", folder / "hoa.key")
    own = made.config / "vankho" / f"{read_settings(Home(made.home)).instance}.key"
    return made, own.read_text().strip(), (folder / "hoa.key").read_text().strip()


def _shortened(value: object) -> object:
    """With what is long cut, for the reader's sake: keys of 1,959 characters, lists of many."""
    if isinstance(value, dict):
        return {name: _shortened(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_shortened(one) for one in value[:3]]
    return f"{value[:200]}…" if isinstance(value, str) and len(value) > 300 else value


def _lines() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        made, key, second = instance_in(Path(folder))
        with Served(made) as served:
            yield json.dumps(_shortened(told(served, key, second)), ensure_ascii=False, indent=1)


if __name__ == "__main__":
    KEPT.write_text("\n".join(_lines()) + "\n", "utf-8")
