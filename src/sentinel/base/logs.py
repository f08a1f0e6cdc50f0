"""Structured logs that can neither block the event loop nor carry a secret.

Every line goes through a bounded queue to a thread that writes it, since a full pipe would otherwise stop the loop. When the
queue is full, lines are dropped and counted, and the count is logged once there is room again.
"""

import logging
import queue
import sys
import threading
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, TextIO

import structlog

from sentinel.base.redact import Redactor

#: Lines that may wait to be written.
CAPACITY = 10_000

#: How long a stop waits for the last lines to be written, in seconds.
FLUSH_WITHIN = 2.0

#: The line that tells of dropped ones, which is written without the loggers.
_DROPPED = "log.lines_dropped count={}"
_DROPPED_JSON = '{{"count": {}, "event": "log.lines_dropped", "level": "warning"}}'

#: Libraries that would log whole URLs or statements at INFO.
_QUIET = ("httpx2", "httpcore2", "apscheduler", "sqlalchemy", "alembic", "uvicorn", "aiohttp", "slack_sdk", "asyncio")


class LogSink:
    """The writing end: a queue, a thread, a stream and perhaps a rotated file."""

    def __init__(
        self, stream: TextIO, file: Path | None = None, max_bytes: int = 0, backups: int = 0, *, json: bool = False
    ) -> None:
        self._lines: queue.Queue[str | None] = queue.Queue(CAPACITY)
        self._stream = stream
        self._report = _DROPPED_JSON.format if json else _DROPPED.format
        self._file = _rotated(file, max_bytes, backups) if file else None
        self.dropped = 0  # lines that found no room since the last report of it
        self._thread = threading.Thread(target=self._write_all, name="log-writer", daemon=True)
        self._thread.start()

    def put(self, line: str) -> None:
        """Hand over a line; never waits."""
        try:
            if self.dropped:
                self._lines.put_nowait(self._report(self.dropped))
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
            with suppress(OSError):  # a full disk refuses what is left once more
                self._file.close()

    def _write_all(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                self._stream.write(line + "\n")
                if self._lines.empty():
                    self._stream.flush()
            except (OSError, ValueError):
                # The reader of the pipe is gone. While there is a file, the line is not lost.
                self.dropped += self._file is None
            if self._file is not None:
                self._file.emit(logging.makeLogRecord({"msg": line}))
        with suppress(OSError, ValueError):
            self._stream.flush()


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

    def __init__(self, clean: Callable[[str], str]) -> None:
        super().__init__()
        self._clean = clean

    def emit(self, record: logging.LogRecord) -> None:
        level = min(max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL)
        failure = f"{record.exc_info[0].__name__}" if record.exc_info and record.exc_info[0] else None
        structlog.get_logger().log(
            level, "library.message", library=record.name, text=self._clean(_text(record))[:500], failure=failure
        )


def _text(record: logging.LogRecord) -> str:
    """What a library says; a record whose arguments do not fit must not raise where it was logged."""
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        return str(record.msg)


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
    sink = LogSink(out, file, max_bytes, backups, json=json)
    clean = redactor or Redactor()

    def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
        return {key: clean.clean(value) if isinstance(value, str) else value for key, value in event.items()}

    # Plain tracebacks: a pretty one shows local variables, and folds long lines so that no secret is found in them.
    console = structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback)
    renderer = structlog.processors.JSONRenderer() if json else console

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
    _quieten_libraries(clean.clean)
    return sink


def _as_it_is(_logger: object, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return event


def _quieten_libraries(clean: Callable[[str], str]) -> None:
    root = logging.getLogger()
    root.handlers = [_FromLibraries(clean)]
    root.setLevel(logging.WARNING)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.ERROR if name == "apscheduler" else logging.WARNING)
