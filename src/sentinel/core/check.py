"""A Check: what is watched, how often, and by which rules."""

from dataclasses import dataclass
from datetime import timedelta

from sentinel.base.units import Unit
from sentinel.core.rule import Rule, Severity

#: The name of Sentinel's own check: it fails when Sentinel itself is in trouble.
OWN_CHECK = "sentinel"

#: The kind of the checks that tell of deployments: they have no probe, and belong to no system's own checks.
DEPLOYMENT_KIND = "deployment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One configured check. A value: it has no counters and no state."""

    name: str  # unique in a plan
    kind: str  # the kind of its probe, such as `http`
    interval: timedelta  # between two runs; fixed rate
    timeout: timedelta  # deadline of one run; shorter than or equal to the interval
    main: str = ""  # the reading that stands for it in `--status`, and whose distribution is kept
    main_unit: Unit = Unit.SECONDS  # of that reading
    rules: tuple[Rule, ...] = ()
    tags: frozenset[str] = frozenset()
    title: str = ""  # what people call it; the name when empty
    system: str = ""  # that it belongs to, for pages and reports
    runbook: str = ""  # where to read what to do
    open_after: int = 3  # consecutive results beyond a bound before an incident opens
    close_after: int = 2  # consecutive good results before it resolves
    recheck: timedelta = timedelta(0)  # from a bad result to the next look, until it is confirmed; zero: the next slot
    failure_severity: Severity = Severity.CRITICAL  # how bad a failed result is
    policy: str = "default"  # name of the escalation policy
    depends_on: tuple[tuple[str, ...], ...] = ()  # names of checks; of each group one that is up will do
    group: str = ""  # what has the same one and breaks together is told of together; empty: each by itself
    flaps: bool = True  # whether it is watched for coming and going
    options: object = None  # what the probe of this kind is built from; only that probe looks inside
    shares: str = ""  # checks with the same one are due together: they share what they ask of their target
    lacks: str = ""  # what this host has to have installed first, and how; empty: nothing
    fingerprint: str = ""  # changes when anything that decides what is measured or judged changes

    @property
    def label(self) -> str:
        return self.title or self.name

    @property
    def takes_time(self) -> bool:
        """Whether its main reading says how long the target took to do something; ages are durations, too, but not that."""
        return self.main_unit is Unit.SECONDS and (self.main.endswith("_time") or self.main == "round_trip")

    @property
    def is_sentinels(self) -> bool:
        """Whether Sentinel feeds it by itself, without a probe: its own check, and those of deployments."""
        return self.name == OWN_CHECK or self.kind == DEPLOYMENT_KIND
