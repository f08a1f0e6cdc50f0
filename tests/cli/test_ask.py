from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING

import pytest

from sentinel.base.errors import NotRunning
from sentinel.cli import wire
from tests.kit.command import Ended, run, sentinel
from tests.kit.scene import history, well

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.monitor import StillMonitor


async def asked(monitor: StillMonitor, *arguments: str) -> Ended:
    return await sentinel("--config", monitor.plan.file, *arguments)


async def test_status_shows_the_worst_first_and_exits_with_it(monitor: StillMonitor) -> None:
    ended = await asked(monitor, "--status")
    assert (ended.code, ended.err) == (2, "")
    assert ended.out.startswith("Sentinel ward  CRITICAL  1 CRITICAL, 1 OK\n")


async def test_the_command_status_is_the_same_as_the_option(monitor: StillMonitor) -> None:
    option = await asked(monitor, "--status")
    assert option == await sentinel("status", "-c", monitor.plan.file)


async def test_status_as_json_is_the_document(monitor: StillMonitor) -> None:
    ended = await asked(monitor, "--status", "--json")
    assert (ended.code, ended.json()) == (2, (await monitor.status()).to_json())


async def test_status_is_0_when_all_is_well(monitor: StillMonitor) -> None:
    monitor.histories, monitor.rows = [history(monitor.histories[0].check, [well()])], []
    assert (await asked(monitor, "--status")).code == 0


async def test_status_is_1_when_a_message_was_given_up(monitor: StillMonitor) -> None:
    monitor.histories = [history(monitor.histories[0].check, [well()])]
    assert (await asked(monitor, "--status")).code == 1


async def test_output_that_is_no_terminal_has_no_colours(monitor: StillMonitor) -> None:
    assert "\x1b" not in (await asked(monitor, "--status")).out


async def test_status_imports_nothing_heavy(monitor: StillMonitor) -> None:
    code = (
        "import sys; from sentinel.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: print(sorted({n.split('.')[0] for n in sys.modules}), file=sys.stderr)"
    )
    ended = await run(sys.executable, "-c", code, "--config", monitor.plan.file, "--status")
    imported = set(json.loads(ended.err.replace("'", '"')))
    assert not imported & {"pydantic", "sqlalchemy", "httpx2", "starlette", "uvicorn", "asyncio", "jinja2", "structlog"}
    assert not imported & {"rich", "typst", "argon2", "joserfc"}
    assert "click" in imported


async def test_an_answer_about_another_configuration_is_not_believed(monitor: StillMonitor, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_bytes(monitor.plan.file.read_bytes())
    ended = await sentinel("--config", other, "incidents")
    assert ended.code == 3
    assert f"answers for {monitor.plan.file}" in ended.err


async def test_a_link_to_the_configuration_is_the_same_configuration(monitor: StillMonitor, tmp_path: Path) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(monitor.plan.file)
    assert (await sentinel("--config", link, "incidents")).code == 0


async def test_a_daemon_that_hangs_is_said_to_run(hanging: Path) -> None:
    with pytest.raises(wire.NotAnswering, match=r"runs but did not answer within 0\.2 s") as raised:
        await asyncio.to_thread(wire.ask, hanging, "/api/v1/status", patience=0.2)
    assert not isinstance(raised.value, NotRunning)
    assert (raised.value.exit_code, "see its log" in raised.value.hint) == (3, True)


async def test_a_change_that_is_not_confirmed_may_still_be_done(hanging: Path) -> None:
    with pytest.raises(wire.Unconfirmed) as raised:
        await asyncio.to_thread(wire.ask, hanging, "/api/v1/incidents/12/acknowledge", {"why": "x"}, patience=0.2)
    assert (raised.value.exit_code, "may still be done" in raised.value.hint) == (1, True)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "the answer ended too early"),
        (b"SSH-2.0-OpenSSH\r\n", "the answer ended too early"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{", "the answer ended too early"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", "answers for no configuration"),
    ],
)
async def test_an_answer_that_is_none_of_ours_is_not_believed(tmp_path: Path, answer: bytes, why: str) -> None:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_unix_server(say, tmp_path / "s.sock")
    config = tmp_path / "c.json"
    config.write_text(json.dumps({"web": {"socket": "s.sock"}}))
    ended = await sentinel("--config", config, "incidents")
    server.close()
    assert (ended.code, why in ended.err, "Traceback" in ended.err) == (3, True, False)


async def test_without_a_daemon_a_command_says_what_to_do(tmp_path: Path) -> None:
    config = tmp_path / "c.json"
    config.write_text("{}")
    ended = await sentinel("--config", config, "ack", "12", "--why", "x")
    assert ended.code == 3
    assert "no daemon answers" in ended.err
    assert "hint: start it" in ended.err
    assert "Traceback" not in ended.err


async def test_incidents_are_listed_with_level_and_age(monitor: StillMonitor) -> None:
    ended = await asked(monitor, "incidents")
    assert "#12  CRITICAL  login  open" in ended.out
    assert "level 1 of 3" in ended.out


async def test_an_incident_is_acknowledged_with_reason_and_time(monitor: StillMonitor) -> None:
    ended = await asked(monitor, "ack", "12", "--why", "on it", "--by", "ann", "--for", "2h")
    assert ended.out == "Incident 12 (login) is acknowledged by ann until 2026-11-22 14:00 UTC.\n"
    incident = monitor.histories[1].incident
    assert incident is not None
    assert incident.acknowledgement is not None
    assert incident.acknowledgement.why == "on it"


async def test_whoever_sits_at_the_keyboard_takes_it_through_sudo_too(monitor: StillMonitor) -> None:
    arguments = ("ack", "12", "--why", "on it", "--json")
    ended = await sentinel("--config", monitor.plan.file, *arguments, env={"SUDO_USER": "bea"})
    assert ended.json()["acknowledged_by"] == "bea"


async def test_a_refused_acknowledgement_is_1_and_says_why(monitor: StillMonitor) -> None:
    ended = await asked(monitor, "ack", "99", "--why", "x")
    assert (ended.code, ended.err) == (1, "sentinel: there is no such incident\n")


async def test_an_acknowledgement_without_a_reason_is_misuse(monitor: StillMonitor) -> None:
    ended = await asked(monitor, "ack", "12")
    assert (ended.code, "--why" in ended.err) == (64, True)


async def test_the_outbox_lists_what_was_given_up_and_sends_it_again(monitor: StillMonitor) -> None:
    listed = await asked(monitor, "outbox", "--dead")
    again = await asked(monitor, "outbox", "redrive", "7")
    assert "7   dead" in listed.out
    assert again.out == "1 will be sent again.\n"


async def test_redriving_needs_ids_or_all(monitor: StillMonitor) -> None:
    assert (await asked(monitor, "outbox", "redrive")).code == 64
    assert (await asked(monitor, "outbox", "redrive", "--all")).out == "1 will be sent again.\n"


async def test_what_nobody_will_send_is_put_away(monitor: StillMonitor) -> None:
    assert (await asked(monitor, "outbox", "drop", "7")).out == "1 was put away.\n"
    assert (await asked(monitor, "outbox", "--dead")).out == "No notifications.\n"


@pytest.mark.parametrize("verb", ["drop", "redrive"])
async def test_a_notification_that_is_not_dead_is_said_to_be_none(monitor: StillMonitor, verb: str) -> None:
    ended = await asked(monitor, "outbox", verb, "99")
    assert (ended.code, "no such dead notification" in ended.err) == (1, True)


async def test_dropping_needs_ids_or_all_and_not_both(monitor: StillMonitor) -> None:
    both = await asyncio.gather(asked(monitor, "outbox", "drop"), asked(monitor, "outbox", "drop", "7", "--all"))
    assert [ended.code for ended in both] == [64, 64]


async def test_an_incident_is_taken_over(monitor: StillMonitor) -> None:
    await asked(monitor, "ack", "12", "--why", "on it", "--by", "ann")
    ended = await asked(monitor, "ack", "12", "--why", "my shift", "--by", "bea", "--for", "1h")
    assert ended.out == "Incident 12 (login) is acknowledged by bea until 2026-11-22 13:00 UTC.\n"


async def test_a_reload_is_asked_for(monitor: StillMonitor) -> None:
    assert (await asked(monitor, "reload")).code == 0
    assert monitor.reloads == 1


async def test_a_reload_that_is_refused_exits_as_a_wrong_configuration_does(monitor: StillMonitor) -> None:
    monitor.reload_problem = "checks[0].intervall: an unknown key"
    answer = await asked(monitor, "reload")
    assert answer.code == 78
    assert "intervall" in answer.err


async def test_a_reader_who_has_seen_enough_causes_no_complaint(monitor: StillMonitor) -> None:
    command = f"'{sys.executable}' -m sentinel -c '{monitor.plan.file}' incidents | true"
    assert (await run("bash", "-c", command)).err == ""
