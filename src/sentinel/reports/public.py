"""The public status page as a document: what people outside may know, and not one field more.

Whatever has no field here cannot be shown: no check, no explanation, no reading, no incident's number, no person, no host.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sentinel.core.component import (
    Component,
    ComponentGroup,
    Condition,
    Share,
    StatusPagePlan,
    condition_of_day,
    overall,
)
from sentinel.core.posting import Post, Stage, Thread
from sentinel.core.recurrence import Occurrence
from sentinel.reports.documents import FORMAT, Document

#: Threads that are over and still shown, at most.
MOST_PAST = 100

#: Windows that are announced, at most.
MOST_WINDOWS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicDay:
    """One day of a component, UTC."""

    date: str  # ISO 8601
    condition: Condition  # by its uptime
    uptime: float | None  # 0 to 1; None: nothing is known of it
    down: timedelta  # of the time in which it was judged, as the mean over what stands for it


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicComponent:
    """One component."""

    name: str
    slug: str
    description: str
    condition: Condition
    uptime: float | None  # over all days; None: nothing is known
    known: timedelta  # time that uptime is of, as the mean over what stands for it
    days: tuple[PublicDay, ...]  # the oldest first, today last


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicGroup:
    """Components under one heading."""

    name: str
    components: tuple[PublicComponent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicUpdate:
    """One posted update."""

    at: datetime
    stage: Stage
    text: str
    condition: Condition | None  # of an automatic one: what was found

    @property
    def word(self) -> str:
        """The key of the word for it. An automatic one says what was found: that somebody looks into it, nobody has said."""
        return self.stage.value if self.condition is None or self.stage is Stage.RESOLVED else self.condition.value


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicIncident:
    """What was posted about one trouble."""

    id: int  # of the thread on this page
    title: str
    components: tuple[str, ...]  # names; empty: everything
    stage: Stage
    automatic: bool
    began_at: datetime
    ended_at: datetime | None  # None while it goes on
    updated_at: datetime  # when anything of it was last posted, edited or taken off
    updates: tuple[PublicUpdate, ...]  # the newest first


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicWindow:
    """Planned maintenance, under way or to come."""

    text: str
    components: tuple[str, ...]  # names
    starts_at: datetime
    ends_at: datetime
    under_way: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicDeployment:
    """A deployment that is under way, or was over within the last hour: that there is one, of what, and when."""

    text: str
    components: tuple[str, ...]  # names
    began_at: datetime
    ends_at: datetime  # when it was to be over, or was
    ended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicDocument(Document):
    """The whole page."""

    format: int = FORMAT
    title: str
    text: str
    link: str  # public address; empty: not configured
    language: str
    at: datetime  # when this was so
    condition: Condition  # of everything together
    groups: tuple[PublicGroup, ...]
    incidents: tuple[PublicIncident, ...]  # that go on, the one that began last first
    past_incidents: tuple[PublicIncident, ...]  # that are over, likewise
    maintenance: tuple[PublicWindow, ...]  # the next first; deployments that are under way among them
    deployments: tuple[PublicDeployment, ...]  # the one that began last first
    figures_at: (
        datetime | None
    )  # when uptime was last added up; older than usual while the store is away; None: never yet
    posts_at: datetime | None  # likewise of what was posted

    @property
    def components(self) -> tuple[PublicComponent, ...]:
        return tuple(component for group in self.groups for component in group.components)

    @property
    def days(self) -> int:
        """Of each bar."""
        return max((len(component.days) for component in self.components), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """An occurrence of a window that is public."""

    text: str  # empty: nothing but that there is one
    slugs: tuple[str, ...]  # of the components that it covers
    occurrence: Occurrence
    deployment: bool = False  # whether it is a deployment's, which is announced until it is over for a while


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the page is made of."""

    conditions: Mapping[str, Condition]  # by slug
    days: Mapping[str, Mapping[date, Share]] = field(default_factory=dict)  # by slug; without what lies in windows
    threads: Sequence[Thread] = ()  # the one that began last first
    announced: Sequence[Announced] = ()
    figures_at: datetime | None = None
    posts_at: datetime | None = None


def build(plan: StatusPagePlan, known: Known, now: datetime) -> PublicDocument:
    """The page as it is at a moment; UTC."""
    groups = tuple(_group(group, plan, known, now.date()) for group in plan.groups)
    names = {component.slug: component.name for component in plan.components}
    threads = [one for one in known.threads if _is_about(one, names)]
    past = [thread for thread in threads if not thread.is_open]
    return PublicDocument(
        title=plan.title,
        text=plan.text,
        link=plan.link,
        language=plan.language,
        at=now,
        condition=overall([component.condition for group in groups for component in group.components]),
        groups=groups,
        incidents=tuple(_incident(thread, names, plan.words) for thread in threads if thread.is_open),
        past_incidents=tuple(_incident(thread, names, plan.words) for thread in past[:MOST_PAST]),
        maintenance=_maintenance(known.announced, names, plan.words, now),
        deployments=_deployments(known.announced, names, plan.words, now),
        figures_at=known.figures_at,
        posts_at=known.posts_at,
    )


def _group(group: ComponentGroup, plan: StatusPagePlan, known: Known, today: date) -> PublicGroup:
    components = tuple(_component(component, plan, known, today) for component in group.components)
    return PublicGroup(name=group.name, components=components)


def _component(component: Component, plan: StatusPagePlan, known: Known, today: date) -> PublicComponent:
    shares = known.days.get(component.slug, {})
    dates = [today - timedelta(days=back) for back in range(plan.days - 1, -1, -1)]
    whole = Share()
    for day in dates:
        whole = whole.plus(shares.get(day, Share()))
    return PublicComponent(
        name=component.name,
        slug=component.slug,
        description=component.description,
        condition=known.conditions.get(component.slug, Condition.UNKNOWN),
        uptime=_cut(whole.uptime),
        known=timedelta(seconds=round(whole.judged / max(len(component.checks), 1))),
        days=tuple(_day(day, shares.get(day, Share()), len(component.checks)) for day in dates),
    )


def _day(day: date, share: Share, checks: int) -> PublicDay:
    return PublicDay(
        date=day.isoformat(),
        condition=condition_of_day(share),
        uptime=_cut(share.uptime),
        down=timedelta(seconds=round(share.down / max(checks, 1))),
    )


def _cut(share: float | None) -> float | None:
    """Cut to a millionth, and never rounded up: what was down for a moment was not up all the time."""
    return None if share is None else int(share * 1_000_000) / 1_000_000


def _is_about(thread: Thread, names: Mapping[str, str]) -> bool:
    """Whether it is about the page, or about something that is public still."""
    return not thread.first.components or any(slug in names for slug in thread.first.components)


def _incident(thread: Thread, names: Mapping[str, str], words: Mapping[str, str]) -> PublicIncident:
    about = tuple(names[slug] for slug in thread.first.components if slug in names)
    title = thread.first.title
    if thread.worst is not None and not title:
        title = f"{', '.join(about)}: {words[thread.worst.value]}"
    return PublicIncident(
        id=thread.id,
        title=title,
        components=about,
        stage=thread.stage,
        automatic=thread.first.is_automatic,
        began_at=thread.first.at,
        ended_at=thread.ended_at,
        updated_at=thread.changed_at,
        updates=tuple(_update(post) for post in reversed(thread.posts)),
    )


def _update(post: Post) -> PublicUpdate:
    return PublicUpdate(at=post.at, stage=post.stage, text=post.text, condition=post.condition)


def _maintenance(
    announced: Sequence[Announced], names: Mapping[str, str], words: Mapping[str, str], now: datetime
) -> tuple[PublicWindow, ...]:
    windows = [
        PublicWindow(
            text=_text(one, words),
            components=tuple(names[slug] for slug in one.slugs if slug in names),
            starts_at=one.occurrence.starts_at,
            ends_at=one.occurrence.ends_at,
            under_way=one.occurrence.contains(now),
        )
        for one in announced
        if one.occurrence.ends_at > now
    ]
    return tuple(sorted(windows, key=lambda window: window.starts_at)[:MOST_WINDOWS])


def _text(one: Announced, words: Mapping[str, str]) -> str:
    return one.text or words["deployment" if one.deployment else "planned_maintenance"]


def _deployments(
    announced: Sequence[Announced], names: Mapping[str, str], words: Mapping[str, str], now: datetime
) -> tuple[PublicDeployment, ...]:
    deployments = [
        PublicDeployment(
            text=_text(one, words),
            components=tuple(names[slug] for slug in one.slugs if slug in names),
            began_at=one.occurrence.starts_at,
            ends_at=one.occurrence.ends_at,
            ended=one.occurrence.ends_at <= now,
        )
        for one in announced
        if one.deployment
    ]
    return tuple(sorted(deployments, key=lambda one: one.began_at, reverse=True)[:MOST_WINDOWS])


@dataclass(frozen=True, slots=True, kw_only=True)
class PostLine(Document):
    """One post as those who post see it; nothing of it is shown in public but what the page's own document has."""

    id: int
    thread: int
    at: datetime
    stage: Stage
    title: str
    text: str
    components: tuple[str, ...]  # names; of a component that is gone, what stood for it in addresses
    automatic: bool
    incident: int | None  # that it is about
    by: str  # empty: Sentinel
    edited_by: str
    withdrawn_by: str


def post_line(post: Post, plan: StatusPagePlan) -> PostLine:
    names = {component.slug: component.name for component in plan.components}
    return PostLine(
        id=post.id,
        thread=post.thread,
        at=post.at,
        stage=post.stage,
        title=post.title,
        text=post.text,
        components=tuple(names.get(slug, slug) for slug in post.components),
        automatic=post.is_automatic,
        incident=post.incident or None,
        by=post.by,
        edited_by=post.edited_by,
        withdrawn_by=post.withdrawn_by,
    )
