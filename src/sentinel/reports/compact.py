"""The status in one to three lines: for the banner of a login, a message of the day, the status line of a terminal."""

from collections.abc import Iterator

from sentinel.base.units import format_duration
from sentinel.reports.text import Json, Look, clean, counts, stuck

#: So many incidents are named after the first line.
MORE = 2

#: Letters of a check's name, or of whoever has an incident.
LONGEST = 40


def compact(document: Json, look: Look) -> str:
    """The status document's JSON form in a few lines; the first says how things are and names the worst incident."""
    first, *others = [*_incidents(document, look), ""]
    lines = [f"sentinel: {_standing(document, look)}{'; ' if first else ''}{first}"]
    lines += [f"  {line}" for line in others[:MORE] if line]
    hidden = len(document["incidents"]) - len(lines)
    if hidden > 0:
        lines[-1] += f", and {hidden} more"
    return "".join(f"{line}\n" for line in lines)


def silent(why: str) -> str:
    """The line that stands there when nobody answered."""
    return f"sentinel: no answer, {clean(' '.join(why.split()))}\n"


def _standing(document: Json, look: Look) -> str:
    """Such as `2 critical, 1 warning of 48 checks`."""
    number = len(document["checks"])
    checks = f"{number} check{'' if number == 1 else 's'}"
    found = counts(check["severity"] for check in document["checks"])
    bad = ", ".join(
        look.severity(word).replace(word, f"{n} {word.lower()}") for word, n in found.items() if word != "OK"
    )
    untold = "" if document.get("shown") else stuck(document["outbox"])
    well = (
        look.severity("WARNING").replace("WARNING", untold) if untold else look.severity("OK").replace("OK", "all well")
    )
    said = f"{bad} of {checks}{', ' if untold else ''}{untold}" if bad else f"{well}, {checks}"
    return said + "".join(f", {remark}" for remark in _remarks(document))


def _remarks(document: Json) -> Iterator[str]:
    if shown := document.get("shown"):
        yield f"of {shown['of']} in all ({clean(shown['only'])})"
        return
    if document["outbox"]["dead"]:
        yield f"{document['outbox']['dead']} given up unsent"
    if document["store_problem"]:
        yield "the store cannot be used"


def _incidents(document: Json, look: Look) -> Iterator[str]:
    for row in document["incidents"]:
        word = row["severity"]
        severity = look.severity(word).replace(word, word.lower())
        by = row["acknowledged_by"] if row["phase"] == "acknowledged" else row.get("assigned_to")
        whose = f" ({_short(by)})" if by else ""
        yield f"#{row['id']} {_short(row['check'])} {severity} for {format_duration(row['age'])}{whose}"


def _short(text: str) -> str:
    line = clean(text)
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
