"""One short block on the terminal for each arrival."""

from examples.sink.arrivals import Arrival, Kind

SHOWN_LINES = 7
SHOWN_WIDTH = 110  # characters
WHO = {Kind.MAIL: "To", Kind.SLACK: "Channel", Kind.WEBHOOK: "Signature"}


def block(arrival: Arrival) -> str:
    message = arrival.message
    note = f" (the same again as #{arrival.repeat_of})" if arrival.repeat_of else ""
    note += " (updated)" if arrival.updates else ""
    note += " (in a thread)" if message.thread else ""
    detail = dict(message.facts).get(WHO[message.kind], "")
    head = f"── {message.kind} #{arrival.number}  {arrival.at:%H:%M:%S} UTC  {detail}{note}"
    lines = [line for line in message.text.split("\n") if line.strip() and line != message.title]
    rest = [f"   … {len(lines) - SHOWN_LINES} more lines"] if len(lines) > SHOWN_LINES else []
    shown = [f"   {line}" for line in lines[:SHOWN_LINES]]
    return "\n".join(fitted(line) for line in (head, f"   {message.title}", *shown, *rest))


def show(arrival: Arrival) -> None:
    print(block(arrival) + "\n", flush=True)


def fitted(line: str) -> str:
    """The line without control characters, which could steer the terminal, and not too long."""
    clean = "".join(character if character.isprintable() else " " for character in line)
    return clean if len(clean) <= SHOWN_WIDTH else clean[: SHOWN_WIDTH - 1] + "…"
