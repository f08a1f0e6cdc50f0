"""What a configuration would have made of recorded results: the document behind `sentinel backtest`."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sentinel.base.units import format_duration
from sentinel.core.backtest import Episode, Fate, Pair
from sentinel.core.check import Check
from sentinel.core.rule import Severity
from sentinel.reports.documents import Document
from sentinel.reports.text import Look, clean, columns, moment

#: A difference of so many seconds is none: results are compared at the moments at which they ended.
AT_ONCE = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeLine:
    """One incident as it was, or as it would have been."""

    number: int  # 0: it is only what would have been
    opened_at: datetime
    resolved_at: datetime | None
    lasted: timedelta  # up to now where it lasts
    severity: Severity
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PairLine:
    """What was beside what would have been."""

    fate: str  # same, new or missed
    check: str
    title: str
    was: EpisodeLine | None
    would: EpisodeLine | None
    later: float | None  # seconds by which it would open later; negative: earlier


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """What was run."""

    since: datetime  # as was asked
    until: datetime
    covered_from: datetime | None  # the first recorded result; None: there is none
    keep: timedelta  # how long results are kept
    results: int
    pairs: Sequence[Pair]
    unjudged: Sequence[str]  # checks of which nothing was recorded
    untested: Sequence[str]  # checks with rules that compare with past weeks


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestDocument(Document):
    """A whole backtest."""

    at: datetime
    since: datetime
    covered_from: datetime | None
    note: str  # why less was tested than was asked; empty: everything was
    checks: int
    results: int
    counts: dict[str, int]  # same, new, missed; of the same: later, earlier, worse, milder
    unjudged: tuple[str, ...]  # checks of which nothing was recorded
    untested: tuple[str, ...]  # checks with rules that compare with past weeks, which are not tried
    pairs: tuple[PairLine, ...]


def build(tested: Tested, checks: Sequence[Check]) -> BacktestDocument:
    """The document of what was run under these checks."""
    titles = {check.name: check.label for check in checks}
    return BacktestDocument(
        at=tested.until,
        since=tested.since,
        covered_from=tested.covered_from,
        note=_note(tested),
        checks=len(checks),
        results=tested.results,
        counts=_counts(tested.pairs),
        unjudged=tuple(tested.unjudged),
        untested=tuple(tested.untested),
        pairs=tuple(_pair(pair, titles, tested.until) for pair in tested.pairs),
    )


def _note(tested: Tested) -> str:
    first = tested.covered_from
    if first is None:
        return "no results are recorded for that time"
    if first - tested.since < timedelta(hours=1):
        return ""
    kept = f": they are kept for {format_duration(tested.keep)} (store.keep.results)"
    return f"recorded results begin at {first:%Y-%m-%d %H:%M} UTC{kept if tested.keep < tested.until - tested.since else ''}"


def _counts(pairs: Sequence[Pair]) -> dict[str, int]:
    counts = Counter({fate.value: 0 for fate in Fate})
    counts.update(dict.fromkeys(("later", "earlier", "worse", "milder"), 0))
    for pair in pairs:
        counts[pair.fate.value] += 1
        counts.update(_differences(pair))
    return dict(counts)


def _differences(pair: Pair) -> Iterator[str]:
    if pair.was is None or pair.would is None or pair.later is None:
        return
    if abs(pair.later) >= AT_ONCE:
        yield "later" if pair.later > 0 else "earlier"
    if pair.was.severity is not pair.would.severity:
        yield "worse" if pair.would.severity > pair.was.severity else "milder"


def _pair(pair: Pair, titles: dict[str, str], now: datetime) -> PairLine:
    check = pair.episode.check
    return PairLine(
        fate=pair.fate.value,
        check=check,
        title=titles.get(check, check),
        was=_episode(pair.was, now),
        would=_episode(pair.would, now),
        later=pair.later,
    )


def _episode(episode: Episode | None, now: datetime) -> EpisodeLine | None:
    if episode is None:
        return None
    return EpisodeLine(
        number=episode.number,
        opened_at=episode.opened_at,
        resolved_at=episode.resolved_at,
        lasted=(episode.resolved_at or now) - episode.opened_at,
        severity=episode.severity,
        why=episode.why,
    )


# --- As text ----------------------------------------------------------------------------------------------------------

Json = dict[str, Any]

_FATES = {"same": "as it was", "new": "NEW", "missed": "NOT OPENED"}


def as_text(document: Json, look: Look) -> str:
    """The document's JSON form for a terminal; times in UTC."""
    return "\n".join(_lines(document, look)) + "\n"


def _lines(document: Json, look: Look) -> Iterator[str]:
    since = moment(document["covered_from"] or document["since"])
    span = f"{since:%Y-%m-%d %H:%M} to {moment(document['at']):%Y-%m-%d %H:%M} UTC"
    yield look.bold(f"{document['results']:,} results of {document['checks']} checks, {span}")
    if document["note"]:
        yield from look.paragraph(f"Note: {document['note']}", 2)
    if document["unjudged"]:
        yield from look.paragraph(f"Nothing is recorded of: {', '.join(map(clean, document['unjudged']))}", 2)
    if document["untested"]:
        names = ", ".join(map(clean, document["untested"]))
        yield from look.paragraph(f"Rules that compare with past weeks are not tried: {names}", 2)
    yield from (f"  {line}" for line in _summary(document["counts"]))
    if not document["pairs"]:
        return
    header = ("WHAT", "CHECK", "OPENED (UTC)", "FOR", "SEVERITY", "WHY")
    yield ""
    for line in columns([header, *(_row(pair) for pair in document["pairs"])], look):
        yield f"  {line}"


def _summary(counts: Json) -> Iterator[str]:
    if not any(counts.values()):
        yield "No incident happened, and none would have."
        return
    was = counts["same"] + counts["missed"]
    yield f"{was} happened; {counts['same'] + counts['new']} would have:"
    same = [f"{counts[word]} {word}" for word in ("later", "earlier", "worse", "milder") if counts[word]]
    yield f"{counts['same']:>5} the same" + (f" ({', '.join(same)})" if same else "")
    yield f"{counts['new']:>5} new"
    yield f"{counts['missed']:>5} would not have opened"


def _row(pair: Json) -> tuple[str, ...]:
    one = pair["would"] or pair["was"]
    number = f" {pair['was']['number']}" if pair["was"] else ""
    lasted = format_duration(one["lasted"]) + ("" if one["resolved_at"] else ", lasts")
    what = f"{_FATES[pair['fate']]}{number}"
    opened = f"{moment(one['opened_at']):%m-%d %H:%M:%S}"
    return what, clean(pair["check"]), opened, lasted, _severity(pair), f"{_shift(pair)}{clean(one['why'])}"


def _severity(pair: Json) -> str:
    was, would = (pair[side]["severity"] if pair[side] else "" for side in ("was", "would"))
    return f"{was} → {would}" if was and would and was != would else would or was


def _shift(pair: Json) -> str:
    later = pair["later"] or 0.0
    if abs(later) < AT_ONCE:
        return ""
    return f"{format_duration(abs(later))} {'later' if later > 0 else 'earlier'}: "
