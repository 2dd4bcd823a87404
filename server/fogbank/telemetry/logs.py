"""Structured logs: lines for people on a terminal, JSON for machines, one per request.

The lines of libraries, which log through the standard library, are written in the same form.
"""

import contextlib
import logging
import sys
from typing import Literal

import structlog
from structlog.typing import Processor

Format = Literal["auto", "console", "json"]
UPGRADES = ("Unsupported upgrade request.", "No supported WebSocket library detected.")
"""What uvicorn says, twice, of a WebSocket that is asked for, as Miniflare does beside every call.
The library that it recommends would change nothing: no route here has one."""


class Lines:
    """Writes lines to stderr, wherever that is now. What cannot be written is dropped.

    A reader that went away (a closed pipe) must not end the work that a line tells of.
    """

    def msg(self, message: str) -> None:
        """One line."""
        with contextlib.suppress(OSError, ValueError):
            print(message, file=sys.stderr, flush=True)

    log = debug = info = warning = warn = error = err = critical = fatal = exception = failure = msg


def configure(level: str, form: Format) -> None:
    """Sets up logging for the process; `form` auto writes for people when stderr is a terminal."""
    console = form == "console" or (form == "auto" and sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    rendering: list[Processor] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if console
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: Lines(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    handler.addFilter(lambda record: not str(record.msg).startswith(UPGRADES))
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[handler], force=True)
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # the same for a library's line
