"""What people can do with an incident of a running Sentinel: take it, give it back, comment, assign, close it, and look at it."""

import asyncio
from dataclasses import replace

from sentinel.app.parts import Parts
from sentinel.base.errors import StoreUnavailable
from sentinel.core.incident import Comment, Effect, EffectKind, Event, Incident, Refusal
from sentinel.core.timeline import entry
from sentinel.reports import status
from sentinel.reports.incident import IncidentDocument, Record, build
from sentinel.reports.quiet import Quiet
from sentinel.store.database import Transaction

#: Seconds that a person waits for a commit.
COMMIT_WITHIN = 8.0


async def meet(parts: Parts, number: int, event: Event) -> Incident | Refusal:
    """Let an incident meet what a person does; answers after the commit.

    Raises:
        StoreUnavailable: it is done, but the store has not confirmed it yet.
    """
    try:
        async with asyncio.timeout(COMMIT_WITHIN):
            answer = await parts.pipeline.meet(number, event)
    except TimeoutError:
        raise StoreUnavailable("it is done, but the store has not confirmed it yet") from None
    if answer is not Refusal.NO_INCIDENT:
        return answer
    known = await parts.store.read(lambda tx: tx.incidents.get(number))
    if known is None:
        return Refusal.NO_INCIDENT
    return await _write_after(parts, known, event) if isinstance(event, Comment) else Refusal.ALREADY_RESOLVED


async def _write_after(parts: Parts, incident: Incident, comment: Comment) -> Incident:
    """What was learnt when it was over belongs to it, too."""
    said = Effect(kind=EffectKind.COMMENTED, by=comment.by, text=comment.text)
    line = entry(incident, said, parts.clock.now())
    await parts.store.write(lambda tx: tx.incidents.note([line]))
    return incident


async def look_at(parts: Parts, number: int) -> IncidentDocument | None:
    """Everything that is known of an incident; None when there is none of that number."""
    open_now = {h.incident.id: h for h in parts.pipeline.open_histories() if h.incident is not None}
    history = open_now.get(number)

    def read(tx: Transaction) -> Record | None:
        incident = history.incident if history is not None else tx.incidents.get(number)
        if incident is None:
            return None
        return Record(
            incident=incident,
            timeline=tx.incidents.timeline(number),
            rows=tx.outbox.of(incident.conversation) if incident.leads or incident.told else (),
            suspect=tx.deployments.get(incident.suspect) if incident.suspect else None,
        )

    record = await parts.store.read(read)
    if record is None:
        return None
    if history is not None and history.incident is not None:
        members = parts.pipeline.desk.scene.bundles.members(history.incident) if history.incident.leads else []
        record = replace(record, with_it=tuple(sorted(one.check.name for one in members)))
    past = history or parts.pipeline.histories.get(record.incident.check)
    scene = parts.pipeline.desk.scene
    quiet = Quiet(silences=scene.silences, windows=scene.windows)
    return build(record, status.facts(past, None) if past else None, parts.clock.now(), quiet)
