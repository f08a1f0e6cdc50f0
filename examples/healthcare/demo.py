"""The demo of `make run`: the healthcare service, Sentinel watching it, and a sink for what Sentinel tells."""

import argparse
import asyncio
import os
import shlex
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from pathlib import Path

from examples.healthcare import revival, running, settings, tokens
from examples.healthcare.children import ChildFailedError, Children
from examples.healthcare.database import FILE_NAME
from examples.healthcare.roles import Role
from examples.healthcare.running import ROOT, Record
from examples.healthcare.settings import Ports, SettingsError
from examples.serving import listen

CONFIG = "monitoring_config.json"
WEBHOOK_SECRET = "whsec_ZGVtby13ZWJob29rLXNlY3JldC1vZi1zZW50aW5lbA=="
SLACK_TOKEN = "xoxb-demo-token-for-the-sink"

WATCHED = """\
Sentinel watches the healthcare service: its endpoints, database, login, roles and audit log.
  its status    .venv/bin/sentinel --config {config} --status
  for programs  http://127.0.0.1:{ports.web}/api/v1/status and http://127.0.0.1:{ports.web}/metrics
  more commands . {data}/environment    (passwords of the demo, for `check`, `report`, `test-alert`)
  crash it      make crash    (kills it as a power cut would; it starts again and forgets nothing)
"""

WELCOME = """\
{watched}  the service   http://127.0.0.1:{ports.service}/health
  the alerts    http://127.0.0.1:{ports.sink}/
  break it      make break FAULT=slow    (without FAULT: what else can be broken)
  mend it       make mend FAULT=slow     (without FAULT: all of it)
  logs          {data}/logs/
  stop          Ctrl-C
Nothing leaves this machine: mails, Slack messages and webhooks go to a sink, and are shown below.
"""


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    try:
        ports = settings.ports(os.environ)
        refuse_taken(ports)
        environment = demo_environment(ports, options.data, os.environ)
        with Record(options.data, ports) as record:
            write_environment(options.data / "environment", environment)
            return asyncio.run(run(ports, options, environment, record))
    except (SettingsError, ChildFailedError) as error:
        print(error, file=sys.stderr)
        return 1


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Run the healthcare service, Sentinel and a sink on loopback.")
    parser.add_argument("--data", type=Path, default=running.FOLDER, help="directory for all that is written")
    parser.add_argument(
        "--without-sentinel", action="store_true", help="only the service and the sink, to watch by other means"
    )
    return parser.parse_args(arguments)


def refuse_taken(ports: Ports) -> None:
    """SettingsError when one of the ports is in use."""
    uses = {"service": ports.service, "sink's page": ports.sink, "sink's mail": ports.smtp, "Sentinel": ports.web}
    for use, port in uses.items():
        try:
            listen(port)[0].close()
        except OSError:
            hint = "stop what uses it, or choose other ports: make run PORT_BASE=9000"
            raise SettingsError(f"port {port} (for the {use}) is taken; {hint}") from None


def demo_environment(ports: Ports, data: Path, given: Mapping[str, str]) -> dict[str, str]:
    """What the shipped configuration refers to. Every address in it is a loopback address."""
    now = datetime.now(UTC)
    name = settings.username(Role.DOCTOR)
    return {
        "HEALTHCARE_API_URL": f"http://127.0.0.1:{ports.service}",
        "HEALTHCARE_DATABASE": str(data / "service" / FILE_NAME),
        "HEALTHCARE_EXPIRED_TOKEN": tokens.expired(name, settings.signing_key(given), now),
        "HEALTHCARE_FOREIGN_TOKEN": tokens.foreign(name, now),
        **{settings.password_variable(role): settings.password(role, given) for role in Role},
        "SENTINEL_SMTP_PORT": str(ports.smtp),
        "SENTINEL_WEB_PORT": str(ports.web),
        "SLACK_API_URL": f"http://127.0.0.1:{ports.sink}/slack/api/",
        "SLACK_WEBHOOK_URL": f"http://127.0.0.1:{ports.sink}/slack/hook",
        "SLACK_BOT_TOKEN": SLACK_TOKEN,
        "WEBHOOK_URL": f"http://127.0.0.1:{ports.sink}/webhook",
        "WEBHOOK_SECRET": WEBHOOK_SECRET,
    }


def write_environment(file: Path, environment: Mapping[str, str]) -> None:
    """For the shell of whoever asks Sentinel from another terminal; readable by its owner alone."""
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in environment.items()]
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
        output.writelines(lines)


def child_environment(environment: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """The environment given, without proxies (a call to loopback would leave through them), and the demo's."""
    kept = {name: value for name, value in given.items() if not name.lower().endswith("_proxy")}
    return {**kept, **environment, "PYTHONUNBUFFERED": "1"}


async def run(ports: Ports, options: argparse.Namespace, environment: Mapping[str, str], record: Record) -> int:
    """Until SIGINT, SIGTERM or SIGHUP, or until a child fails (ChildFailedError); all children are stopped then."""

    def started(sentinel: int) -> None:
        record.write(sentinel=sentinel)

    logs = options.data / "logs"
    logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Children(ROOT, logs, child_environment(environment, os.environ)) as children:
        try:
            await until_either(stop, start_all(children, ports, options, started))
            if not stop.is_set():
                print(welcome(ports, options.data, with_sentinel=not options.without_sentinel), flush=True)
                await until_either(stop, revival.watch(children, started))
        finally:
            record.write(sentinel=None)  # its number is soon free for another process
        print("stopping", flush=True)
    return 0


async def start_all(
    children: Children, ports: Ports, options: argparse.Namespace, started: Callable[[int], None]
) -> None:
    """The service, the sink, then Sentinel, each once the one before answers."""
    python, data = (sys.executable, "-m"), options.data
    service = (*python, "examples.healthcare.service", "--port", str(ports.service), "--data", str(data / "service"))
    child = await children.start("service", service)
    await child.until_ready(f"http://127.0.0.1:{ports.service}/health")
    listening = ("--smtp-port", str(ports.smtp), "--http-port", str(ports.sink))
    sink = (*python, "examples.sink", *listening, "--data", str(data / "sink"))
    child = await children.start("sink", sink, relay)
    await child.until_ready(f"http://127.0.0.1:{ports.sink}/messages.json")
    if not options.without_sentinel:
        child = await children.start(revival.SENTINEL, (*python, "sentinel", "--config", CONFIG))
        started(child.pid)
        await child.until_ready(f"http://127.0.0.1:{ports.web}/healthz")


async def until_either(stop: asyncio.Event, work: Coroutine[None, None, None]) -> None:
    """Until the work is done (its error is raised) or a stop is asked for (the work is cancelled)."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
    finally:
        for task in (working, stopping):
            task.cancel()
        await asyncio.gather(working, stopping, return_exceptions=True)


def relay(line: str) -> None:
    """Shows what the sink shows; its greeting is not worth repeating."""
    if not line.startswith("sink page on"):
        print(line, flush=True)


def welcome(ports: Ports, data: Path, *, with_sentinel: bool) -> str:
    shown = data.relative_to(ROOT) if data.is_relative_to(ROOT) else data
    watched = WATCHED.format(ports=ports, data=shown, config=CONFIG) if with_sentinel else ""
    return WELCOME.format(watched=watched, ports=ports, data=shown)


if __name__ == "__main__":
    sys.exit(main())
