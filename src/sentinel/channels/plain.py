"""A message as plain text, for receivers that have one field for it: a line for each fact, the body, and the rows."""

from collections.abc import Callable, Iterable, Iterator

from sentinel.channels.attachments import row_text
from sentinel.channels.render import Words


def plain(said: Words, limit: int) -> str:
    """The words below the subject, in at most so many characters; who says so stands last, whatever is left out."""
    return fitting(_lines(said), limit - len(said.footer) - 1) + f"\n{said.footer}"


def fitting(lines: Iterable[str], limit: int, measure: Callable[[str], int] = len) -> str:
    """As many of the lines as fit, and a last one that counts the others.

    Args:
        lines: the lines, what matters most first.
        limit: of the whole text.
        measure: how long a text is.
    """
    todo = list(lines)
    if measure(text := "\n".join(todo)) <= limit:
        return text
    kept: list[str] = []
    room = limit - measure(more(len(todo)))
    for line in todo:
        room -= measure(line) + 1
        if room < 0:
            break
        kept.append(line)
    return "\n".join([*kept, more(len(todo) - len(kept))])


def within(text: str, limit: int) -> str:
    """The text, cut to so many UTF-16 units with an ellipsis as the last: for receivers that count as Java and JavaScript do."""
    units = text.encode("utf-16-le", "replace")
    if len(units) <= 2 * limit:
        return text
    return units[: 2 * (limit - 1)].decode("utf-16-le", "ignore").rstrip() + "…"


def units(text: str) -> int:
    """How many UTF-16 units the text has."""
    return len(text.encode("utf-16-le", "replace")) // 2


def more(count: int) -> str:
    """What stands for what was left out."""
    return f"… and {count} more"


def _lines(said: Words) -> Iterator[str]:
    yield from (f"{line.label}: {line.text}" for line in said.lines)
    yield from said.body.splitlines()
    yield from map(row_text, said.rows)
