"""What people ask for when they name checks, and how they are told that they named none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches

from sentinel.app.keeper import NotDone
from sentinel.core.check import Check
from sentinel.core.matcher import Matcher
from sentinel.core.silence import means

#: Nothing is silenced or expected for longer: what lasts longer belongs into the configuration.
LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What every silence and every window that a person makes has in common."""

    matcher: Matcher
    by: str
    why: str
    lasts: timedelta
    starts_at: datetime | None = None  # aware; None: now
    anyway: bool = False  # also where it means no check


def check_times(asked: Asked, now: datetime) -> datetime:
    """When what was asked starts.

    Raises:
        NotDone: it takes no time, or far too much, or is over already.
    """
    if not timedelta(0) < asked.lasts <= LONGEST:
        raise NotDone("it has to last longer than nothing, and at most 366 days")
    starts_at = asked.starts_at or now
    if starts_at + asked.lasts <= now:
        raise NotDone(f"it would be over already: it ends at {starts_at + asked.lasts:%Y-%m-%d %H:%M} UTC")
    if starts_at > now + LONGEST:
        raise NotDone("it has to start within 366 days")
    return starts_at


def check_meant(asked: Asked, checks: Sequence[Check]) -> None:
    """See that somebody said which checks, and that there are such.

    Raises:
        NotDone: neither; the hint names what is there.
    """
    matcher = asked.matcher
    if not (matcher.checks or matcher.tags or matcher.kinds):
        raise NotDone("say which checks", "name them with --check, --tag or --kind; --check '*' means all of them")
    if not asked.anyway and not any(means(matcher, check) for check in checks):
        raise NotDone(f"{matcher} means none of the {len(checks)} checks", _hint(matcher, checks))


def _hint(matcher: Matcher, checks: Sequence[Check]) -> str:
    known = [
        (sorted(matcher.checks), [check.name for check in checks]),
        (sorted(matcher.tags), sorted({tag for check in checks for tag in check.tags})),
        (sorted(matcher.kinds), sorted({check.kind for check in checks})),
    ]
    close = (get_close_matches(word, there, n=1) for words, there in known for word in words if word not in there)
    guess = next((found[0] for found in close if found), "")
    meant = f"did you mean {guess}? " if guess else ""
    return f"{meant}`sentinel --status --all` lists them; --anyway is for checks that are to come"
