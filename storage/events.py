"""Where the events of a process go: one line of JSON each on its standard error, with ids and codes, never contents."""

from __future__ import annotations

import logging
import sys

import structlog

__all__ = ["events_to_stderr"]


def events_to_stderr() -> None:
    """From warnings on: a command's standard error is a person's, and its standard output is read by programs."""
    stamps = (structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True))
    structlog.configure(
        processors=[*stamps, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
