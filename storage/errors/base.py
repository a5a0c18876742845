"""What every refusal has: code, statuses, and a sentence that says what to do."""

from __future__ import annotations

from enum import IntEnum

__all__ = [
    "ExitCode",
    "VankhoError",
]


class ExitCode(IntEnum):
    """What the command line returns; docs/api.md lists it."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    STRICT = 3
    NOT_FOUND = 4
    SECOND_PERSON = 5
    FINDING = 6
    NOT_REACHABLE = 7
    POLICY = 8


class VankhoError(Exception):
    """The root: a fault of ours where no subclass says otherwise.

    facts: values for the placeholders of the sentences; never a secret, a path of the machine's or a stack trace.
    """

    code: str = "VK-FAULT"
    status: int = 500
    exit_code: ExitCode = ExitCode.FAILED
    title_en: str = "A fault of Vankho's own"
    title_vi: str = "Lỗi nội bộ của Vankho"
    detail_en: str = "Something failed that should not. Quote this error to whoever looks after the system."
    detail_vi: str = "Đã xảy ra lỗi ngoài dự kiến. Hãy báo mã lỗi này cho người quản trị hệ thống."

    def __init__(self, **facts: str | int) -> None:
        self.facts = facts
        super().__init__(self.detail("en"))

    def title(self, lang: str) -> str:
        """The kind of refusal in one phrase, in `vi` or `en`."""
        return self.title_vi if lang == "vi" else self.title_en

    def detail(self, lang: str) -> str:
        """What happened and what to do, in `vi` or `en`."""
        return (self.detail_vi if lang == "vi" else self.detail_en).format(**self.facts)

    def problem(self, lang: str, instance: str) -> dict[str, str | int]:
        """The problem document of this refusal. instance: the path of the request that was refused. Source: RFC 9457."""
        return {
            "type": f"urn:vankho:problem:{self.code}",
            "title": self.title(lang),
            "status": self.status,
            "detail": self.detail(lang),
            "code": self.code,
            "instance": instance,
        }
