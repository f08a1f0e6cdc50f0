"""The public status page of a running Sentinel, on a real store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from sentinel.app.keeper import NotDone
from sentinel.app.posting import AskedPost, AutomaticPosts, PostVerbs
from sentinel.app.public import PublicPage
from sentinel.base.redact import Secret
from sentinel.core.component import Condition
from sentinel.core.deployment.deployment import Deployment
from sentinel.core.deployment.standing import window_of
from sentinel.core.holding import begin
from sentinel.core.matcher import Matcher
from sentinel.core.plan import StorePlan
from sentinel.core.posting import Stage
from sentinel.core.recurrence import Once
from sentinel.core.result import Result
from sentinel.core.slo import SPAN, Rollup
from sentinel.core.window import Window
from sentinel.store.database import Store
from sentinel.web.public.faces import files
from tests.kit.broken_store import MissingTable
from tests.kit.calm import Calm
from tests.kit.clock import FakeClock
from tests.kit.public import PAGE
from tests.kit.scene import CANARY, broken, check, plan, well

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sentinel.core.result import Measurement
    from sentinel.reports.public import PublicComponent, PublicDocument

CHECKS = ("pay-api", "pay-db", "portal")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)  # the clock begins at three on that day


class Awake:
    """Nothing has kept Sentinel from looking."""

    def watched_since(self, started_at: datetime) -> datetime:
        return started_at


class Running(Calm):
    """Fits `sentinel.app.public.Around`."""

    eyes = Awake()

    def __init__(self, store: Store, clock: FakeClock, folder: Path, *windows: Window) -> None:
        page = replace(PAGE, automatic_after=timedelta(minutes=5))
        whole = plan(*(check(name) for name in CHECKS), folder=folder)
        secrets = (Secret(CANARY),)
        super().__init__(replace(whole, status_page=page, windows=windows, secrets=secrets), store, clock)
        self.started_at = clock.now()
        self.page = PublicPage(self)
        self.posts = PostVerbs(store, clock, lambda: self.plan, self.page.forget)
        self.automatic = AutomaticPosts(self)

    def find(self, name: str, *measurements: Measurement) -> None:
        """Let a check find these, one after the other, the last of them now."""
        now = self.clock.now()
        for back, measurement in zip(range(len(measurements) - 1, -1, -1), measurements, strict=True):
            at = now - timedelta(seconds=back)
            self.pipeline.accept(Result(check=name, scheduled_at=at, finished_at=at, measurement=measurement))

    async def document(self) -> PublicDocument:
        found = await self.page.document()
        assert found is not None
        return found

    async def component(self, slug: str) -> PublicComponent:
        return next(one for one in (await self.document()).components if one.slug == slug)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def store(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Store]:
    opened = await Store.open(StorePlan(url=Secret(f"sqlite:///{tmp_path}/sentinel.db")), clock)
    yield opened
    await opened.close()


@pytest.fixture
def running(store: Store, clock: FakeClock, tmp_path: Path) -> Running:
    return Running(store, clock, tmp_path)


async def counted(store: Store, start: datetime, spans: int, *, check: str = "portal", down: bool = False) -> None:
    """So many spans in a row that were up or down all the time."""
    seconds = SPAN.total_seconds()
    up, out = (0.0, seconds) if down else (seconds, 0.0)
    whole = Rollup(check=check, start=start, span=SPAN, up=up, down=out)
    await store.write(lambda tx: tx.rollups.add(replace(whole, start=start + n * SPAN) for n in range(spans)))


async def test_conditions_come_from_what_was_found(running: Running) -> None:
    running.find("pay-api", broken(), broken(), broken())
    running.find("pay-db", well())
    document = await running.document()
    assert [one.condition.value for one in document.components] == ["partial_outage", "unknown"]


async def test_uptime_is_added_up_by_days_and_over_the_checks_of_a_component(running: Running, store: Store) -> None:
    await counted(store, MIDNIGHT - DAY, 20, check="pay-api")
    await counted(store, MIDNIGHT - DAY, 20, check="pay-db", down=True)
    await counted(store, MIDNIGHT, 12, check="pay-db")
    payroll = await running.component("payroll")
    assert [day.uptime for day in payroll.days[-3:]] == [None, 0.5, 1.0]
    assert payroll.days[-2].down == timedelta(minutes=50)  # of two checks one was down for 100 minutes


async def test_the_span_that_is_not_over_counts_too(running: Running, clock: FakeClock) -> None:
    await clock.advance(minutes=1)
    running.find("portal", well(), well(), broken(), broken())
    portal = await running.component("patient-portal")
    assert portal.days[-1].uptime == pytest.approx(2 / 3)


async def test_what_lies_in_a_window_is_left_out(running: Running, store: Store) -> None:
    await counted(store, MIDNIGHT, 12)
    await counted(store, MIDNIGHT + HOUR, 12, down=True)
    window = Window(
        id="1",
        title="",
        matcher=Matcher(checks=("portal",)),
        when=Once(starts_at=MIDNIGHT + HOUR + timedelta(minutes=2), ends_at=MIDNIGHT + HOUR + timedelta(minutes=42)),
    )
    occurrence = window.next_occurrence(MIDNIGHT)
    assert occurrence is not None
    await store.write(lambda tx: tx.windows.hold([begin(window, occurrence)] * 2))
    # Of the 5 minutes in which the window begins and ends, the time is shared out.
    assert (await running.component("patient-portal")).days[-1].down == timedelta(minutes=20)


async def test_figures_of_today_are_kept_for_seconds_and_those_of_past_days_for_an_hour(
    running: Running, store: Store, clock: FakeClock
) -> None:
    await counted(store, MIDNIGHT, 12)
    assert (await running.component("patient-portal")).uptime == 1.0
    await counted(store, MIDNIGHT + HOUR, 12, down=True)
    await counted(store, MIDNIGHT - DAY, 24, down=True)
    assert (await running.component("patient-portal")).uptime == 1.0
    await clock.advance(seconds=11)
    assert (await running.component("patient-portal")).uptime == 0.5
    await clock.advance(hours=1)
    assert (await running.component("patient-portal")).uptime == 0.25


async def test_while_the_store_is_away_the_last_is_shown_with_its_time(
    running: Running, store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    await counted(store, MIDNIGHT, 12)
    await running.posts.add(AskedPost(by="ann", title="Slow"))
    before = await running.document()
    await clock.advance(minutes=10)
    with MissingTable(tmp_path / "sentinel.db", "posts"):
        document = await running.document()
    assert (document.figures_at, document.posts_at) == (before.at, before.at)
    assert document.components[1].uptime == 1.0
    assert [one.title for one in document.incidents] == ["Slow"]
    assert document.at == before.at + timedelta(minutes=10)


async def test_public_windows_are_announced_and_others_are_not(store: Store, clock: FakeClock, tmp_path: Path) -> None:
    def window(name: str, **more: object) -> Window:
        start = clock.now() + HOUR
        whole = Window(
            id=name,
            title="canary",
            matcher=Matcher(checks=("pay-*",)),
            when=Once(starts_at=start, ends_at=start + HOUR),
        )
        return replace(whole, **more)  # type: ignore[arg-type]  # whichever fields a test wants

    running = Running(store, clock, tmp_path, window("a"), window("b", public=True, public_text="New version"))
    [announced] = (await running.document()).maintenance
    assert (announced.text, announced.components, announced.under_way) == ("New version", ("Payroll",), False)
    await clock.advance(minutes=61)
    document = await running.document()
    assert document.maintenance[0].under_way
    assert document.components[0].condition is Condition.MAINTENANCE
    assert "canary" not in str(document)


async def test_a_public_deployment_is_announced_without_its_version_until_it_is_over(
    store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    one = Deployment(
        id=7,
        system="payroll",
        version="canary-2.4.1",
        by="canary",
        started_at=clock.now(),
        window_ends_at=clock.now() + HOUR,
        impact="canary",
        public=True,
    )
    running = Running(store, clock, tmp_path, window_of(one, ("pay-api",)), window_of(replace(one, id=8), ()))
    document = await running.document()
    assert [(one.components, one.ended) for one in document.deployments] == [(("Payroll",), False)]
    assert document.maintenance[0].text == "A new version is being installed"
    await clock.advance(minutes=61)
    document = await running.document()
    assert (document.maintenance, document.deployments[0].ended) == ((), True)
    assert "canary" not in str(document)


async def test_a_post_is_on_the_page_and_goes_on(running: Running) -> None:
    first = await running.posts.add(AskedPost(by="ann", title="Slow", components=("Payroll",), incident=4))
    await running.posts.add(AskedPost(by="bob", on=first.id, stage=Stage.IDENTIFIED, text="The network"))
    update = await running.posts.add(AskedPost(by="bob", on=first.id, text="Being mended"))
    assert (update.thread, update.stage) == (first.id, Stage.IDENTIFIED)
    [incident] = (await running.document()).incidents
    assert [one.text for one in incident.updates] == ["Being mended", "The network", ""]
    assert [line.by for line in await running.posts.all()] == ["bob", "bob", "ann"]


async def test_words_can_be_mended_and_taken_off(running: Running) -> None:
    first = await running.posts.add(AskedPost(by="ann", title="Slow", text="Oh no"))
    await running.posts.edit(first.id, "bob", text="We look into it", title="Slower than usual")
    [incident] = (await running.document()).incidents
    assert (incident.title, incident.updates[0].text) == ("Slower than usual", "We look into it")
    gone = await running.posts.withdraw(first.id, "bob")
    assert (gone.edited_by, gone.withdrawn_by) == ("bob", "bob")
    assert (await running.document()).incidents == ()


async def test_words_that_are_mended_make_a_thread_newer(running: Running, clock: FakeClock) -> None:
    first = await running.posts.add(AskedPost(by="ann", title="Slow"))
    await clock.advance(hours=1)
    update = await running.posts.add(AskedPost(by="ann", on=first.id, text="Mended"))
    await clock.advance(hours=1)
    await running.posts.edit(first.id, "bob", title="Slower")
    assert (await running.document()).incidents[0].updated_at == clock.now()
    await clock.advance(hours=1)
    await running.posts.withdraw(update.id, "bob")
    assert (await running.document()).incidents[0].updated_at == clock.now()


async def test_no_secret_of_the_configuration_gets_onto_the_page(running: Running) -> None:
    await running.posts.add(AskedPost(by="ann", title=f"Token {CANARY}", text=f"It is {CANARY}"))
    assert CANARY not in str(await running.document())


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (AskedPost(by="ann"), "needs a title"),
        (AskedPost(by="ann", title="Slow", components=("pay-api",)), "no component 'pay-api'"),
        (AskedPost(by="ann", on=7, text="more"), "there is no post 7"),
        (AskedPost(by="ann", on=7), "nothing to say"),
        (AskedPost(by="ann", on=7, title="Slow"), "its title and its components already"),
    ],
)
async def test_what_makes_no_sense_is_not_posted(running: Running, asked: AskedPost, says: str) -> None:
    with pytest.raises(NotDone, match=says):
        await running.posts.add(asked)


async def test_without_a_page_there_is_nothing_to_post_on(running: Running) -> None:
    running.plan = replace(running.plan, status_page=None)
    assert await running.page.document() is None
    with pytest.raises(NotDone, match="no status page"):
        await running.posts.add(AskedPost(by="ann", title="Slow"))
    await running.automatic.look()


async def test_an_outage_is_posted_once_and_ended_across_a_restart(
    running: Running, store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    running.find("portal", broken(), broken(), broken())
    for _ in range(3):
        await running.automatic.look()
        await clock.advance(minutes=3)
        running.find("portal", broken())
    again = Running(store, clock, tmp_path)
    again.find("portal", broken("canary"), broken("canary"), broken("canary"))
    await again.automatic.look()
    [incident] = (await again.document()).incidents
    assert (incident.title, incident.automatic) == ("Patient portal: Major outage", True)
    again.find("portal", well(), well())
    await again.automatic.look()
    [past] = (await again.document()).past_incidents
    assert [one.stage for one in past.updates] == [Stage.RESOLVED, Stage.INVESTIGATING]
    assert past.updates[0].text == past.updates[1].text == ""


async def test_nothing_behind_a_component_gets_into_any_face(
    running: Running, store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    hidden = Window(
        id="canary-window",
        title="canary-title",
        matcher=Matcher(checks=("portal",)),
        when=Once(starts_at=clock.now() + HOUR, ends_at=clock.now() + 2 * HOUR),
        by="canary-cid",
        why="canary-why",
        public=True,
    )
    running.reload(hidden)
    running.find("pay-api", *[broken("canary-explanation of 127.0.0.1")] * 3)
    await running.automatic.look()
    post = await running.posts.add(AskedPost(by="canary-ann", title="Slow", components=("payroll",), incident=4711))
    await running.posts.edit(post.id, "canary-bob", text="It is being mended")
    made = files(await running.document(), PAGE.words)
    whole = b"".join(file.body + file.etag.encode() for file in made.values())
    for secret in (b"canary", b"4711", b"pay-api", b"pay-db", b"127.0.0.1", b"critical", b"CRITICAL"):
        assert secret not in whole, secret
