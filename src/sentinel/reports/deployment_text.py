"""Deployments as text for people at a terminal; works on the JSON form of documents. Times are in UTC."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sentinel.base.units import Unit, format_lasted, format_paced, format_value
from sentinel.reports.text import Json, Look, clean, columns, moment

#: Comparisons of one point that are shown: the worst. `--json` and the report have all of them.
MOST_COMPARED = 5

#: Checks of one verification that are shown, those that do not pass.
MOST_CHECKS = 10

#: Lines of the timeline that are shown: the latest.
MOST_STEPS = 15

#: A terminal that is narrower than this has each deployment of a list on two lines.
_NARROW = 90

_HEADING = ("id", "system", "version", "started", "lasted", "by", "how it stands")

#: What each word is as bad as, for its colour.
_TONES = {
    "pass": "OK", "passed": "OK", "done": "OK", "sent": "OK", "rolled_back": "WARNING",
    "accepted": "WARNING", "proposed": "WARNING",
    "fail": "CRITICAL", "failed": "CRITICAL", "rollback_failed": "CRITICAL", "interrupted": "CRITICAL", "dead": "CRITICAL",
    "rolling_back": "CRITICAL", "inconclusive": "UNKNOWN", "unwatched": "UNKNOWN",
}  # fmt: skip


# --- A list -----------------------------------------------------------------------------------------------------------


def deployments(rows: Sequence[Json], now: datetime, look: Look) -> str:
    """A list of deployments, in the order in which it comes.

    Args:
        rows: each a `DeploymentLine` in its JSON form.
        now: aware.
        look: how it is laid out.
    """
    if not rows:
        return "No deployments.\n"
    if look.width < _NARROW:
        return "\n".join(line for row in rows for line in _short(row, now, look)) + "\n"
    lines = columns([_HEADING, *(_cells(row, now) for row in rows)], look)
    return "\n".join(lines) + "\n"


def _cells(row: Json, now: datetime) -> tuple[str, ...]:
    return (
        str(row["id"]),
        clean(row["system"]),
        _versions(row),
        _moment(row["started_at"], now),
        _lasted(row, now),
        clean(row["by"]),
        _standing(row),
    )


def _short(row: Json, now: datetime, look: Look) -> Iterator[str]:
    """Two lines of one, for narrow terminals."""
    word = _outcome(row)
    yield f"#{row['id']} {look.bold(clean(row['system']))} {_versions(row)}  {_painted(word, look)}"
    facts = f"{_moment(row['started_at'], now)}, {_lasted(row, now)}, by {row['by']}"
    text = "" if row["text"] in (word, word.replace("_", " ")) else f": {row['text']}"
    yield from map(look.dim, look.paragraph(facts + text, 2))


def _standing(row: Json) -> str:
    """How it stands or what came of it, with the reason where there is one."""
    word = _outcome(row).replace("_", " ")
    text = clean(row["text"])
    return text if not text or text == word or text.startswith(word) else f"{word}: {text}"


def _outcome(row: Json) -> str:
    return str(row["ending"] or row["phase"])


def _versions(row: Json) -> str:
    came = f" (from {clean(row['from_version'])})" if row["from_version"] else ""
    return (clean(row["version"]) or "no version known") + came


def _lasted(row: Json, now: datetime) -> str:
    until = moment(row["ended_at"]) if row["ended_at"] else now
    return format_lasted(max((until - moment(row["started_at"])).total_seconds(), 0.0))


def _moment(text: str, now: datetime) -> str:
    at = moment(text)
    return f"{at:%H:%M}" if at.date() == now.date() else f"{at:%Y-%m-%d %H:%M}"


def _painted(word: str, look: Look) -> str:
    said = word.replace("_", " ")
    tone = _TONES.get(word)
    return look.severity(tone).replace(tone, said) if tone else look.bold(said)


# --- One --------------------------------------------------------------------------------------------------------------


def deployment(document: Json, now: datetime, look: Look) -> str:
    """Everything that matters of one deployment now: what it is, its watch, its rollback, what happened last.

    Args:
        document: a `DeploymentDocument` in its JSON form.
        now: aware; for what is still to come.
        look: how it is laid out.
    """
    lines = [*_head(document, now, look), *_watch(document, look), *_broken(document, look)]
    lines += [*_rollback(document, now, look), *_verifications(document, look), *_suspects(document, now, look)]
    lines += [*_told(document, look), *_timeline(document, look)]
    return "\n".join(lines) + "\n"


def _head(document: Json, now: datetime, look: Look) -> Iterator[str]:
    line = document["line"]
    name = look.bold(f"Deployment {line['id']}: {clean(line['system'])} {_versions(line)}")
    yield f"{name}  {_painted(_outcome(line), look)}"
    started = moment(line["started_at"])
    facts = [line["environment"], f"ref {line['ref']}" if line["ref"] else "", f"by {line['by']}"]
    facts.append(
        f"started {started:%Y-%m-%d %H:%M} UTC, {'lasted' if line['ended_at'] else 'for'} {_lasted(line, now)}"
    )
    facts.append(f"backup {document['backup_id']}" if document["backup_id"] else "")
    yield from map(look.dim, look.paragraph(" · ".join(fact for fact in facts if fact), 0))
    if line["text"] and line["text"] != _outcome(line).replace("_", " "):
        yield from look.paragraph(line["text"], 0)
    yield from look.paragraph(_window(document, now), 0)


def _window(document: Json, now: datetime) -> str:
    """How long it was to take, and whether it did."""
    line = document["line"]
    planned, began = moment(line["window_ends_at"]), moment(line["started_at"])
    down = ", down is expected" if document["expects_down"] else ""
    seen = document.get("down_for")
    was = f"; seen down for {format_lasted(seen)}" if seen else ""
    if ended := document.get("window_ended_at"):
        took = format_lasted((moment(ended) - began).total_seconds())
        over = (
            f", {format_lasted((moment(ended) - planned).total_seconds())} too long" if moment(ended) > planned else ""
        )
        return f"Window until {planned:%H:%M} UTC{down}; it took {took}{over}{was}."
    left = (planned - now).total_seconds()
    ends = f"{format_lasted(left)} left" if left > 0 else f"over for {format_lasted(-left)}"
    return f"Window until {planned:%H:%M} UTC{down}, {ends}{was}."


def _watch(document: Json, look: Look) -> Iterator[str]:
    if not document["watch_began_at"]:
        return
    yield ""
    upcoming = document["next_point_at"]
    ends = f"until {moment(document['watch_ends_at']):%H:%M:%S} UTC"
    further = f", judged next at {moment(upcoming):%H:%M:%S}" if upcoming and not document["line"]["ended_at"] else ""
    yield f"{look.bold('Watch')} {ends}{further}"
    for one in document["judgements"]:
        yield from point(one, look)
    if not document["judgements"]:
        yield "  not judged yet"


def point(judgement: Json, look: Look) -> Iterator[str]:
    """What one point of a watch says: its verdict, and the figures that decided.

    Args:
        judgement: a `Judgement` in its JSON form.
        look: how it is laid out.
    """
    after = format_paced(judgement["after"])
    last = ", the last" if judgement["final"] else ""
    yield f"  {_painted(judgement['judged'], look)} after {after}{last}"
    if judgement["text"]:
        yield from look.paragraph(judgement["text"], 4)
    for breach in judgement["breaches"]:
        yield from look.paragraph(f"{_words(breach['criterion'])}: {breach['text']}", 4)
    compared = judgement["comparisons"]
    worst = [one for one in compared if one["judged"] == "fail"] or compared
    said, worst = judgement["text"], worst[:MOST_COMPARED]
    for one in worst:
        if not one["text"] or one["text"] not in said:
            yield from look.paragraph(one["text"] or comparison(one), 4)
    if len(compared) > len(worst):
        yield look.dim(f"    {len(compared)} figures compared in all")


def comparison(one: Json) -> str:
    """A comparison without a sentence of its own: `time of login: 0.4 s, was 0.25 s (96 and 540 results)`."""
    unit = Unit(one["unit"])
    now, was = (("-" if one[side] is None else format_value(one[side], unit)) for side in ("after", "before"))
    what = f"{one['measure']} of {clean(one['check']) or 'all checks'}"
    return f"{what}: {now}, was {was} ({one['after_samples']} and {one['before_samples']} results)"


def _words(word: str) -> str:
    return clean(word).replace("_", " ")


def _broken(document: Json, look: Look) -> Iterator[str]:
    if broken := document["broken"]:
        yield ""
        yield from look.paragraph(f"Failed, {_words(broken['criterion'])}: {broken['text']}", 0)


def _rollback(document: Json, now: datetime, look: Look) -> Iterator[str]:
    one = document["rollback"]
    if not one:
        return
    to = "to the version before" if one["quick"] else f"to backup {clean(one['backup_id'])}"
    by = clean(one["by"]) or (f"the escalation of incident {one['incident']}" if one["incident"] else "Sentinel")
    yield ""
    yield f"{look.bold('Rollback')} {to}, ordered by {by}  {_painted(one['state'], look)}"
    yield from look.paragraph(f"because {one['reason']}", 2)
    runs = moment(one["runs_at"])
    if one["state"] == "ordered" and runs > now:
        left = format_lasted((runs - now).total_seconds())
        number = document["line"]["id"]
        yield from look.paragraph(
            f"runs at {runs:%H:%M:%S} UTC, in {left}; `sentinel deploy veto {number} --why …` stops it", 2
        )
    for wrote in one["text"].splitlines():
        yield from look.paragraph(wrote, 2)
    if one["verification"]:
        yield from _verification(one["verification"], look)


def _verifications(document: Json, look: Look) -> Iterator[str]:
    if not document["verifications"]:
        return
    yield from ("", look.bold("Verifications"))
    for one in document["verifications"]:
        yield from _verification(one, look)


def _verification(one: Json, look: Look) -> Iterator[str]:
    """What was verified, and each check that does not pass."""
    tags = ", ".join(map(clean, one["tags"])) or "all checks"
    at, checks = moment(one["began_at"]), one["checks"]
    bad = [check for check in checks if check["outcome"] != "pass" or check["severity"] not in ("OK", "WARNING")]
    known = len(checks) + one.get("left_out", 0)
    took = f", {format_lasted((moment(one['ended_at']) - at).total_seconds())}" if one["ended_at"] else ""
    of = max(one["planned"], known)
    yield f"  {at:%H:%M} {tags}: {_painted(judged(one), look)}, {known - len(bad)} of {of} pass{took}"
    for check in bad[:MOST_CHECKS]:
        yield from look.paragraph(f"{check['name']}: {check['explanation']}", 4)
        if check["hint"]:
            yield from map(look.dim, look.paragraph(check["hint"], 6))
    if len(bad) > MOST_CHECKS:
        yield f"    and {len(bad) - MOST_CHECKS} more"


def judged(verification: Json) -> str:
    """What `Verification.judged` says, of the JSON form."""
    checks = verification["checks"]
    if any(check["outcome"] == "fail" or check["severity"] == "CRITICAL" for check in checks):
        return "fail"
    return "inconclusive" if not checks or any(check["outcome"] == "unknown" for check in checks) else "pass"


def _suspects(document: Json, now: datetime, look: Look) -> Iterator[str]:
    if not document["incidents"]:
        return
    yield from ("", look.bold("Incidents that may come of it"))
    for one in document["incidents"]:
        ended = "resolved" if one["resolved_at"] else "open"
        word = look.severity(one["severity"], 8)
        yield f"  #{one['id']}  {word}  {clean(one['check'])}, {_moment(one['opened_at'], now)}, {ended}"
        yield from look.paragraph(one["explanation"], 4)


def _told(document: Json, look: Look) -> Iterator[str]:
    """How telling went, in a line; the report says of each message where it is."""
    told = document["told"]
    if not told:
        return
    arrived = sum(one["state"] == "sent" for one in told)
    lost = [one for one in told if one["state"] == "dead"]
    yield ""
    yield f"{look.bold('Told')} {arrived} of {len(told)} messages have arrived{f', {len(lost)} given up' if lost else ''}"
    for one in lost[:MOST_COMPARED]:
        to = f"{one['channel']} {one['recipient']}".strip()
        yield from look.paragraph(f"{_words(one['kind'])} to {to}: {one.get('reason', '')}", 2)


def _timeline(document: Json, look: Look) -> Iterator[str]:
    entries = document["timeline"]
    if not entries:
        return
    yield from ("", look.bold("Timeline"))
    if len(entries) > MOST_STEPS:
        yield look.dim(f"  {len(entries) - MOST_STEPS} earlier lines: `sentinel deploy report` has all of them")
    began = moment(document["line"]["started_at"])
    for entry in entries[-MOST_STEPS:]:
        at = moment(entry["at"])
        took = f" ({format_lasted(entry['took'])})" if entry["took"] is not None else ""
        by = f" by {entry['by']}" if entry["by"] else ""
        text = f": {entry['text']}" if entry["text"] else ""
        yield from _beside(
            f"  {at:%H:%M:%S}  {since_start(at, began):<5} ", f"{_words(entry['kind'])}{by}{text}{took}", look
        )


def _beside(first: str, text: str, look: Look) -> Iterator[str]:
    """Text beside what stands before its first line."""
    lines = look.paragraph(text, len(first))
    yield first + lines[0][len(first) :]
    yield from lines[1:]


def since_start(at: datetime, began: datetime) -> str:
    """Whole minutes since a deployment began, as plans of deployments have them: `T+7`, `T-2`, `T+0`."""
    minutes = int((at - began).total_seconds() // 60)
    return f"T{minutes:+d}"
