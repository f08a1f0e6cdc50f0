"""Posts of the status page as text for people at a terminal; works on the JSON form of documents. Times are in UTC."""

from collections.abc import Sequence
from datetime import datetime

from sentinel.reports.text import Json, Look, clean, columns, moment

_HEADING = ("id", "thread", "at", "state", "by", "what")

#: What stands for Sentinel where nobody posted.
_ITSELF = "sentinel"


def posts(rows: Sequence[Json], now: datetime, look: Look) -> str:
    """A list of posts."""
    if not rows:
        return "Nothing was posted.\n"
    return "\n".join(columns([_HEADING, *(_cells(row, now) for row in rows)], look)) + "\n"


def post_done(row: Json, done: str) -> str:
    """What became of one post, in a sentence."""
    about = f" about {clean(', '.join(row['components']))}" if row["components"] else ""
    more = f" `sentinel post --on {row['thread']} …` goes on with it." if done == "posted" else ""
    return f"Post {row['id']} ({row['stage']}){about} is {done}.{more}\n"


def _cells(row: Json, now: datetime) -> tuple[str, ...]:
    at = moment(row["at"])
    return (
        str(row["id"]),
        str(row["thread"]),
        f"{at:%H:%M}" if at.date() == now.date() else f"{at:%Y-%m-%d %H:%M}",
        row["stage"],
        clean(row["by"]) or _ITSELF,
        _what(row),
    )


def _what(row: Json) -> str:
    about = ", ".join(row["components"])
    what = ": ".join(filter(None, (about, row["title"] or ("automatic" if row["automatic"] else ""), row["text"])))
    notes = [f"incident {row['incident']}"] if row["incident"] else []
    notes += [f"edited by {row['edited_by']}"] if row["edited_by"] else []
    notes += [f"taken off by {row['withdrawn_by']}"] if row["withdrawn_by"] else []
    return clean(what + (f" ({'; '.join(notes)})" if notes else ""))
