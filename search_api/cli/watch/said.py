"""Troubles of one scanner, each said when it begins and not again until it has passed."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import PurePosixPath
from typing import Final

from ingest.hot_folder.folder import Left, Why
from ingest.reasons import Reason
from search_api.cli.watch.journal import Journal
from storage.walls.claims import Sentence

__all__ = ["Said", "Trouble"]

Trouble = str | PurePosixPath
"""What is in trouble: `folder`, `door`, `receipts`, `moving`, or a path in the folder."""

_LEFT: Final = {
    Why.LINK: Sentence(
        vi="Đây là liên kết nên được để nguyên, không bao giờ mở theo. Hãy đặt chính tệp vào thư mục.",
        en="This is a link, which is never followed, so it is left. Put the file itself into the folder.",
    ),
    Why.NO_FILE: Sentence(vi="Đây không phải là tệp thông thường nên được để nguyên.", en="This is no regular file, so it is left."),
    Why.TOO_DEEP: Sentence(
        vi="Thư mục con nằm quá sâu nên được để nguyên. Hãy chuyển lên cấp trên.", en="The subfolder lies too deep, so it is left. Move it up."
    ),
    Why.UNREADABLE: Reason.SOURCE_UNREADABLE.value,
    Why.TEMPORARY: Sentence(
        vi="Tệp vẫn mang tên tạm; sẽ được tiếp nhận sau khi đổi tên. Nếu máy quét đã dừng, hãy đổi tên hoặc quét lại.",
        en="The file still bears a temporary name and is taken once it is renamed. If its writer has stopped, rename it or scan it again.",
    ),
}


class Said:
    """What has been said of a scanner's troubles that have not passed. folder: where it lies below the watched one, empty for that itself."""

    def __init__(self, scanner: str, folder: str, journal: Journal) -> None:
        self._scanner, self._folder, self._journal = scanner, PurePosixPath(folder), journal
        self._said = dict[Trouble, tuple[str | None, str]]()
        self._temporary = dict[PurePosixPath, float]()

    def shown(self, path: PurePosixPath) -> str:
        """A path in the folder as text, whatever bytes it is made of."""
        return os.fsencode(self._folder / path).decode("utf-8", "replace")

    def say(self, trouble: Trouble, code: str, text: str) -> None:
        """Say it, unless it was said: the door and the receipts of an archive that is down are one trouble."""
        path = None if isinstance(trouble, str) else self.shown(trouble)
        if (path, code) not in self._said.values():
            self._journal.note(self._scanner, path, code, text)
        self._said[trouble] = (path, code)

    def worked(self, trouble: Trouble) -> None:
        """It has passed; said of what is not a single file."""
        had = self._said.pop(trouble, None)
        if had is not None and isinstance(trouble, str) and had not in self._said.values():
            text = self._journal.context.say(f"Đã hoạt động trở lại sau lỗi {had[1]}.", f"Works again after {had[1]}.")
            self._journal.note(self._scanner, None, "OK", text)

    def reason(self, trouble: Trouble, reason: Reason) -> None:
        """Say a reason's own sentence."""
        self.say(trouble, reason.name, reason.text(self._journal.context.lang))

    def folder_unreadable(self, error: OSError) -> None:
        """The folder itself cannot be listed."""
        why, context = os.strerror(error.errno or 0), self._journal.context
        vi = f"Không đọc được thư mục ({why}). Hãy kiểm tra ổ đĩa hoặc kết nối mạng; hệ thống vẫn tiếp tục thăm dò."
        en = f"The folder cannot be read ({why}). Check the disk or the network; it is looked for again."
        self.say("folder", "FOLDER_UNREADABLE", context.say(vi, en))

    def not_moved(self, error: OSError) -> None:
        """Files whose outcome is final cannot be moved."""
        why, context = os.strerror(error.errno or 0), self._journal.context
        vi = f"Không chuyển được tệp đã xử lý xong ({why}). Hãy kiểm tra quyền ghi và dung lượng; hệ thống sẽ thử lại."
        en = f"Files that are done cannot be moved ({why}). Check rights and space; it is tried again."
        self.say("moving", "NOT_MOVED", context.say(vi, en))

    def left(self, left: Left, now: float, deadline: float) -> None:
        """Something is not taken in: said at once, of a temporary name after `deadline` seconds."""
        if left.why is Why.TEMPORARY and now - self._temporary.setdefault(left.path, now) < deadline:
            return
        code = Reason.SOURCE_UNREADABLE.name if left.why is Why.UNREADABLE else left.why.name
        self.say(left.path, code, _LEFT[left.why].text(self._journal.context.lang))

    def keep(self, present: Collection[PurePosixPath]) -> None:
        """Forget what is not there any more."""
        self._said = {trouble: had for trouble, had in self._said.items() if isinstance(trouble, str) or trouble in present}
        self._temporary = {path: since for path, since in self._temporary.items() if path in present}
