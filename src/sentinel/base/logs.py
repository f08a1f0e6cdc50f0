"""Structured logs that can neither block the event loop nor carry a secret.

Every line goes through a bounded queue to a thread that writes it, since a full pipe would otherwise stop the loop. When the
queue is full, lines are dropped and counted, and the count is logged once there is room again.
"""

import logging
import queue
import sys
import threading
from collections.abc import Mapping, MutableMapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, TextIO

import structlog

from sentinel.base.redact import Redactor

#: Lines that may wait to be written.
CAPACITY = 10_000

#: How long a stop waits for the last lines to be written, in seconds.
FLUSH_WITHIN = 2.0

#: Libraries that would log whole URLs or statements at INFO.
_QUIET = ("httpx2", "httpcore2", "apscheduler", "sqlalchemy", "alembic", "uvicorn", "aiohttp", "slack_sdk", "asyncio")


class LogSink:
    """The writing end: a queue, a thread, a stream and perhaps a rotated file."""

    def __init__(self, stream: TextIO, file: Path | None = None, max_bytes: int = 0, backups: int = 0) -> None:
        self._lines: queue.Queue[str | None] = queue.Queue(CAPACITY)
        self._stream = stream
        self._file = _rotated(file, max_bytes, backups) if file else None
        self.dropped = 0  # lines that found no room since the last report of it
        self._thread = threading.Thread(target=self._write_all, name="log-writer", daemon=True)
        self._thread.start()

    def put(self, line: str) -> None:
        """Hand over a line; never waits."""
        try:
            if self.dropped:
                self._lines.put_nowait(f"log.lines_dropped count={self.dropped}")
                self.dropped = 0
            self._lines.put_nowait(line)
        except queue.Full:
            self.dropped += 1

    def close(self) -> None:
        """Write what waits, for a bounded time, and stop."""
        try:
            self._lines.put(None, timeout=FLUSH_WITHIN)
        except queue.Full:
            return
        self._thread.join(FLUSH_WITHIN)
        if self._file is not None:
            self._file.close()

    def _write_all(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                self._stream.write(line + "\n")
                if self._lines.empty():
                    self._stream.flush()
            except (OSError, ValueError):
                self.dropped += 1  # the reader of the pipe is gone; the file may still be there
            if self._file is not None:
                self._file.emit(logging.makeLogRecord({"msg": line}))


class _File(RotatingFileHandler):
    """A rotated file that leaves a full disk to others to tell of, instead of printing a traceback for each line."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the standard library's name
        del record


def _rotated(file: Path, max_bytes: int, backups: int) -> RotatingFileHandler:
    file.parent.mkdir(parents=True, exist_ok=True)
    return _File(file, maxBytes=max_bytes, backupCount=backups, encoding="utf-8")


class _Line:
    """What structlog writes to: each event is one rendered line."""

    def __init__(self, sink: LogSink) -> None:
        self._put = sink.put

    def msg(self, line: str) -> None:
        self._put(line)

    log = debug = info = warn = warning = error = critical = fatal = exception = msg


class _FromLibraries(logging.Handler):
    """Carries what libraries log through the standard library into our log, as events named `library.message`."""

    def emit(self, record: logging.LogRecord) -> None:
        level = min(max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL)
        failure = f"{record.exc_info[0].__name__}" if record.exc_info and record.exc_info[0] else None
        structlog.get_logger().log(
            level, "library.message", library=record.name, text=record.getMessage()[:500], failure=failure
        )


def configure(
    *,
    level: str = "info",
    json: bool = False,
    redactor: Redactor | None = None,
    stream: TextIO | None = None,
    file: Path | None = None,
    max_bytes: int = 20_000_000,
    backups: int = 5,
) -> LogSink:
    """Set up logging for this process and answer its sink, which the caller closes last.

    Raises:
        OSError: the log file cannot be opened.
    """
    out = stream or sys.stdout
    sink = LogSink(out, file, max_bytes, backups)
    clean = redactor or Redactor()

    def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        return {key: clean.clean(value) if isinstance(value, str) else value for key, value in event.items()}

    renderer = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=out.isatty())

    def render(logger: object, method: str, event: MutableMapping[str, Any]) -> str:
        # Once more, as a whole: a traceback is only text from here on.
        return clean.clean(str(renderer(logger, method, event)))

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info if json else _as_it_is,
            redact,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _Line(sink),
        cache_logger_on_first_use=False,
    )
    _quieten_libraries()
    return sink


def _as_it_is(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return event


def _quieten_libraries() -> None:
    root = logging.getLogger()
    root.handlers = [_FromLibraries()]
    root.setLevel(logging.WARNING)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.ERROR if name == "apscheduler" else logging.WARNING)
