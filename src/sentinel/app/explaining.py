"""Why a check of a running Sentinel is as it is, and why people were told of an incident or not."""

from sentinel.app import incidents
from sentinel.app.parts import Parts
from sentinel.core.incident import CALM
from sentinel.reports.explanation import ExplanationDocument, build


async def explain(parts: Parts, what: str) -> ExplanationDocument | None:
    """Everything that decides about a check, or about an incident and its check; None when there is no such thing.

    Args:
        parts: of the running Sentinel.
        what: the name of a check, or else the number of an incident.
    """
    history = parts.pipeline.histories.get(what)
    if history is None and not what.isdecimal():
        return None
    number = int(what) if history is None else history.incident.id if history.incident is not None else 0
    incident = await incidents.look_at(parts, number) if number else None
    if history is None:
        if incident is None:
            return None
        history = parts.pipeline.histories.get(incident.line.check)
    now = parts.clock.now()
    around = parts.pipeline.desk.scene.around(history, now) if history is not None else CALM
    name = history.check.name if history is not None else incident.line.check if incident is not None else what
    return build(history, around, incident, name, now, parts.pipeline.desk.scene.silences)
