"""A verification as text for people at a terminal, out of its JSON form."""

from collections.abc import Iterator

from sentinel.base.units import format_duration
from sentinel.reports.text import Json, Look, clean

#: The most urgent first.
_ORDER = ("CRITICAL", "WARNING", "UNKNOWN", "OK")

#: What failed is named up to so many in the last line.
_MOST_NAMED = 5


def verification(document: Json, look: Look) -> str:
    """The table of what was run, and in the last line whether one may go on."""
    return "\n".join(_lines(document, look)) + "\n"


def heading(document: Json) -> str:
    """What is verified, such as `post, smoke of payroll (production)`."""
    tags = ", ".join(document["tags"]) or "all checks"
    where = f" ({document['environment']})" if document["environment"] else ""
    return clean(f"{tags} of {document['system'] or document['source']}{where}")


def last_line(document: Json) -> str:
    """How many passed, and what did not."""
    if not document["checks"]:
        return (
            f"nothing was run: no check carries the tag {clean(' or '.join(document['tags'])) or 'that was asked for'}"
        )
    troubled = [one["name"] for one in _ordered(document) if not holds(one)]
    more = f" and {len(troubled) - _MOST_NAMED} more" if len(troubled) > _MOST_NAMED else ""
    named = f": not {', '.join(troubled[:_MOST_NAMED])}{more}" if troubled else ""
    took = f" in {format_duration(document['took'])}" if document["took"] is not None else ""
    verb = "passes" if document["planned"] == 1 else "pass"
    return clean(f"{document['passed']} of {document['planned']} {verb}{took}{named}")


def holds(check: Json) -> bool:
    """Whether one may go on, as far as this check goes."""
    return check["outcome"] == "pass" and check["severity"] in ("OK", "WARNING")


def _lines(document: Json, look: Look) -> Iterator[str]:
    yield look.bold(heading(document))
    rows = _ordered(document)
    names = max((len(one["name"]) for one in rows), default=0)
    times = max((len(_took(one)) for one in rows), default=0)
    hinted: set[str] = set()  # what is down in many places is not advised upon in each
    for one in rows:
        yield _row(one, names, times, look)
        if _word(one) != "OK" and one["hint"] and one["hint"] not in hinted:
            hinted.add(one["hint"])
            yield from map(look.dim, look.paragraph(one["hint"], 14 + names + times))
    word = {"pass": "OK", "fail": "FAILED"}.get(document["verdict"] or "", "UNKNOWN")
    yield look.severity(word, 8) + "  " + look.bold(last_line(document))


def _row(one: Json, names: int, times: int, look: Look) -> str:
    word = _word(one)
    said = clean(one["explanation"]) if word != "OK" or _is_condition(one) else ""
    name, took = clean(one["name"]).ljust(names), _took(one).rjust(times)
    return f"{look.severity(word, 8)}  {name}  {took}  {said}".rstrip()


def _word(one: Json) -> str:
    """A check may fail and be no worse than a warning; here it is what keeps one from going on."""
    if one["outcome"] == "unknown":
        return "UNKNOWN"
    return str(one["severity"]) if holds(one) else "FAILED"


def _ordered(document: Json) -> list[Json]:
    return sorted(document["checks"], key=lambda one: (holds(one), _ORDER.index(one["severity"])))


def _is_condition(one: Json) -> bool:
    return bool(one["kind"] == "condition")


def _took(one: Json) -> str:
    return "" if _is_condition(one) else f"{one['took']:.2f} s"
