"""What holds around a check beside what is measured: silences, windows, what it depends on, hours, and who else is in trouble.

It answers one question, for the life of an incident: is anybody told of it now, and if not, why.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sentinel.core.bundles import Bundles, bundle_of
from sentinel.core.check import Check
from sentinel.core.history import History
from sentinel.core.hours import any_covers
from sentinel.core.incident import Address, Around, Because, Incident, Mute, Policy
from sentinel.core.routes import Route, choose
from sentinel.core.rule import Severity
from sentinel.core.silence import Silences
from sentinel.core.window import Windows

#: An incident is held back no longer than this until it is known how what it depends on is.
LOOK_FOR = timedelta(seconds=90)

#: After what it depended on is up again, a check has this long, and no less than its own results take, to be well, too.
SETTLE_FOR = timedelta(seconds=60)


class Scene:
    """The surroundings of all checks. Owned by the pipeline; every answer is made of what is in memory."""

    def __init__(self, histories: Mapping[str, History]) -> None:
        self.histories = histories
        self.bundles = Bundles()
        self.silences = Silences()
        self.windows = Windows()
        self.policies: Mapping[str, Policy] = {}
        self.routes: Sequence[Route] = ()

    def excuse(self, check: Check, at: datetime) -> str:
        """The window that excuses whatever the check finds; empty: none."""
        found = self.windows.covering(check, at) if self.windows else None
        return found[0].id if found else ""

    def around(self, history: History, at: datetime) -> Around:
        """Everything that holds around a check.

        Args:
            history: of the check.
            at: the moment; aware.
        """
        policy, critical_policy = (self._policy(history, one, at) for one in (Severity.WARNING, Severity.CRITICAL))
        warning = self._mute(history, Severity.WARNING, policy, at)
        critical = self._mute(history, Severity.CRITICAL, critical_policy, at)
        incident = history.incident
        return Around(
            excuse=self.excuse(history.check, at),
            warning=warning,
            critical=critical,
            hole=self._silence(history.check, Severity.CRITICAL, at),
            policy=policy,
            critical_policy=critical_policy,
            company=incident is not None and any(map(_would_speak, self.bundles.members(incident))),
            heard=self._who_heard_of(incident),
            sequence=self._sequence(critical, warning),
        )

    def unproven(self, history: History) -> list[History]:
        """What a check depends on and was not looked at since the check began to fail."""
        incident = history.incident
        if incident is None:
            return []
        parents = (self.histories.get(name) for group in history.check.depends_on for name in group)
        # One that is in doubt is looked at again anyway. Many children that fail at once must not confirm it within a second.
        return [
            parent
            for parent in parents
            if parent is not None and not _seen_since(parent, incident.began_at) and not _is_in_doubt(parent)
        ]

    # --- Mutes, in the order in which they count ---

    def _mute(self, history: History, severity: Severity, policy: Policy, at: datetime) -> Mute | None:
        return (
            self._silence(history.check, severity, at)
            or self._window(history.check, at)
            or self._dependency(history, at)
            or _quiet(policy, severity, at)
            or self._group(history, severity, policy)
        )

    def _silence(self, check: Check, severity: Severity, at: datetime) -> Mute | None:
        found = self.silences.covering(check, severity, at)
        return Mute(because=Because.SILENCE, by=str(found.id)) if found else None

    def _window(self, check: Check, at: datetime) -> Mute | None:
        excuse = self.excuse(check, at)
        return Mute(because=Because.WINDOW, by=excuse) if excuse else None

    def _dependency(self, history: History, at: datetime) -> Mute | None:
        for group in history.check.depends_on:
            parents = [self.histories[name] for name in group if name in self.histories]
            if parents and all(_is_down(parent) for parent in parents):
                return _held_by(parents[0])
        if self._looks(history, at):
            waited_for = ", ".join(name for group in history.check.depends_on for name in group)
            return Mute(because=Because.LOOKING, by=waited_for)
        return None

    def _looks(self, history: History, at: datetime) -> bool:
        """Whether it is not known yet how what the check depends on is, or that has only just come back."""
        incident = history.incident
        if not history.check.depends_on or (incident is not None and incident.announced):
            return False
        # Without an incident: one that may open with this very result.
        began_at, opened_at = (at, None) if incident is None else (incident.began_at, incident.opened_at)
        parents = [
            self.histories[name] for group in history.check.depends_on for name in group if name in self.histories
        ]
        waited = at - (opened_at or at)
        if waited < LOOK_FOR and any(_is_in_doubt(parent) or not _seen_since(parent, began_at) for parent in parents):
            return True
        settle = max(SETTLE_FOR, history.check.interval * history.check.close_after + history.check.timeout)
        # A parent that fails now and then, and is never confirmed, must not hold its child back for good.
        blips = waited < LOOK_FOR + settle
        ends = (parent.recovered_at if blips else parent.over_at for parent in parents)
        return any(end is not None and end > began_at and at - end < settle for end in ends)

    def _group(self, history: History, severity: Severity, policy: Policy) -> Mute | None:
        incident = history.incident
        if incident is not None and incident.announced and incident.leads:
            return None
        speaker = self._faithful(incident, severity, policy) or self.bundles.speaker(history, severity, policy)
        if speaker is None:
            return None
        return Mute(because=Because.GROUP, by=speaker.check, bundle=bundle_of(speaker))

    def _faithful(self, incident: Incident | None, severity: Severity, policy: Policy) -> Incident | None:
        """The incident that speaks for this one already, if it still may."""
        if incident is None or incident.mute is None or incident.mute.because is not Because.GROUP:
            return None
        speaker = self._speaker_of(incident)
        if speaker is None or speaker.mute is not None or speaker.severity < severity:
            return None
        return speaker if speaker.policy.name == policy.name else None

    def _who_heard_of(self, incident: Incident | None) -> tuple[Address, ...]:
        """Whom the incident that speaks for this one has told of it since it joined."""
        speaker = self._speaker_of(incident)
        return speaker.told if incident is not None and speaker is not None and speaker.named > incident.joined else ()

    def _sequence(self, *mutes: Mute | None) -> int:
        """How many messages the incident has caused that speaks, or would speak, where there is such a mute."""
        bundle = next((mute.bundle for mute in mutes if mute is not None and mute.bundle), 0)
        speaker = self.bundles.speaking_for(bundle)
        return speaker.incident.sequence if speaker is not None and speaker.incident is not None else 0

    def _speaker_of(self, incident: Incident | None) -> Incident | None:
        if incident is None or incident.leads:
            return None
        speaker = self.bundles.speaking_for(incident.bundle)
        return speaker.incident if speaker is not None else None

    def _policy(self, history: History, severity: Severity, at: datetime) -> Policy:
        """By what an incident of a check goes when it is as bad as that: what it has while it gets no worse, then what a route
        says, and where none does what it has by itself."""
        incident = history.incident if history.incident is not None and history.incident.is_open else None
        if incident is not None and incident.severity >= severity:
            return incident.policy
        name = choose(self.routes, history.check, severity, at)
        if name is not None and name in self.policies:
            return self.policies[name]
        return history.policy if incident is None or incident.routed else incident.policy


def _quiet(policy: Policy, severity: Severity, at: datetime) -> Mute | None:
    if severity is Severity.CRITICAL or not any_covers(policy.quiet, at):
        return None
    return Mute(because=Because.QUIET, by=policy.name)


def _would_speak(member: History) -> bool:
    """Whether people would hear of it if the incident that speaks for it were over."""
    return member.incident is not None and not member.incident.mutes_itself


def _is_down(parent: History) -> bool:
    incident = parent.incident
    return incident is not None and incident.is_open and incident.severity is Severity.CRITICAL


def _is_in_doubt(parent: History) -> bool:
    """Whether it fails, and that is not confirmed yet."""
    return parent.incident is not None and not parent.incident.is_open and parent.incident.criticals > 0


def _seen_since(parent: History, at: datetime) -> bool:
    return parent.last is not None and parent.last.finished_at >= at


def _held_by(parent: History) -> Mute:
    incident = parent.incident
    assert incident is not None
    by = parent.check.name
    if incident.mute is not None:
        return Mute(because=Because.DEPENDENCY, by=by, bundle=incident.mute.bundle)
    return Mute(because=Because.DEPENDENCY, by=by, bundle=bundle_of(incident) if incident.announced else 0)


def unmuted(around: Around) -> Around:
    """The same for whoever takes over for a bundle: it does not follow another one of it."""

    def own(mute: Mute | None) -> Mute | None:
        return None if mute is not None and mute.bundle else mute

    return replace(around, warning=own(around.warning), critical=own(around.critical))
