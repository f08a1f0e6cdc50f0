"""Whoever was told of trouble that a rollback ends hears what its proof came to, and its incident goes on until then."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sentinel.app.keeper import NotDone
from sentinel.core.deployment.deployment import Ending, Phase
from sentinel.core.deployment.plan import OnFail
from sentinel.core.incident import Level
from sentinel.core.notification import Sent
from sentinel.core.plan import ChannelPlan
from sentinel.core.rule import Severity
from tests.app.deploying.test_keeper import fail, undone
from tests.kit.deploying import HR, Release, configured
from tests.kit.probes import QuickProbe
from tests.kit.scene import MINUTE, POLICY, broken, well

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sentinel.core.notification import Message
    from sentinel.store.database import Store
    from tests.kit.clock import FakeClock


@pytest.fixture
async def release(tmp_path: Path, store: Store, clock: FakeClock) -> AsyncIterator[Release]:
    """Stakeholders hear by mail; who is on call is called by chat."""
    whole = configured(tmp_path, undone(OnFail.ACT, verify_within=MINUTE), HR)
    chat = ChannelPlan(name="chat", kind="slack", options=None, recipients=("",))
    on_call = replace(POLICY, levels=(Level(after=timedelta(0), channels=("chat",)),))
    whole = replace(whole, channels=(*whole.channels, chat), policies={"default": on_call})
    async with Release(whole, store, clock) as entered:
        yield entered


async def run_rollback(release: Release) -> None:
    await release.end_order(await release.begin_order(), Sent())
    await release.follow(seconds=1)
    assert (await release.now()).phase is Phase.VERIFYING


async def by_chat(release: Release) -> list[Message]:
    """What those on call were told of the rollback."""
    rows = [row for row in await release.told() if row.message.incident is None]
    return [row.message for row in rows if row.address.channel == "chat"]


async def timeline(release: Release, number: int) -> list[str]:
    lines = await release.store.read(lambda tx: tx.incidents.timeline(number))
    return [line.text for line in lines if line.kind.startswith("rollback")]


async def test_who_is_on_call_hears_that_a_rollback_has_not_helped_and_the_incident_goes_on(release: Release) -> None:
    await fail(release)
    release.equip(login=QuickProbe(broken))
    await run_rollback(release)
    await release.follow(seconds=61)
    await release.prove()
    incident = release.incident()
    assert incident is not None
    told = await by_chat(release)
    assert [one.kind.value for one in told] == ["rollback_ended", "deployment_ended"]
    assert [one.severity for one in told] == [Severity.WARNING, Severity.CRITICAL]
    assert "its checks do not prove it" in told[-1].explanation
    assert await timeline(release, incident.id) == [
        "the rollback of deployment 1 of payroll 2.4.1 was done, and its checks are run to know whether it has helped",
        "the rollback of deployment 1 of payroll 2.4.1 was done, and the checks do not prove that it has helped",
    ]


async def test_the_incident_is_over_when_the_rollback_is_proven_and_not_before(release: Release) -> None:
    await fail(release)
    await run_rollback(release)
    release.book.feed("payroll")
    incident = release.incident()
    assert incident is not None
    last = release.pipeline.histories[incident.check].last
    assert last is not None
    assert "its checks are run to know whether that has helped" in last.measurement.explanation
    await release.prove()
    assert release.incident() is None
    assert [one.severity for one in await by_chat(release)] == [Severity.WARNING, Severity.WARNING]


async def test_whose_incident_is_over_before_the_proof_hears_of_that_too(release: Release) -> None:
    await release.start()
    await release.watch()
    await release.find("page", *[broken()] * 5)
    await release.roll_back()
    await run_rollback(release)
    await release.find("page", *[well()] * 5)
    assert release.incident("page") is None
    await release.prove()
    assert (await release.now()).ending is Ending.ROLLED_BACK
    assert (await by_chat(release))[-1].kind.value == "deployment_ended"


async def test_what_was_undone_does_not_stand_because_somebody_accepts_it(release: Release) -> None:
    await fail(release)
    release.equip(login=QuickProbe(broken))
    await run_rollback(release)
    with pytest.raises(NotDone, match="its rollback is being proven: wait for it"):
        await release.desk.accept(1, "ann", "it is known")
    await release.follow(seconds=61)
    await release.prove()
    await release.desk.accept(1, "ann", "it is known")
    with pytest.raises(NotDone, match="it was accepted already by ann"):
        await release.desk.accept(1, "ben", "it is known")
    last = (await release.told())[-1].message
    assert last.severity is Severity.WARNING
    assert "what came of that is taken as it is" in last.explanation
    assert (await release.start("2.4.3", anyway=True)).from_version == ""
