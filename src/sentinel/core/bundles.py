"""What breaks together is told together: which open incident speaks for which others.

The first incident of a group is told at once. What opens in the same group while it lasts, and is no worse, is muted and named
in its messages; so is what depends on it. When the one that speaks is over and others are not, one of them takes over. So
whoever hears of an incident through another one hears through it, too, that it is over.
"""

from collections.abc import Iterable
from typing import TypeVar

from sentinel.core.history import History
from sentinel.core.incident import Because, Incident, Policy
from sentinel.core.notification import MOST_OTHERS, AboutOther, Bond
from sentinel.core.rule import Severity


class Bundles:
    """Who speaks for whom. Owned by the pipeline, which tells it of every change of an incident."""

    def __init__(self) -> None:
        self._speakers: dict[str, dict[str, History]] = {}  # by group: those who were told of and speak for themselves
        self._by_number: dict[int, History] = {}  # who speaks for a bundle
        self._members: dict[int, dict[str, History]] = {}  # of a bundle, without who speaks for it
        self._well: dict[int, dict[int, AboutOther]] = {}  # of a bundle: who is over, and that was not told yet

    def heed(self, history: History, before: Incident | None, after: Incident | None) -> None:
        """An incident has changed from one value to another.

        Args:
            history: of its check.
            before: None: there was none.
            after: None, or not open any more: it is over.
        """
        if before is not None:
            self._forget(history, before)
        if after is None or not after.is_open:
            if before is not None and (not before.leads or self._members.get(bundle_of(before))):
                well = self._well.setdefault(bundle_of(before), {})
                well[before.id] = about_other(history, before, Severity.OK)
            return
        if not after.leads:
            self._members.setdefault(after.bundle, {})[history.check.name] = history
            return
        self._by_number[bundle_of(after)] = history
        self._let_speak(history, after)

    def regroup(self, histories: Iterable[History]) -> None:
        """Checks may be of other groups than before."""
        self._speakers.clear()
        for history in histories:
            if history.incident is not None and history.incident.is_open and history.incident.leads:
                self._let_speak(history, history.incident)

    def speaker(self, history: History, severity: Severity, policy: Policy) -> Incident | None:
        """The incident of its group that speaks for an incident of this check if it is as bad as that and goes by that policy."""
        if not history.check.group:
            return None
        found = self._speakers.get(history.check.group, {})
        fit = (
            one.incident
            for one in found.values()
            if one is not history
            and one.incident is not None
            and one.incident.severity >= severity
            and one.incident.policy.name == policy.name
        )
        return min(fit, key=lambda incident: incident.id, default=None)

    def speaking_for(self, bundle: int) -> History | None:
        """Who speaks for a bundle, muted or not."""
        return self._by_number.get(bundle)

    def members(self, incident: Incident) -> list[History]:
        """Those for whom an incident speaks."""
        return list(self._members.get(bundle_of(incident), {}).values())

    def held_by(self, incident: Incident) -> list[History]:
        """Those of whom nobody was told because they depend on its check."""
        return [one for one in self.members(incident) if _hangs_on(one.incident, incident.check)]

    def heir(self, incident: Incident) -> History | None:
        """Who takes over when an incident is over: of the same policy if there is one, the worst, the newest.

        What broke first is often well first, and then the newest has to hand over less often. One of which nobody is told now,
        such as one that is silenced, takes over only where there is no other.
        """
        left = [one for one in self.members(incident) if one.incident is not None]
        return min(left, key=lambda one: _claim(one, incident), default=None)

    def others(self, incident: Incident) -> tuple[tuple[AboutOther, ...], int]:
        """What a message of an incident says of those for whom it speaks: the worst first, and how many there are."""
        if not incident.leads:
            return (), 0
        bad = [about_other(one, one.incident) for one in self.members(incident) if one.incident is not None]
        well = self._well.get(bundle_of(incident), {}).values()
        every = sorted((*bad, *well), key=lambda other: (-other.severity.urgency, other.incident))
        return tuple(every[:MOST_OTHERS]), len(every)

    def told(self, incident: Incident) -> None:
        """A message of that incident has named them all."""
        self._well.pop(bundle_of(incident), None)

    def recall(self, histories: Iterable[History], over: Iterable[tuple[History, Incident]]) -> None:
        """Begin with what a restart left.

        Args:
            histories: of all checks.
            over: incidents that are over, with the histories of their checks.
        """
        for history in histories:
            self.heed(history, None, history.incident)
        for history, incident in over:
            bundle = bundle_of(incident)
            speaker = self._by_number.get(bundle)
            if speaker is not None and _is_news(incident, speaker.incident):
                self._well.setdefault(bundle, {})[incident.id] = about_other(history, incident, Severity.OK)

    def _let_speak(self, history: History, incident: Incident) -> None:
        if incident.announced and incident.mute is None:
            self._speakers.setdefault(history.check.group, {})[history.check.name] = history

    def _forget(self, history: History, incident: Incident) -> None:
        name = history.check.name
        _drop(self._members, incident.bundle, name)
        _drop(self._speakers, history.check.group, name)
        if self._by_number.get(bundle_of(incident)) is history:
            del self._by_number[bundle_of(incident)]


K = TypeVar("K")


def _drop(table: dict[K, dict[str, History]], key: K, name: str) -> None:
    row = table.get(key)
    if row is not None and row.pop(name, None) is not None and not row:
        del table[key]


def bundle_of(incident: Incident) -> int:
    """The number of the bundle that an incident speaks for or belongs to."""
    return incident.bundle or incident.id


def about_other(history: History, incident: Incident, severity: Severity | None = None) -> AboutOther:
    """What a message says of an incident that is not its own."""
    depends = incident.mute is not None and incident.mute.because is Because.DEPENDENCY
    return AboutOther(
        check=history.check.name,
        title=history.check.label,
        incident=incident.id,
        severity=incident.severity if severity is None else severity,
        bond=Bond.DEPENDS if depends else Bond.TOGETHER,
    )


def _hangs_on(incident: Incident | None, check: str) -> bool:
    mute = None if incident is None else incident.mute
    return mute is not None and mute.because is Because.DEPENDENCY and mute.by == check


def _is_news(over: Incident, speaker: Incident | None) -> bool:
    since = None if speaker is None else speaker.news_at
    return since is not None and over.resolved_at is not None and over.resolved_at >= since


def _claim(history: History, before: Incident) -> tuple[bool, bool, int, int]:
    incident = history.incident
    assert incident is not None
    other_policy = incident.policy.name != before.policy.name
    return incident.mutes_itself, other_policy, -incident.severity.urgency, -incident.id
