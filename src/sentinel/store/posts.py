"""Posts of the public status page, those that were taken off it too."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, or_, select, update

from sentinel.core.posting import Draft, Post, Stage
from sentinel.store.codec import POST, readable
from sentinel.store.moments import micros
from sentinel.store.tables import posts
from sentinel.store.upsert import insert_into


class Posts:
    """The table of posts, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, drafts: Iterable[Draft]) -> list[Post]:
        """Number these drafts and keep them. The latest of a thread says whether all of it is closed."""
        number = self.last_id()
        added = [draft.numbered(number + count) for count, draft in enumerate(drafts, start=1)]
        for post in added:
            self._put(post)
            closed_at = micros(post.at) if post.stage is Stage.RESOLVED else None
            self._connection.execute(update(posts).where(posts.c.thread == post.thread).values(closed_at=closed_at))
        return added

    def change(self, post: Post) -> None:
        """Put a post in the place of the one with its number."""
        values = {"version": POST.version, "body": POST.encode(post)}
        self._connection.execute(update(posts).where(posts.c.id == post.id).values(**values))

    def get(self, number: int) -> Post | None:
        """The post of that number."""
        return next(iter(self._read(select(posts).where(posts.c.id == number))), None)

    def thread(self, number: int) -> list[Post]:
        """The posts of one thread, the oldest first."""
        return self._read(select(posts).where(posts.c.thread == number).order_by(posts.c.id))

    def since(self, since: datetime, limit: int = 2_000) -> list[Post]:
        """The posts of threads that are open or were closed at or after a moment, the newest first; at most `limit`."""
        asked = select(posts).where(or_(posts.c.closed_at.is_(None), posts.c.closed_at >= micros(since)))
        return self._read(asked.order_by(posts.c.id.desc()).limit(limit))

    def last_id(self) -> int:
        """The highest number given so far; 0 when there was none."""
        highest: int | None = self._connection.execute(select(func.max(posts.c.id))).scalar_one()
        return highest or 0

    def purge(self, before: datetime, limit: int) -> int:
        """Delete at most `limit` posts of threads that were closed before a moment. The newest stays, with its number."""
        old = select(posts.c.id).where(posts.c.closed_at < micros(before), posts.c.id < self.last_id())
        chosen = old.order_by(posts.c.id).limit(limit).scalar_subquery()
        return self._connection.execute(delete(posts).where(posts.c.id.in_(chosen))).rowcount

    def _put(self, post: Post) -> None:
        values = {"thread": post.thread, "version": POST.version, "body": POST.encode(post)}
        self._connection.execute(insert_into(self._connection, posts).values(id=post.id, **values))

    def _read(self, asked: Select[Any]) -> list[Post]:
        return list(readable("posts", self._connection.execute(asked), lambda row: row.id, _post))


def _post(row: Row[Any]) -> Post:
    return POST.decode(row.body, row.version)
