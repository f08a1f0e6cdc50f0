"""What people post on the public status page, and what Sentinel posts in their place."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from sentinel.app.keeper import NotDone
from sentinel.app.public import Around, PublicPage
from sentinel.base.clock import Clock
from sentinel.base.redact import Redactor
from sentinel.core.component import StatusPagePlan, outage_began
from sentinel.core.plan import Plan
from sentinel.core.posting import Draft, Outage, Post, Stage, Thread, automatic, threads
from sentinel.reports.public import PostLine, post_line
from sentinel.store.database import Store, Transaction

log = structlog.get_logger()

#: How far back posts are listed.
PAST = timedelta(days=90)

#: How far back Sentinel looks for what people have said of an outage.
SAID_WITHIN = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedPost:
    """A post that a person wants."""

    by: str
    stage: Stage | None = None  # None: investigating, or as the thread is
    title: str = ""
    text: str = ""
    components: tuple[str, ...] = ()  # names or slugs; empty: the whole page
    on: int = 0  # a post of the thread that it goes on with; 0: it begins one
    incident: int = 0  # that it is about, for the staff alone


class PostVerbs:
    """The questions about posts and their answers. Changes are committed when they are answered, and on the page by then."""

    def __init__(self, store: Store, clock: Clock, plan: Callable[[], Plan], changed: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._whole = plan  # what is in force
        self._changed = changed  # is called when something was posted
        self._changing = asyncio.Lock()

    async def all(self) -> Sequence[PostLine]:
        """The posts of threads that are open or were within 90 days, the newest first, with what was taken off the page.

        Raises:
            NotDone: there is no status page.
        """
        plan, since = self._plan(), self._clock.now() - PAST
        found = await self._store.read(lambda tx: tx.posts.since(since))
        return [post_line(post, plan) for post in found]

    async def add(self, asked: AskedPost) -> PostLine:
        """Post it.

        Raises:
            NotDone: there is no status page, no such component or thread, or nothing to say.
        """
        plan, now = self._plan(), self._clock.now()
        slugs = tuple(dict.fromkeys(_slug(plan, name) for name in asked.components))
        _check_whole(asked)

        def add(tx: Transaction) -> Post:
            first = _first(tx, asked.on) if asked.on else None
            stage = asked.stage or (_stage(tx, first) if first else Stage.INVESTIGATING)
            draft = Draft(
                at=now,
                stage=stage,
                thread=first.thread if first else 0,
                title=self._clean(asked.title),
                text=self._clean(asked.text),
                components=slugs,
                incident=asked.incident,
                by=asked.by,
            )
            return tx.posts.add([draft])[0]

        async with self._changing:
            post = await self._store.write(add)
        return self._done(post, "post.added", asked.by)

    async def edit(self, number: int, by: str, *, title: str = "", text: str = "") -> PostLine:
        """Put other words in the place of those of a post; empty ones leave what is there.

        Raises:
            NotDone: there is no such post, it has no title, or there are no other words.
        """
        if not title and not text:
            raise NotDone("there are no other words", "give a text, or a title")

        now = self._clock.now()

        def change(post: Post) -> Post:
            if title and (post.id != post.thread or post.is_automatic):
                raise NotDone(f"post {number} has no title of its own", f"post {post.thread} began its thread")
            said = self._clean(title) or post.title, self._clean(text) or post.text
            return replace(post, title=said[0], text=said[1], edited_by=by, changed_at=now)

        return await self._change(number, change, "post.edited", by)

    async def withdraw(self, number: int, by: str) -> PostLine:
        """Take a post off the page; with the first of a thread all of it goes. It stays in the store.

        Raises:
            NotDone: there is no such post.
        """
        now = self._clock.now()
        return await self._change(
            number, lambda post: replace(post, withdrawn_by=by, changed_at=now), "post.withdrawn", by
        )

    async def _change(self, number: int, change: Callable[[Post], Post], event: str, by: str) -> PostLine:
        self._plan()

        def work(tx: Transaction) -> Post:
            changed = change(_found(tx, number))
            tx.posts.change(changed)
            return changed

        async with self._changing:
            post = await self._store.write(work)
        return self._done(post, event, by)

    def _done(self, post: Post, event: str, by: str) -> PostLine:
        log.info(event, post=post.id, thread=post.thread, by=by, stage=post.stage.value)
        self._changed()
        return post_line(post, self._plan())

    def _plan(self) -> StatusPagePlan:
        plan = self._whole().status_page
        if plan is None:
            raise NotDone("there is no status page", "the section `status_page` of the configuration makes one")
        return plan

    def _clean(self, text: str) -> str:
        return Redactor(self._whole().secrets).clean(text)


class AutomaticPosts:
    """Posts what nobody has posted yet, where the configuration wants it."""

    def __init__(self, parts: Around) -> None:
        self._parts = parts
        self._page = PublicPage(parts)

    async def look(self) -> None:
        """Begin, worsen and end automatic posts by how components are now."""
        plan, now = self._parts.plan.status_page, self._parts.clock.now()
        if plan is None or plan.automatic_after is None:
            return
        after, outages = plan.automatic_after, self._outages(plan, now)

        def post(tx: Transaction) -> list[Post]:
            return tx.posts.add(automatic(outages, _past(tx, now), after, now))

        # Looked at without the writer first: nearly always there is nothing to do.
        if await self._parts.store.read(lambda tx: bool(automatic(outages, _past(tx, now), after, now))):
            for made in await self._parts.store.write(post):
                log.info("post.added", post=made.id, thread=made.thread, stage=made.stage.value)

    def _outages(self, plan: StatusPagePlan, now: datetime) -> list[Outage]:
        conditions, known = self._page.look(plan, now)
        return [
            Outage(component=one, condition=conditions[one.slug], began_at=outage_began(known[one.slug]))
            for one in plan.components
        ]


def _past(tx: Transaction, now: datetime) -> list[Thread]:
    return threads(tx.posts.since(now - SAID_WITHIN), withdrawn=True)


def _check_whole(asked: AskedPost) -> None:
    if asked.on and (asked.title or asked.components):
        raise NotDone("an update goes on with a thread, which has its title and its components already")
    if asked.on and not (asked.text or asked.stage):
        raise NotDone("there is nothing to say", "give a text, or a state")
    if not asked.on and not asked.title:
        raise NotDone("a new thread needs a title")


def _slug(plan: StatusPagePlan, name: str) -> str:
    component = plan.find(name)
    if component is None:
        known = ", ".join(repr(one.name) for one in plan.components[:20])
        raise NotDone(f"the status page has no component {name!r}", f"there are: {known}")
    return component.slug


def _found(tx: Transaction, number: int) -> Post:
    post = tx.posts.get(number)
    if post is None:
        raise NotDone(f"there is no post {number}", "`sentinel posts` lists them")
    return post


def _first(tx: Transaction, number: int) -> Post:
    return _found(tx, _found(tx, number).thread)


def _stage(tx: Transaction, first: Post) -> Stage:
    return tx.posts.thread(first.thread)[-1].stage
