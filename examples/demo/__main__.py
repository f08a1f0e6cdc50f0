"""The demo of `make run` and `make demo`: a system, Sentinel watching it, and a sink for what Sentinel tells."""

import argparse
import asyncio
import os
import shlex
import shutil
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path

from examples.demo import revival, running
from examples.demo.children import ChildFailedError, Children
from examples.demo.ports import Ports, SettingsError, ports
from examples.demo.running import Record
from examples.demo.starting import module, programs, start_system
from examples.demo.system import NAMES, ROOT, Stand, System, find
from examples.serving import listen

WEBHOOK_SECRET = "whsec_ZGVtby13ZWJob29rLXNlY3JldC1vZi1zZW50aW5lbA=="
SLACK_TOKEN = "xoxb-demo-token-for-the-sink"

#: Of the user `admin`, as `sentinel user hash` writes it: the password is `sentinel`.
ADMIN_PASSWORD = "$argon2id$v=19$m=65536,t=3,p=4$jk5tnRI4NPV4h4q3x7QsIw$dEUGhsCqZ5RESbgKZdbCQPixyh6LBqPKWXB0nH0bcDQ"

#: Nobody watches a demo for the quarters of an hour after which levels escalate in earnest.
SOONER = {"SENTINEL_LEVEL_2": "2m", "SENTINEL_LEVEL_3": "4m"}

#: Nor do its checks have as many results in a short watch as a watch in earnest needs.
SOONER |= {"DEPLOY_VETO": "30s", "DEPLOY_WATCH_EVERY": "2s", "DEPLOY_SAMPLES": "10"}

WATCHED = """\
Sentinel watches the {system.title}: {system.watched}.
  ask it        . {data}/environment    (first, in another terminal: it names the configuration, and has the demo's passwords)
                .venv/bin/sentinel --status    (also `check`, `report`, `test-alert`)
  look at it    http://127.0.0.1:{ports.web}/    (the dashboard: sign in as admin, with the password sentinel)
{public}  crash it      {crash}    (kills it as a power cut would; it starts again and forgets nothing)
"""

WELCOME = """\
{watched}  the service   http://127.0.0.1:{ports.service}/health
  the alerts    http://127.0.0.1:{ports.sink}/
  break it      {break_it}    (without the fault: what else can be broken)
  mend it       {mend}    (without the fault: all of it)
  logs          {data}/logs/
  stop          Ctrl-C
Nothing leaves this machine: mails, Slack messages and webhooks go to a sink, and are shown below.
"""


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    try:
        system = find(options.system)
        stand = Stand(ports=ports(os.environ), data=options.data.resolve(), given=os.environ)
        refuse_taken(system, stand.ports)
        environment = demo_environment(system, stand) | own_state(stand.data)
        with Record(stand.data, stand.ports, system.name) as record:
            if system.begins_anew:
                shutil.rmtree(environment.get("STATE_DIRECTORY", system.config.with_name("state")), ignore_errors=True)
            write_environment(stand.data / "environment", environment | {"SENTINEL_CONFIG": str(system.config)})
            return asyncio.run(run(system, stand, options, environment, record))
    except (SettingsError, ChildFailedError) as error:
        print(error, file=sys.stderr)
        return 1


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Run a system, Sentinel and a sink on loopback.")
    parser.add_argument("system", nargs="?", default=NAMES[0], help=f"one of {', '.join(NAMES)} (default: {NAMES[0]})")
    parser.add_argument("--data", type=Path, default=running.FOLDER, help="directory for all that is written")
    parser.add_argument(
        "--without-sentinel", action="store_true", help="only the system and the sink, to watch by other means"
    )
    return parser.parse_args(arguments)


def refuse_taken(system: System, ports: Ports) -> None:
    """SettingsError when one of the ports is in use."""
    uses = {"service": ports.service, "sink's page": ports.sink, "sink's mail": ports.smtp, "Sentinel": ports.web}
    uses |= {"status page": ports.public} if system.public else {}
    uses |= {"PostgreSQL": ports.postgres} if system.postgres else {}
    uses |= {"Redis": ports.redis} if system.redis else {}
    uses |= {"service's HTTPS": ports.tls, "service's plain HTTP": ports.plain} if system.https else {}
    for use, port in uses.items():
        try:
            listen(port)[0].close()
        except OSError:
            hint = "stop what uses it, or choose other ports: make run PORT_BASE=9000"
            raise SettingsError(f"port {port} (for the {use}) is taken; {hint}") from None


def demo_environment(system: System, stand: Stand) -> dict[str, str]:
    """What the configuration of the system refers to. Every address in it is a loopback address."""
    sink = f"http://127.0.0.1:{stand.ports.sink}"
    return {
        **system.environment(stand),
        "SENTINEL_SMTP_PORT": str(stand.ports.smtp),
        "SENTINEL_WEB_PORT": str(stand.ports.web),
        "SENTINEL_STATUS_PORT": str(stand.ports.public),
        "SLACK_API_URL": f"{sink}/slack/api/",
        "SLACK_WEBHOOK_URL": f"{sink}/slack/hook",
        "SLACK_BOT_TOKEN": SLACK_TOKEN,
        "WEBHOOK_URL": f"{sink}/webhook",
        "WEBHOOK_SECRET": WEBHOOK_SECRET,
        "SENTINEL_ADMIN_PASSWORD": ADMIN_PASSWORD,
        "HEARTBEAT_URL": f"{sink}/alive",
        "HEARTBEAT_EVERY": "10s",
        "DEPLOY_ROLLBACK": str(ROOT / "examples" / system.name.replace("-", "_") / "rollback"),
        "DEPLOY_SERVICE_URL": stand.url,
        "DEPLOY_PYTHON": sys.executable,
        **SOONER,
    }


def own_state(data: Path) -> dict[str, str]:
    """Where Sentinel keeps its state: beside the configuration as ever, unless the demo was given a folder of its own."""
    return {} if data == running.FOLDER else {"STATE_DIRECTORY": str(data.resolve() / "sentinel")}


def write_environment(file: Path, environment: Mapping[str, str]) -> None:
    """For the shell of whoever asks Sentinel from another terminal; readable by its owner alone."""
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in environment.items()]
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
        output.writelines(lines)


async def run(
    system: System, stand: Stand, options: argparse.Namespace, environment: Mapping[str, str], record: Record
) -> int:
    """Until SIGINT, SIGTERM or SIGHUP, or until a child fails (ChildFailedError); all children are stopped then."""

    def started(sentinel: int) -> None:
        record.write(sentinel=sentinel)

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with programs(system, stand, environment) as children:
        try:
            await until_either(stop, start_all(children, system, stand, started, not options.without_sentinel))
            if not stop.is_set():
                print(welcome(system, stand, with_sentinel=not options.without_sentinel), flush=True)
                await until_either(stop, revival.watch(children, started))
        finally:
            record.write(sentinel=None)  # its number is soon free for another process
        print("stopping", flush=True)
    return 0


async def start_all(
    children: Children, system: System, stand: Stand, started: Callable[[int], None], with_sentinel: bool
) -> None:
    """The system, the sink, then Sentinel, each once the one before answers."""
    await start_system(children, system, stand)
    ports, data = stand.ports, stand.data
    listening = ("--smtp-port", str(ports.smtp), "--http-port", str(ports.sink))
    child = await children.start("sink", module("examples.sink", *listening, "--data", str(data / "sink")), relay)
    await child.until_ready(f"http://127.0.0.1:{ports.sink}/messages.json")
    if with_sentinel:
        child = await children.start(revival.SENTINEL, module("sentinel", "--config", str(system.config)))
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


def welcome(system: System, stand: Stand, *, with_sentinel: bool) -> str:
    data = shown(stand.data)
    public = (
        f"  for everybody http://127.0.0.1:{stand.ports.public}/    (the public status page)\n" if system.public else ""
    )
    hints = _hints(stand.data)
    given = {"system": system, "ports": stand.ports, "data": data, "public": public, **hints}
    return WELCOME.format(watched=WATCHED.format(**given) if with_sentinel else "", **given)


def _hints(data: Path) -> dict[str, str]:
    """The commands of the next terminal; those of make know the usual folder alone."""
    if data == running.FOLDER:
        return {"crash": "make crash", "break_it": "make break FAULT=slow", "mend": "make mend FAULT=slow"}
    command, there = ".venv/bin/python -m examples.demo.", f"--data {shown(data)}"
    slow = f"{command}break slow"
    return {"crash": f"{command}crash {there}", "break_it": f"{slow} {there}", "mend": f"{slow} --off {there}"}


def shown(path: Path) -> Path:
    """As a person in the project's folder writes it."""
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


if __name__ == "__main__":
    sys.exit(main())
