"""What people ask about deployments: begun, steered and ended, refused in words where it makes no sense."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sentinel.app.deploying.desk import MOST_LINES
from sentinel.app.keeper import NotDone
from sentinel.core.deployment.deployment import Ending, Entry, Phase, Ran
from tests.kit.scene import MINUTE, broken

if TYPE_CHECKING:
    from tests.kit.deploying import Release


async def test_a_start_opens_a_window_and_tells_the_stakeholders(release: Release) -> None:
    started = await release.start(window=20 * MINUTE, expects_down=True)
    assert (started.id, started.version, started.phase) == (1, "2.4.1", Phase.UNDER_WAY)
    assert await release.told_kinds() == ["deployment_started"]
    await release.find("page", *[broken()] * 4)
    assert release.incident("page") is None
    await release.follow(minutes=21)
    await release.find("page", *[broken()] * 3)
    assert release.incident("page") is not None


async def test_a_second_of_the_same_system_is_refused_in_words(release: Release) -> None:
    await release.start()
    with pytest.raises(NotDone, match=r"deployment 1 of payroll 2\.4\.1 goes on since .* started by ci") as refused:
        await release.start("2.4.2")
    assert "sentinel deploy finish 1" in refused.value.hint


async def test_different_systems_do_not_mix(release: Release) -> None:
    await release.start()
    other = await release.start("7.0", system="hr")
    await release.find("page", *[broken()] * 4)
    await release.find("elsewhere", *[broken()] * 4)
    assert (release.incident("page"), release.incident("elsewhere")) == (None, None)
    await release.desk.finish(other.id, "ci")
    await release.find("elsewhere", *[broken()] * 3)
    assert release.incident("elsewhere") is not None
    assert release.incident("page") is None


async def test_the_version_before_is_the_last_one_that_stands(release: Release) -> None:
    await release.start("2.4.0")
    await release.desk.finish(1, "ci")
    await release.start("2.4.1")
    await release.desk.fail(2, "ci", "the migration stopped")
    started = await release.start("2.4.2")
    assert started.from_version == "2.4.0"


@pytest.mark.parametrize("version", ["", "-rf", "2.4 1", "2.4.1\n", "v" * 101, "2;reboot"])
async def test_odd_versions_are_refused(release: Release, version: str) -> None:
    with pytest.raises(NotDone):
        await release.start(version)
    assert await release.desk.all() == []


async def test_an_unknown_system_or_environment_says_what_there_is(release: Release) -> None:
    with pytest.raises(NotDone, match="no system is called 'payrol'") as refused:
        await release.start(system="payrol")
    assert "payroll" in refused.value.hint
    with pytest.raises(NotDone, match="in production, not in staging"):
        await release.start(environment="staging")


async def test_what_people_note_stands_on_the_timeline(release: Release) -> None:
    await release.start()
    document = await release.desk.note(1, "ann", "the tables are moved", timedelta(seconds=42))
    assert [(line.kind, line.by, line.took) for line in document.timeline][1:] == [
        ("note", "ann", timedelta(seconds=42))
    ]


async def test_a_timeline_takes_notes_within_bounds(release: Release) -> None:
    await release.start()
    lines = [Entry(deployment=1, at=release.clock.now(), kind="note", text="again") for _ in range(MOST_LINES)]
    await release.store.write(lambda tx: tx.deployments.note(lines))
    with pytest.raises(NotDone, match="takes no more notes"):
        await release.desk.note(1, "ann", "and again")
    await release.desk.finish(1, "ci")
    assert (await release.kinds())[-1] == "ended"


async def test_a_failed_step_is_an_incident_until_somebody_accepts_it(release: Release) -> None:
    await release.start()
    await release.desk.fail(1, "ci", "Mary Canary could not log in")
    incident = release.incident()
    assert incident is not None
    assert "canary" not in incident.verdict.explanation.lower()
    assert (await release.now()).ending is Ending.FAILED
    await release.desk.accept(1, "ann", "it is known")
    assert release.incident() is None
    assert await release.told_kinds() == ["deployment_started", "deployment_failed", "deployment_ended"]


async def test_a_rollback_by_hand_is_ordered_once(release: Release) -> None:
    await release.start()
    undone = await release.roll_back()
    assert undone.phase is Phase.ROLLING_BACK
    with pytest.raises(NotDone, match="ordered already"):
        await release.roll_back()
    assert (await release.told_kinds()).count("rollback") == 1


async def test_what_was_stopped_before_it_began_may_be_ordered_again(release: Release) -> None:
    await release.start()
    await release.roll_back()
    await release.desk.veto(1, "ben", "wait for me")
    stopped = await release.now()
    assert stopped.rollback is not None
    assert (stopped.rollback.state, stopped.ending) == (Ran.STOPPED, Ending.FAILED)
    assert (await release.roll_back()).phase is Phase.ROLLING_BACK
    assert (await release.told_kinds()).count("rollback") == 1


async def test_what_has_begun_cannot_be_stopped(release: Release) -> None:
    await release.start()
    await release.roll_back()
    await release.begin_order()
    with pytest.raises(NotDone, match="has begun"):
        await release.desk.veto(1, "ben", "wait for me")
    assert (await release.now()).phase is Phase.ROLLING_BACK


async def test_a_rollback_of_what_nobody_deployed_makes_one_without_a_version(release: Release) -> None:
    undone = await release.roll_back(quick=False, backup_id="b-17")
    assert (undone.version, undone.phase) == ("", Phase.ROLLING_BACK)
    assert undone.rollback is not None
    assert (undone.rollback.quick, undone.rollback.backup_id) == (False, "b-17")
    assert await release.kinds() == ["started", "rollback_planned"]


async def test_whither_it_is_rolled_back_has_to_be_said(release: Release) -> None:
    await release.start()
    for more in ({"quick": False}, {"backup_id": "b-17"}):
        with pytest.raises(NotDone, match="whither"):
            await release.roll_back(**more)


async def test_who_waits_for_a_change_hears_of_it(release: Release) -> None:
    await release.start()
    known = await release.desk.changed(1, 0, 0.0)
    assert await release.desk.changed(1, known, 0.0) == known
    await release.desk.note(1, "ann", "half way")
    assert await release.desk.changed(1, known, 0.0) > known


async def test_what_people_write_gets_into_no_log(release: Release, capsys: pytest.CaptureFixture[str]) -> None:
    await release.start(impact="Mary Canary waits")
    await release.desk.note(1, "ann", "asked Mary Canary")
    await release.desk.fail(1, "ci", "Mary Canary could not log in")
    await release.roll_back(reason="for Mary Canary")
    await release.desk.veto(1, "ben", "Mary Canary is fine")
    await release.desk.accept(1, "ben", "Mary Canary says so")
    assert "Canary" not in "".join(capsys.readouterr())
