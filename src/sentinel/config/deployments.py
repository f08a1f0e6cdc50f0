"""Deployments: from the entries of the file to how each system's are watched, judged, told of and undone."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta

from sentinel.base.redact import Secret
from sentinel.base.units import write_duration
from sentinel.config.calendars import refuse_unknown_calendar
from sentinel.config.checks import CheckPart
from sentinel.config.keypath import KeyPath
from sentinel.config.kinds import CheckKinds
from sentinel.config.load import Loaded
from sentinel.config.named import named_entries
from sentinel.config.problems import Problems, did_you_mean, listed
from sentinel.config.read import read
from sentinel.config.schema.deployments import CriteriaEntry, DeploymentEntry, HookEntry, RollbackEntry, WatchEntry
from sentinel.config.schema.windows import WindowMatch
from sentinel.config.secrecy import secrets_in
from sentinel.config.telling import (
    COMMANDS,
    DEFAULT_POLICY,
    channel_names,
    command_names,
    kind_of,
    refuse_unknown_channel,
)
from sentinel.core.check import Check
from sentinel.core.deployment.check import name_of
from sentinel.core.deployment.plan import (
    Baseline,
    CriteriaPlan,
    DeploymentPlan,
    HookForm,
    HookPlan,
    RollbackPlan,
    WatchPlan,
)
from sentinel.core.hours import Calendar
from sentinel.core.matcher import Matcher
from sentinel.core.progress import SHORTEST

DEPLOYMENTS_AT: KeyPath = ("deployments",)

#: The kinds of channels that can undo a deployment.
UNDOERS = (COMMANDS, "webhook")

#: The secret of an incoming webhook has so many characters at least: it lets somebody deploy.
LEAST_SECRET = 16

#: A watch is no longer, and looks at no check more often.
LONGEST_WATCH, SHORTEST_INTERVAL = timedelta(days=1), timedelta(seconds=1)

#: Results are kept for so long at least where a watch compares with the week before: it reaches half a day around that.
WEEK_NEEDS = timedelta(days=8)

#: A window is no longer.
LONGEST_WINDOW = timedelta(days=1)


def compile_deployments(
    loaded: Loaded,
    checks: Sequence[CheckPart],
    kinds: CheckKinds,
    policies: Collection[str],
    calendars: Mapping[str, Calendar],
    kept: timedelta,
) -> dict[str, DeploymentPlan]:
    """The plans by system; those that something is wrong with are noted and left out. `kept` is how long results are."""
    entries = named_entries(loaded, DEPLOYMENTS_AT, "systems by their names")
    compiler = _Compiler(loaded, checks, kinds, policies, calendars, kept)
    plans = [plan for name, data in entries.items() if (plan := compiler.compile(name, data)) is not None]
    _refuse_shared_secret(plans, loaded.problems)
    return {plan.system: plan for plan in plans}


def _refuse_shared_secret(plans: Sequence[DeploymentPlan], problems: Problems) -> None:
    """What is signed does not say for which system: with one secret for two, what fails the one would fail the other."""
    known: dict[str, str] = {}  # the first system of each secret
    for system, hook in ((plan.system, plan.hook) for plan in plans if plan.hook is not None):
        first = known.setdefault(hook.secret.reveal(), system)
        if first != system:
            place, found = (*DEPLOYMENTS_AT, system, "hook", "secret"), f"the secret of {first}"
            hint = "what is signed for one system would be good for the other, too"
            problems.add(place, found, "a secret of its own", hint)


def deployment_secrets(loaded: Loaded) -> Iterator[tuple[KeyPath, Secret]]:
    """The secrets of incoming webhooks, each with its place."""
    given = loaded.tree.get("deployments", {})
    for name, entry in given.items() if isinstance(given, dict) else ():
        for path, secret in secrets_in(entry, DeploymentEntry):
            yield (*DEPLOYMENTS_AT, name, *path), secret


class _Compiler:
    """Reads entries; knows what they may name."""

    def __init__(
        self,
        loaded: Loaded,
        checks: Sequence[CheckPart],
        kinds: CheckKinds,
        policies: Collection[str],
        calendars: Mapping[str, Calendar],
        kept: timedelta,
    ) -> None:
        self._kept = kept
        self._loaded = loaded
        self._problems: Problems = loaded.problems
        self._checks = checks
        self._kinds = kinds
        self._policies = policies
        self._calendars = calendars

    def compile(self, name: str, data: object) -> DeploymentPlan | None:
        path = (*DEPLOYMENTS_AT, name)
        entry = read(DeploymentEntry, data, path, self._problems)
        if entry is None:
            return None
        self._refuse_unknown(path, entry)
        self._refuse_extremes(path, entry)
        plan = DeploymentPlan(
            system=name,
            environment=entry.environment,
            matcher=_matcher(entry.match) if entry.match else Matcher(),
            by_system=entry.match is None,
            stops=_matcher(entry.stops) if entry.stops else None,
            channels=tuple(dict.fromkeys(entry.channels)),
            update_every=entry.update_every,
            window=entry.window,
            impact=entry.impact,
            public=entry.public,
            policy=entry.policy or DEFAULT_POLICY,
            no_incidents=entry.conditions.no_incidents,
            agreed=tuple(self._calendars[one] for one in entry.conditions.agreed if one in self._calendars),
            watch=_watch(entry.watch),
            criteria=_criteria(entry.criteria),
            rollback=_rollback(entry.rollback) if entry.rollback else None,
            hook=_hook(entry.hook) if entry.hook else None,
            forms=entry.forms,
            reviews=tuple(sorted(set(entry.reviews))),
        )
        self._refuse_nothing(path, entry, plan)
        self._refuse_taken_name(path, name)
        self._refuse_forgotten_week(path, plan.watch)
        return plan

    def _refuse_forgotten_week(self, path: KeyPath, watch: WatchPlan) -> None:
        """At the end of a watch, results from a week before its start are gone where they are kept for just a week."""
        if watch.baseline is Baseline.WEEK and self._kept < WEEK_NEEDS:
            found = f"week, where results are kept for {write_duration(self._kept)}"
            expected = f"before, or store.keep.results of at least {write_duration(WEEK_NEEDS)}"
            hint = "a week before the watch there have to be results still when it ends"
            self._problems.add((*path, "watch", "baseline"), found, expected, hint)

    def _refuse_unknown(self, path: KeyPath, entry: DeploymentEntry) -> None:
        names, commands, problems = channel_names(self._loaded), command_names(self._loaded), self._problems
        for index, name in enumerate(entry.channels):
            refuse_unknown_channel((*path, "channels", index), name, names, problems, commands)
        if entry.rollback is not None:
            self._refuse_machine((*path, "rollback", "channel"), entry.rollback.channel, names)
        if entry.policy is not None and entry.policy not in self._policies:
            expected, hint = (
                f"the name of a policy: {listed(self._policies)}",
                did_you_mean(entry.policy, self._policies),
            )
            problems.add((*path, "policy"), repr(entry.policy), expected, hint)
        for index, name in enumerate(entry.conditions.agreed):
            refuse_unknown_calendar((*path, "conditions", "agreed", index), name, self._calendars, problems)
        for key, match in _matches(entry):
            for index, kind in enumerate(match.kinds):
                if kind not in self._kinds:
                    place = (*path, *key, "kinds", index)
                    problems.add(place, repr(kind), f"one of {listed(self._kinds)}", did_you_mean(kind, self._kinds))

    def _refuse_machine(self, path: KeyPath, name: str, names: Collection[str]) -> None:
        """A rollback is carried out by a program: one that Sentinel starts, or one that hears of it."""
        if name not in names:
            hint = did_you_mean(name, names)
            self._problems.add(path, repr(name), f"the name of a channel: {listed(names)}", hint)
        elif (kind := kind_of(self._loaded, name)) not in UNDOERS:
            found = f"{name!r}, a channel of kind {kind}"
            hint = "a channel of kind `command` names the program that rolls back, and its arguments"
            self._problems.add(path, found, f"the name of a channel of kind {' or '.join(UNDOERS)}", hint)

    def _refuse_extremes(self, path: KeyPath, entry: DeploymentEntry) -> None:
        watch, problems = entry.watch, self._problems

        def refuse(*key: str, expected: str) -> None:
            place = (*path, *key)
            problems.add(place, problems.shown(place, secret=False), expected)

        if timedelta(0) < entry.update_every < SHORTEST:
            refuse("update_every", expected="at least 1m, or 0 for not at all")
        if entry.window > LONGEST_WINDOW:
            refuse("window", expected="at most 1d")
        if watch.lasts > LONGEST_WATCH:
            refuse("watch", "for", expected="at most 1d")
        if watch.every < SHORTEST_INTERVAL:
            refuse("watch", "every", expected="at least 1s")
        if any(point >= watch.lasts for point in watch.at) and "at" in watch.model_fields_set:
            refuse("watch", "at", expected="times before the end of the watch, which is judged in any case")
        if entry.hook is not None and len(entry.hook.secret.reveal()) < LEAST_SECRET:
            place = (*path, "hook", "secret")
            problems.add(place, "a secret that is too short", f"at least {LEAST_SECRET} characters")
        if entry.hook is not None and entry.hook.form is not HookForm.PLAIN and not entry.environment:
            expected = "the environment whose deployments the webhook is about, such as 'production'"
            problems.add((*path, "environment"), "none, though the webhook tells of every environment", expected)

    def _refuse_taken_name(self, path: KeyPath, system: str) -> None:
        taken = name_of(system)
        if any(part.check.name == taken for part in self._checks):
            hint = "that name stands for the deployments of the system"
            self._problems.add(path, f"the system {system}, and a check {taken}", "another name for that check", hint)

    def _refuse_nothing(self, path: KeyPath, entry: DeploymentEntry, plan: DeploymentPlan) -> None:
        """Deployments of no check are a slip of the pen, which would be found out by a watch that judges nothing."""
        if self._problems:
            return
        mine = [part.check for part in self._checks if plan.covers(part.check)]
        if mine:
            self._refuse_standing_still(path, plan, mine)
            return
        if entry.match is not None:
            place, found = (*path, "match"), f"{plan.matcher}, which is none of the checks"
            self._problems.add(place, found, "conditions that some check meets")
            return
        hint = f'set "system": "{plan.system}" in `defaults` or in checks, or say by `match` which ones belong to it'
        self._problems.add(
            path, f"the system {plan.system}, to which no check belongs", "a system that has checks", hint
        )

    def _refuse_standing_still(self, path: KeyPath, plan: DeploymentPlan, mine: Sequence[Check]) -> None:
        """Where nothing is meant to be down, it would never be noted whether anything was."""
        if plan.stops is not None and not any(map(plan.stopped, mine)):
            found = f"{plan.stops}, which is none of the checks of the system {plan.system}"
            self._problems.add((*path, "stops"), found, "conditions that some check of the system meets")


def _matches(entry: DeploymentEntry) -> Iterator[tuple[tuple[str, ...], WindowMatch]]:
    if entry.match is not None:
        yield ("match",), entry.match
    if entry.stops is not None:
        yield ("stops",), entry.stops
    for name in ("critical_function", "integrity", "migration"):
        match = getattr(entry.criteria, name)
        if match is not None:
            yield ("criteria", name), match


def _matcher(match: WindowMatch) -> Matcher:
    return Matcher(checks=match.checks, tags=frozenset(match.tags), kinds=frozenset(match.kinds))


def _watch(entry: WatchEntry) -> WatchPlan:
    return WatchPlan(
        lasts=entry.lasts,
        points=tuple(sorted({point for point in entry.at if point < entry.lasts})),
        interval=entry.every,
        baseline=entry.baseline,
        slower=entry.slower,
        errors=entry.errors,
        noisier=entry.noisier,
        quantile=entry.quantile,
        samples=entry.samples,
        significance=entry.significance,
    )


def _criteria(entry: CriteriaEntry) -> CriteriaPlan:
    return CriteriaPlan(
        critical_function=_matcher(entry.critical_function) if entry.critical_function else None,
        integrity=_matcher(entry.integrity) if entry.integrity else None,
        migration=_matcher(entry.migration) if entry.migration else None,
        several_services=entry.several_services,
    )


def _rollback(entry: RollbackEntry) -> RollbackPlan:
    return RollbackPlan(
        channel=entry.channel,
        on_fail=entry.on_fail,
        veto=entry.veto,
        verify=entry.verify,
        verify_within=entry.verify_within,
    )


def _hook(entry: HookEntry) -> HookPlan:
    return HookPlan(secret=entry.secret, form=entry.form)
