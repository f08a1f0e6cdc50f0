"""The demo starts its programs, shows what the sink shows, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import smtplib
import subprocess
import sys
from email.message import EmailMessage
from typing import TYPE_CHECKING

import httpx2
import psutil
import pytest

from examples.demo.__main__ import demo_environment
from examples.demo.ports import Ports, SettingsError, ports
from examples.demo.starting import child_environment
from examples.demo.system import NAMES, ROOT, Stand, find
from examples.healthcare.system import SYSTEM
from examples.serving import listen
from tests.guides.demo.demos import Demos, free_base, programs

if TYPE_CHECKING:
    from pathlib import Path


async def test_it_shows_a_mail_and_stops_all_when_told(demos: Demos) -> None:
    base = free_base()
    demo = await demos.welcomed(base)
    running = programs(demo)
    send_mail(base + 3)
    await demo.line("api-health is down")
    assert await demo.terminate() == 0
    assert len(running) == 2
    assert not any(program.is_running() for program in running)


@pytest.mark.parametrize("system", NAMES)
async def test_every_system_starts_with_its_servers_and_sentinel_watches_it(demos: Demos, system: str) -> None:
    base = free_base()
    await demos.welcomed(base, with_sentinel=True, system=system)
    watched = {check["name"] for check in json.loads(find(system).config.read_text())["checks"]}
    async with httpx2.AsyncClient(timeout=5.0) as client:
        metrics = (await client.get(f"http://127.0.0.1:{base + 4}/metrics")).text
    assert set(re.findall(r'^sentinel_check_[a-z_]+\{check="([^"]+)"', metrics, re.MULTILINE)) >= watched


async def test_it_says_which_program_ended_and_stops_the_rest(demos: Demos) -> None:
    demo = await demos.welcomed(free_base())
    service, sink = programs(demo)
    service.send_signal(signal.SIGKILL)
    assert await demo.exit() == 1
    await demo.line(r"^service ended with status -9\. Its last lines")
    await demo.line(r"^    healthcare service on http://127")
    assert not sink.is_running()


async def test_its_programs_end_even_when_it_is_killed(demos: Demos) -> None:
    demo = await demos.welcomed(free_base())
    running = programs(demo)
    await demo.kill()
    _, alive = await asyncio.to_thread(psutil.wait_procs, running, timeout=10)
    assert alive == []


async def test_a_taken_port_is_named_with_a_way_out(demos: Demos) -> None:
    base = free_base()
    listener, port = listen(base + 2)
    with listener:
        demo = await demos.start(base)
        assert await demo.exit() == 1
    assert demo.tail().startswith(f"port {port} (for the sink's page) is taken; stop what uses it")


async def test_the_environment_file_is_for_its_owner_alone(demos: Demos, tmp_path: Path) -> None:
    await demos.welcomed(free_base())
    file = tmp_path / "environment"
    assert file.stat().st_mode & 0o777 == 0o600
    assert "export HEALTHCARE_DOCTOR_PASSWORD=demo-doctor-password\n" in file.read_text()
    assert f"export SENTINEL_CONFIG={find('healthcare').config}\n" in file.read_text()


async def test_the_switches_work_from_the_next_terminal(demos: Demos) -> None:
    base = free_base()
    await demos.welcomed(base)
    assert (await demos.run("examples.demo.break", "down")).startswith("healthcare:\nBROKEN  down")
    async with httpx2.AsyncClient(timeout=5.0) as client:
        assert (await client.get(f"http://127.0.0.1:{base + 1}/health")).status_code == 503


async def test_a_list_that_is_read_in_part_is_no_error(demos: Demos, tmp_path: Path) -> None:
    await demos.welcomed(free_base())
    reader, writer = os.pipe()
    os.close(reader)
    command = (sys.executable, "-m", "examples.demo.break", "--data", str(tmp_path))
    with os.fdopen(writer, "wb") as output:
        ended = await asyncio.to_thread(
            subprocess.run, command, stdout=output, stderr=subprocess.PIPE, cwd=ROOT, timeout=30, check=False
        )
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_every_address_of_the_demo_is_a_loopback_address(tmp_path: Path) -> None:
    environment = demo_environment(SYSTEM, Stand(ports=Ports(), data=tmp_path, given={}))
    addresses = [value for value in environment.values() if "://" in value]
    assert len(set(addresses)) == 5
    assert all(address.startswith("http://127.0.0.1:") for address in addresses)


def test_no_proxy_reaches_the_programs() -> None:
    given = {"HTTPS_PROXY": "http://proxy.example.org", "http_proxy": "http://proxy.example.org", "HOME": "/home"}
    assert child_environment({}, given) == {"HOME": "/home", "PYTHONUNBUFFERED": "1"}


@pytest.mark.parametrize("text", ["x", "80", "65527", "-1", "9000.0"])
def test_a_port_base_that_cannot_be_used_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="PORT_BASE: a number from 1023 to 65526"):
        ports({"PORT_BASE": text})


def send_mail(port: int) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "a@example.org", "b@example.org", "api-health is down"
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
        client.send_message(mail)
