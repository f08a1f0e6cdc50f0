"""Where everything comes together that is known of all checks: an event goes in, and out comes what has to be written down.

It reads no clock, no store and no file: the same events at the same moments always give the same changes. The pipeline
feeds it and writes the changes; tests feed it any story there can be.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sentinel.base.units import format_lasted
from sentinel.core.changes import Changes, cancels
from sentinel.core.check import Check
from sentinel.core.deployment.deployment import Deployment
from sentinel.core.deployment.rolling_back import Undoable, is_undoable
from sentinel.core.deployment.standing import Suspects
from sentinel.core.deployment.telling import suspected
from sentinel.core.escalation import next_tick
from sentinel.core.history import History, Turn
from sentinel.core.incident import (
    UNTOLD,
    Acknowledge,
    CompanyChanged,
    Effect,
    EffectKind,
    Event,
    Incident,
    Phase,
    Policy,
    TakeOver,
    Ticked,
    Unacknowledge,
    Withdraw,
)
from sentinel.core.result import Result
from sentinel.core.routes import Route
from sentinel.core.routing import Sender, tell
from sentinel.core.scene import Scene, unmuted
from sentinel.core.silence import Silence
from sentinel.core.timeline import TimelineEntry
from sentinel.core.window import Window

#: Is given a check that is to be looked at before its next slot, and in how many seconds; None: as the check says.
LookAgain = Callable[[Check, float | None], None]


#: Open incidents that one tick looks around; ticks are half a second apart.
LOOKED_AROUND = 500

#: Those who are kept informed are not all who were told, and an acknowledgement or the end calls reminders off.
_MAY_MISS = frozenset({EffectKind.PROGRESS, EffectKind.REMINDED})


class Desk:
    """Owns the histories: nothing else changes them."""

    def __init__(self, look_again: LookAgain = lambda _check, _after: None) -> None:
        self.histories: dict[str, History] = {}
        self.scene = Scene(self.histories)
        self.changes = Changes()  # not taken yet
        self.last_incident = 0  # the highest number that was given
        self.suspects = Suspects()  # the deployments that trouble may come of
        self.undoable: Sequence[Undoable] = ()  # deployments that a level undoes when it names what does so
        self._undone: set[int] = set()  # numbers of those for which a level has done so
        self._look_again = look_again
        self._sender = Sender(source="", instance="", recipients={})
        self._slice = 0  # which part of the open incidents the last tick looked around
        self._dues: dict[int, tuple[Incident, datetime | None]] = {}  # by number: when time has something to say next

    def take_changes(self) -> Changes:
        """What has changed since this was last asked."""
        taken, self.changes = self.changes, Changes()
        return taken

    def replan(
        self,
        checks: Iterable[Check],
        policies: Mapping[str, Policy],
        sender: Sender,
        now: datetime,
        *,
        routes: Sequence[Route] = (),
        windows: Iterable[Window] = (),
    ) -> None:
        """Judge by this plan from now on.

        Args:
            checks: the checks, Sentinel's own included.
            policies: by name.
            sender: who messages come from and go to.
            routes: which policy an incident goes by, where that is not its check's own.
            windows: those that are configured; those that people planned stay.
        """
        self._sender = sender
        self.scene.policies, self.scene.routes = policies, routes
        self.scene.windows = self.scene.windows.replanned(windows)
        planned = {check.name: check for check in checks}
        for name in self.histories.keys() - planned.keys():
            self._withdraw(self.histories[name], now)
            del self.histories[name]
        for name, check in planned.items():
            policy = policies[check.policy]
            if name in self.histories:
                self.histories[name].replan(check, policy)
            else:
                self.histories[name] = History(check, policy)
        self.scene.bundles.regroup(self.histories.values())

    # --- Events -----------------------------------------------------------------------------------------------------

    def judge(self, result: Result) -> Turn | None:
        """Judge a result and let the incident follow; None when there is no such check any more."""
        history = self.histories.get(result.check)
        if history is None:
            return None
        before = history.incident
        turn = history.take(result, self.scene)
        self.changes.results.append((result, turn.verdict.severity))
        self._include(history, turn, before, result.finished_at)
        self._recheck(history, began=before is None)
        return turn

    def tick(self, now: datetime, *, all_around: bool = False) -> None:
        """Let time do its part, and whatever has changed around the checks that are in trouble.

        Args:
            now: aware.
            all_around: look around every one of them. In a storm only some are at each tick, all of them within a few seconds.
        """
        affected = self.open_histories()
        slices = 1 if all_around else 1 + len(affected) // LOOKED_AROUND
        self._slice = (self._slice + 1) % slices
        known, self._dues = self._dues, {}
        for history in affected:
            incident = history.incident
            if incident is None:
                continue
            due = self._due(incident, known)
            if (due is not None and due <= now) or incident.id % slices == self._slice:
                self._look_around(history, incident, due, now)

    def _due(self, incident: Incident, known: Mapping[int, tuple[Incident, datetime | None]]) -> datetime | None:
        """When time alone will change something; of an incident that is the same value as before it is known."""
        before = known.get(incident.id)
        entry = before if before is not None and before[0] is incident else (incident, next_tick(incident))
        self._dues[incident.id] = entry
        return entry[1]

    def _look_around(self, history: History, incident: Incident, due: datetime | None, now: datetime) -> None:
        around = self.scene.around(history, now)
        if (due is not None and due <= now) or around.mute(incident) != incident.mute:
            self._pass(history, Ticked(around), now)

    def meet(self, number: int, event: Event, now: datetime) -> Turn | None:
        """Let an open incident meet what a person does; None when there is no such incident that is open.

        One that another incident speaks for is taken, and given back, with it: that is the one of which people are told.
        """
        history = self._with(number)
        if history is None or history.incident is None:
            return None
        if isinstance(event, Acknowledge | Unacknowledge) and not history.incident.leads:
            history = self.scene.bundles.speaking_for(history.incident.bundle) or history
        return self._pass(history, event, now)

    def heed_silence(self, silence: Silence, now: datetime) -> None:
        """Go by a silence, a new one or one that is another than before."""
        self.scene.silences = self.scene.silences.including(silence, now)
        self.changes.silences[silence.id] = silence
        self.tick(now, all_around=True)

    def heed_window(self, window: Window, now: datetime) -> None:
        """Go by a window, a new one or one that is another than before."""
        self.scene.windows = self.scene.windows.including(window, now)
        self.changes.windows[window.id] = window
        self.tick(now, all_around=True)

    def adopt(self, incident: Incident) -> None:
        """Follow an open incident that is lost here, as the store has it; nothing when its check is in another one."""
        history = self.histories.get(incident.check)
        if history is None or (history.incident is not None and history.incident.is_open):
            return
        history.incident = incident
        self.scene.bundles.heed(history, None, incident)
        self.changes.states[incident.check] = history.state

    def file_again(self, number: int) -> None:
        """Have an open incident written down that the store has lost."""
        history = self._with(number)
        if history is not None and history.incident is not None:
            self.changes.incidents[number] = history.incident
            self.changes.states[history.check.name] = history.state

    def open_histories(self) -> list[History]:
        """The checks with an open incident."""
        return [h for h in self.histories.values() if h.incident is not None and h.incident.is_open]

    # --- What comes of it -------------------------------------------------------------------------------------------

    def _with(self, number: int) -> History | None:
        found = (h for h in self.open_histories() if h.incident is not None and h.incident.id == number)
        return next(found, None)

    def _pass(self, history: History, event: Event, now: datetime) -> Turn:
        before = history.incident
        turn = history.meet(event, now)
        if turn.refusal is None:
            turn.incident = self._include(history, turn, before, now)
        return turn

    def _withdraw(self, history: History, now: datetime) -> None:
        self._pass(history, Withdraw(), now)
        self.changes.rollups += history.tally.take()
        self.changes.states[history.check.name] = None

    def _include(self, history: History, turn: Turn, before: Incident | None, now: datetime) -> Incident | None:
        """Put what a turn asks for among the changes."""
        changes = self.changes
        changes.rollups += turn.rollups
        incident = turn.incident
        if turn.effects and incident is not None:
            incident = self._tell(history, incident, turn, now)
        elif incident is not None and incident.is_open and turn.changed:
            changes.incidents[incident.id] = incident
        if turn.changed or turn.drifted or turn.effects:
            changes.states[history.check.name] = history.state
        if incident is not None and (turn.effects or incident is not before):
            self._tell_company(history, before, incident, now)
        return incident

    def _tell(self, history: History, incident: Incident, turn: Turn, now: datetime) -> Incident:
        changes, bundles, opens = self.changes, self.scene.bundles, not incident.id
        if opens:
            self.last_incident += 1
            incident = self._suspect(history.number(incident, self.last_incident))
        speaks = any(effect.kind not in UNTOLD for effect in turn.effects)
        others, count = bundles.others(incident) if speaks else ((), 0)
        undoables = self._undoables(history.check, now)
        suspect = self.suspects.deployments.get(incident.suspect)
        about = suspected(suspect) if suspect is not None else None
        telling = tell(history.check, incident, turn.effects, self._sender, now, others, count, undoables, about)
        incident = telling.incident
        if telling.undone:
            self._undone.add(telling.undone)
        if count and incident.mute is None:
            incident = replace(incident, named=incident.sequence)
            if any(map(_reaches_all, turn.effects)):
                # Whoever was told before knows of all of them.
                bundles.told(incident)
                incident = replace(incident, news_at=None, updated_at=now)
        history.keep(incident)
        changes.incidents[incident.id] = incident
        changes.entries += telling.entries
        if opens and suspect is not None:
            changes.entries.append(_suspected(incident, suspect, now))
        changes.outbox += cancels(incident, turn.effects, now)
        changes.outbox += telling.notifications
        return incident

    def _suspect(self, opened: Incident) -> Incident:
        """An incident that has just opened, with the deployment that it may come of."""
        found = self.suspects.of(opened.check, opened.began_at)
        return opened if found is None else replace(opened, suspect=found.id)

    def _undoables(self, check: Check, now: datetime) -> Sequence[Undoable]:
        """The deployments that a level of a check's incident may have to undo: one of each of its systems."""
        found = (one for one in self.undoable if one.covers(check) and is_undoable(one.deployment, now))
        # The deployment learns of the order a moment after its commit; until then only we know.
        return [replace(one, ordered=one.deployment.id in self._undone) for one in found]

    def _tell_company(self, history: History, before: Incident | None, after: Incident, now: datetime) -> None:
        """Let the bundle know that an incident has joined it, has left it, or speaks for it no more."""
        bundles = self.scene.bundles
        bundles.heed(history, before, after)
        followed = before is not None and before.is_open and not before.leads
        follows = after.is_open and not after.leads
        if before is not None and followed and not (follows and before.bundle == after.bundle):
            self._news_for(before.bundle, now)
        if follows and not (followed and before is not None and before.bundle == after.bundle):
            self._news_for(after.bundle, now)
        if after.phase is Phase.RESOLVED and after.leads:
            for child in bundles.held_by(after):
                self._look_again(child.check, 0.0)  # it may be well, too, and its own next look hours away
        if after.phase is Phase.RESOLVED and after.leads and (heir := bundles.heir(after)) is not None:
            around = unmuted(self.scene.around(heir, now))
            self._pass(heir, TakeOver(before=after, around=around), now)

    def _news_for(self, bundle: int, now: datetime) -> None:
        speaker = self.scene.bundles.speaking_for(bundle)
        if speaker is None or speaker.incident is None:
            return
        since = speaker.incident.news_at
        # One that lies ahead is of a clock that has stepped back: after a restart what ends now would count as told.
        if since is None or since > now:
            self._pass(speaker, CompanyChanged(), now)

    def _recheck(self, history: History, *, began: bool) -> None:
        """Look again soon at what may be in trouble, and at once at what it depends on."""
        incident = history.incident
        if incident is None:
            return
        if incident.phase is Phase.PENDING:
            self._look_again(history.check, None)
        if began:
            for parent in self.scene.unproven(history):
                self._look_again(parent.check, 0.0)


def _reaches_all(effect: Effect) -> bool:
    """Whether everybody who was told before hears of an effect for certain: a level has addresses of its own, and what may be
    called off before it was sent takes its news along."""
    return not effect.level and effect.kind not in UNTOLD and effect.kind not in _MAY_MISS


def _suspected(incident: Incident, suspect: Deployment, now: datetime) -> TimelineEntry:
    """The line of the timeline that names the deployment which an incident may come of."""
    began = format_lasted(max(incident.began_at - suspect.started_at, timedelta(0)))
    text = f"it may come of deployment {suspect.id} of {suspect.label}, which began {began} before"
    return TimelineEntry(incident=incident.id, at=now, kind="suspected", text=text)
