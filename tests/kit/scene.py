"""A small world for documents, pages and commands: a plan, checks with a past, an incident. All times hang on `NOW`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sentinel.base.redact import Secret
from sentinel.base.units import Unit
from sentinel.core.check import Check
from sentinel.core.history import History
from sentinel.core.incident import Level, Policy
from sentinel.core.plan import Plan, StorePlan, WebPlan
from sentinel.core.result import FailureClass, Measurement, Reading, Result, failed, passed
from sentinel.core.rule import Bounds, ErrorRate, Threshold

if TYPE_CHECKING:
    from collections.abc import Iterable

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CANARY = "canary-5b1d"  # a secret of the plan; it must turn up nowhere
MINUTE = timedelta(minutes=1)
POLICY = Policy(
    name="default",
    levels=(
        Level(after=timedelta(0), channels=("mail",)),
        Level(after=15 * MINUTE, channels=("mail", "chat")),
        Level(after=30 * MINUTE, channels=("hook",)),
    ),
)
RESPONSE = Threshold(reading="response_time", unit=Unit.SECONDS, bounds=Bounds(warning=2.0, critical=5.0))
ERRORS = ErrorRate(window=60 * MINUTE, min_samples=1000, bounds=Bounds(warning=0.01, critical=0.05))


def check(name: str, **more: object) -> Check:
    """An HTTP check each minute, with the bounds of HC-8."""
    whole = Check(
        name=name, kind="http", interval=MINUTE, timeout=MINUTE / 6, main="response_time", rules=(RESPONSE, ERRORS)
    )
    return replace(whole, **more)  # type: ignore[arg-type]  # whichever fields a test wants


def plan(*checks: Check, folder: Path = Path("/srv/sentinel"), port: int | None = None) -> Plan:
    return Plan(
        name="ward",
        file=folder / "monitoring_config.json",
        fingerprint="f1",
        checks=checks,
        channels=(),
        policies={"default": POLICY},
        store=StorePlan(url=Secret(f"postgresql://sentinel:{CANARY}@127.0.0.1/{folder.name}")),
        web=WebPlan(socket=folder / "sentinel.sock", port=port),
        reports=(),
        reports_folder=folder / "reports",
    )


def well(seconds: float = 0.2) -> Measurement:
    return passed((Reading("response_time", seconds, Unit.SECONDS),))


def broken(explanation: str = "connection refused by 127.0.0.1 port 1") -> Measurement:
    return failed(FailureClass.REFUSED, explanation)


def blind() -> Measurement:
    return failed(FailureClass.NETWORK_DOWN, "this host has no route")


def history(watched: Check, measurements: Iterable[Measurement], *, until: datetime = NOW) -> History:
    """What the engine remembers after these results, one per interval, the last of them one interval before `until`."""
    past = History(watched, POLICY)
    runs = list(measurements)
    for number, measurement in enumerate(runs):
        at = until - watched.interval * (len(runs) - number)
        past.take(Result(check=watched.name, scheduled_at=at, finished_at=at, measurement=measurement))
        if past.incident is not None and past.incident.is_open and not past.incident.id:
            past.incident = replace(past.incident, id=12)
    return past
