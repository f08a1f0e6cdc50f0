"""An incident that opens while a deployment goes on, or soon after, names it as suspect, in every message and after a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentinel.core.incident import Close
from tests.kit.deploying import Release, configured
from tests.kit.scene import broken, well

if TYPE_CHECKING:
    from pathlib import Path

    from sentinel.core.notification import Notification
    from sentinel.store.database import Store
    from tests.kit.clock import FakeClock


async def rows(release: Release) -> list[Notification]:
    """Messages about incidents."""
    await release.pipeline.flush()
    return [row for row in await release.every_row() if row.message.incident is not None]


async def test_an_incident_during_the_watch_names_the_deployment_once_on_its_timeline(release: Release) -> None:
    await release.start()
    await release.watch()
    await release.find("page", *[broken()] * 5)
    incident = release.incident("page")
    assert incident is not None
    assert incident.suspect == 1
    timeline = await release.store.read(lambda tx: tx.incidents.timeline(incident.id))
    named = [line.text for line in timeline if line.kind == "suspected"]
    assert len(named) == 1
    assert named[0].startswith("it may come of deployment 1 of payroll 2.4.1, which began")
    assert [row.message.suspect.version for row in await rows(release) if row.message.suspect] == ["2.4.1"]


async def test_trouble_of_another_system_or_from_before_has_no_suspect(release: Release) -> None:
    await release.find("page", *[broken()] * 3)
    await release.start(anyway=True)
    await release.watch()
    await release.find("elsewhere", *[broken()] * 3)
    for name in ("page", "elsewhere"):
        incident = release.incident(name)
        assert incident is not None
        assert incident.suspect == 0


async def test_for_an_hour_after_its_end_it_is_a_suspect_and_then_no_more(release: Release) -> None:
    await release.start()
    await release.desk.finish(1, "ci")
    await release.follow(minutes=59)
    await release.find("page", *[broken()] * 3)
    await release.follow(minutes=2)
    await release.find("login", *[broken()] * 3)
    early, late = release.incident("page"), release.incident("login")
    assert early is not None
    assert late is not None
    assert (early.suspect, late.suspect) == (1, 0)


async def test_after_a_restart_the_end_of_the_incident_still_names_it(
    tmp_path: Path, store: Store, clock: FakeClock
) -> None:
    async with Release(configured(tmp_path), store, clock) as release:
        await release.start()
        await release.watch()
        await release.find("page", *[broken()] * 3)
    async with Release(configured(tmp_path), store, clock) as release:
        await release.follow(seconds=1)
        await release.find("page", well(), well())
        assert release.incident("page") is None
        last = (await rows(release))[-1].message
        assert last.kind == "resolved"
        assert last.suspect is not None
        assert last.suspect.id == 1


async def test_the_document_lists_what_may_come_of_it(release: Release) -> None:
    await release.start()
    await release.watch()
    await release.find("page", *[broken()] * 3)
    incident = release.incident("page")
    assert incident is not None
    await release.pipeline.meet(incident.id, Close(by="ann", why="known"))
    document = await release.desk.one(1)
    assert [(line.check, line.resolved_at is not None) for line in document.incidents] == [("page", True)]


async def test_an_incident_goes_on_naming_its_suspect_when_another_deployment_has_begun(
    tmp_path: Path, store: Store, clock: FakeClock
) -> None:
    async with Release(configured(tmp_path), store, clock) as release:
        await release.start()
        await release.watch()
        await release.find("page", *[broken()] * 3)
        await release.desk.finish(1, "ci")
        await release.start("2.4.2", anyway=True)
        await release.watch(2)
    async with Release(configured(tmp_path), store, clock) as release:
        await release.follow(seconds=1)
        await release.find("page", well(), well())
        suspect = (await rows(release))[-1].message.suspect
        assert suspect is not None
        assert suspect.version == "2.4.1"
