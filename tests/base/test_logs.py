from __future__ import annotations

import io
import json
import logging
import os
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog

from sentinel.base import logs
from sentinel.base.logs import LogSink, configure
from sentinel.base.redact import MASK, Redactor, Secret
from tests.kit.eventually import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

CANARY = 'canary"7f3ä'
REDACTOR = Redactor([Secret(CANARY)])


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Logging is one for the whole process: put it back."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    structlog.reset_defaults()
    root.handlers = handlers
    root.setLevel(level)


@contextmanager
def written(*, json: bool = False, level: str = "info", file: Path | None = None) -> Iterator[list[str]]:
    """The lines that were written, once the block has ended."""
    stream, lines = io.StringIO(), list[str]()
    sink = configure(json=json, level=level, redactor=REDACTOR, stream=stream, file=file)
    yield lines
    sink.close()
    lines += stream.getvalue().splitlines()


def test_a_json_line_is_an_event_with_its_fields() -> None:
    with written(json=True) as lines:
        structlog.get_logger().info("check.failed", check="api", attempts=2)
    line = json.loads(lines[0])
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "check.failed", "check": "api", "attempts": 2, "level": "info"}


def test_lines_below_the_level_are_not_written() -> None:
    with written(level="warning") as lines:
        structlog.get_logger().info("quiet")
        structlog.get_logger().warning("loud")
    assert ["loud" in line for line in lines] == [True]


@pytest.mark.parametrize("as_json", [True, False])
def test_no_secret_is_in_any_line(as_json: bool) -> None:
    with written(json=as_json) as lines:
        log = structlog.get_logger()
        log.info(" ".join(("event", CANARY)), field=CANARY, listed=[CANARY], nested={"deep": (CANARY, Secret(CANARY))})
        log.bind(token=CANARY).warning("bound", error=ValueError(CANARY))
        try:
            raise ValueError(CANARY)
        except ValueError:
            log.exception("failed", url=f"https://ada:{CANARY}@example.org/")
        logging.getLogger("library").warning("refused %s", CANARY)
    text = "\n".join(lines)
    assert "Traceback" in text
    assert MASK in text or "\\u2022" in text
    assert "7f3" not in text


def test_a_secret_that_comes_with_a_reload_is_in_no_line_either() -> None:
    """A reload brought new secrets, and the log masked only those of the start."""
    redactor, stream = Redactor(), io.StringIO()
    sink = configure(redactor=redactor, stream=stream)
    redactor.learn([Secret(CANARY)])
    structlog.get_logger().error("login.failed", why=f"token {CANARY}")
    logging.getLogger("library").error("token %s", CANARY)
    sink.close()
    assert CANARY not in stream.getvalue()
    assert stream.getvalue().count(MASK) == 2


def test_a_traceback_shows_no_local_variables() -> None:
    """A pretty traceback printed every frame's variables, bodies and rows among them, where `rich` was installed."""
    with written() as lines:
        patient = "Erika " + "Musterfrau"
        try:
            raise ValueError(len(patient))
        except ValueError:
            structlog.get_logger().exception("failed")
    assert "Erika Musterfrau" not in "\n".join(lines)


def test_a_secret_at_the_cut_of_a_librarys_message_leaves_no_head() -> None:
    with written(json=True) as lines:
        logging.getLogger("library").warning("%s%s", "x" * 495, CANARY)
    assert "canary" not in lines[0]


def test_a_librarys_message_is_an_event_with_the_class_of_its_failure() -> None:
    with written(json=True) as lines:
        try:
            raise KeyError("name")
        except KeyError:
            logging.getLogger("library").exception("it broke")
        logging.getLogger("library").info("chatter")
    (line,) = map(json.loads, lines)
    assert (line["event"], line["library"], line["text"]) == ("library.message", "library", "it broke")
    assert (line["failure"], line["level"]) == ("KeyError", "error")


def test_a_librarys_message_whose_arguments_do_not_fit_does_not_raise() -> None:
    with written(json=True) as lines:
        logging.getLogger("library").warning("%d things", "many")
    assert json.loads(lines[0])["text"] == "%d things"


async def test_a_reader_that_does_not_read_cannot_block_and_is_told_what_it_missed() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading) as reader, os.fdopen(writing, "w") as stream:
        sink = LogSink(stream, json=True)
        for number in range(logs.CAPACITY + 5000):  # far more than the pipe and the queue hold
            sink.put(f'{{"n": {number}, "filler": "{"x" * 80}"}}')
        dropped = sink.dropped
        with reading_all(reader) as lines:
            await eventually(lambda: sink._lines.empty())
            sink.put('{"n": -1}')
            sink.close()
            stream.close()
    assert dropped > 1000
    last_two = [json.loads(line) for line in lines[-2:]]
    assert last_two == [{"count": dropped, "event": "log.lines_dropped", "level": "warning"}, {"n": -1}]


def test_a_stop_does_not_wait_for_a_reader_that_never_reads() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading) as reader, os.fdopen(writing, "w") as stream:
        sink = LogSink(stream)
        for _ in range(3000):
            sink.put("x" * 100)
        began = time.monotonic()
        sink.close()
        assert time.monotonic() - began < 2 * logs.FLUSH_WITHIN + 1
        with reading_all(reader) as lines:
            sink._thread.join(5)
            stream.close()
    assert len(lines) == 3000


@contextmanager
def reading_all(reader: io.TextIOWrapper) -> Iterator[list[str]]:
    """Take every line from now on, in a thread, until the other end is closed."""
    lines: list[str] = []
    thread = threading.Thread(target=lambda: lines.extend(reader))
    thread.start()
    yield lines
    thread.join(5)


def test_a_file_gets_every_line_though_the_reader_of_the_stream_is_gone(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w")
    sink = LogSink(stream, tmp_path / "sentinel.log", 1_000_000, 1)
    for number in range(50):
        sink.put(f"line {number}")
    sink.close()
    with pytest.raises(BrokenPipeError):
        stream.close()
    assert (tmp_path / "sentinel.log").read_text().splitlines() == [f"line {number}" for number in range(50)]
    assert sink.dropped == 0


def test_a_file_is_rotated_and_old_ones_are_thrown_away(tmp_path: Path) -> None:
    sink = LogSink(io.StringIO(), tmp_path / "logs" / "sentinel.log", max_bytes=1000, backups=2)
    for number in range(100):
        sink.put(f"{number:03} " + "x" * 90)
    sink.close()
    files = sorted((tmp_path / "logs").iterdir())
    assert [file.name for file in files] == ["sentinel.log", "sentinel.log.1", "sentinel.log.2"]
    assert all(file.stat().st_size <= 1000 for file in files)
    assert files[0].read_text().splitlines()[-1].startswith("099")


def test_a_full_disk_under_the_file_does_not_stop_the_stream() -> None:
    stream = io.StringIO()
    sink = LogSink(stream, Path("/dev/full"), max_bytes=1_000_000, backups=1)
    for number in range(3):
        sink.put(f"line {number}")
    sink.close()
    assert stream.getvalue() == "line 0\nline 1\nline 2\n"


def test_a_file_that_cannot_be_opened_is_an_error_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="directory"):
        LogSink(io.StringIO(), tmp_path)
