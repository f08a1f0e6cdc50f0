"""Deployments as a file has them."""

from typing import Annotated, Literal

from pydantic import Field

from sentinel.base.fields import Duration, Options, PositiveDuration, SecretField
from sentinel.config.schema.fields import Line, Name
from sentinel.config.schema.windows import WindowMatch
from sentinel.core.deployment.plan import Baseline, HookForm, OnFail
from sentinel.core.form import Form


class WatchEntry(Options):
    """How a deployment is watched and judged: with the same checks as always, looked at more often."""

    lasts: PositiveDuration = Field(default="15m", validate_default=True, alias="for")
    """How long, unless `sentinel deploy watch --for` says otherwise."""
    at: Annotated[tuple[PositiveDuration, ...], Field(max_length=10)] = Field(
        default=("5m", "10m"), validate_default=True
    )
    """When it is judged, since it began; it is judged at its end in any case."""
    every: PositiveDuration = Field(default="10s", validate_default=True)
    """Each check of the system is looked at no more seldom than this while the watch goes on, or down is expected; at least 1 s.
    Those that sign in or write, and those that are due more seldom than every 15 minutes, keep their own rhythm."""
    baseline: Baseline = Baseline.BEFORE
    """With what is compared: `before` (the same length of time before the deployment began) or `week` (the same time of the same
    weekday, a week before; then `store.keep.results` has to be 8 days or more). Where there is too little of it, it reaches
    further back, at most a day."""
    slower: Annotated[float, Field(gt=0, le=10)] = 0.5
    """Times are too slow when their quantile is worse than the baseline's by more than this share: 0.5 is 50 %."""
    quantile: Annotated[float, Field(ge=0.5, le=0.99)] = 0.95
    """The quantile of times that is compared."""
    errors: Annotated[float, Field(gt=0, le=1)] = 0.01
    """Failures are too many when their share of all results is higher than the baseline's by more than this: 0.01 is one in a
    hundred."""
    noisier: Annotated[float, Field(gt=0, le=100)] = 1.0
    """Matches in logs are too many when there are more per minute than before by more than this share: 1.0 is twice as many."""
    samples: Annotated[int, Field(ge=5, le=10_000)] = 20
    """What has fewer results than this, before or since, is not judged: where nothing can be, the verdict is inconclusive."""
    significance: Annotated[float, Field(gt=0, le=0.2)] = 0.01
    """How likely a watch may fail a release that differs from the one before by chance alone; over all its comparisons and
    points together."""


class CriteriaEntry(Options):
    """What fails a deployment at once, by incidents of these checks that open while it goes on: critical ones; for `integrity`
    and `migration` also those where a check fails as a warning."""

    critical_function: WindowMatch | None = Field(default=WindowMatch(tags=("critical",)))
    """What people cannot do without. `null`: not asked, here and below."""
    integrity: WindowMatch | None = Field(default=WindowMatch(tags=("integrity",)))
    """Whether data are whole."""
    migration: WindowMatch | None = Field(default=WindowMatch(tags=("migration",)))
    """Whether the database stands where the release needs it."""
    several_services: Annotated[int, Field(ge=0, le=1_000)] = 3
    """So many checks that are critical at once, whichever they are; 0: not asked."""


class RollbackEntry(Options):
    """How a deployment is undone: at most once each."""

    channel: Name
    """The channel that does so: one of kind `command`, or a webhook."""
    on_fail: OnFail = OnFail.TELL
    """What is done about a deployment that failed: `tell` people only, `propose` (it is rolled back unless somebody stops that
    within `veto`), or `act` (at once)."""
    veto: PositiveDuration = Field(default="5m", validate_default=True)
    """How long anybody may stop what was proposed."""
    verify: tuple[Name, ...] = ("post",)
    """Tags of the checks that prove a rollback; none: all checks of the system."""
    verify_within: PositiveDuration = Field(default="5m", validate_default=True)
    """How long these have to pass after it ran."""


class HookEntry(Options):
    """An incoming webhook, `POST /hooks/deployments/<system>`, that starts and ends deployments."""

    secret: SecretField
    """What the sender signs with, or shows; at least 16 characters."""
    form: HookForm = HookForm.PLAIN
    """Whose words it speaks: `github` (deployment_status events, signed with HMAC-SHA256), `gitlab` (deployment events, secret
    token), or `plain` (JSON as in docs/deployments, signed like `github`)."""


class ConditionsEntry(Options):
    """What has to hold before a deployment, beside the checks that are tagged `pre`."""

    no_incidents: bool = True
    """No incident of the system is open."""
    agreed: tuple[Name, ...] = ()
    """Calendars in whose hours deployments are agreed; one of them has to cover the moment. None: always."""


class DeploymentEntry(Options):
    """The deployments of one system."""

    environment: Name | Literal[""] = ""
    """Which environment this Sentinel watches, such as `production`: commands that ask for another one are refused."""
    match: WindowMatch | None = None
    """Which checks belong to the system. Not given: those whose `system` has this name."""
    stops: WindowMatch | None = None
    """Which of these checks are down while down is expected (`sentinel deploy start --expected-down`): one of them that stays up
    is pointed out, and they are looked at as often as in the watch. Not given: all."""
    channels: tuple[Name, ...] = ()
    """Channels of the stakeholders: told when a deployment starts, how it goes, how it ended, and of a rollback."""
    update_every: Duration = Field(default="15m", validate_default=True)
    """How often these are told how it goes, at least a minute; 0 is not at all."""
    window: PositiveDuration = Field(default="30m", validate_default=True)
    """How long a deployment may take, unless `sentinel deploy start --window` says otherwise."""
    impact: Line = ""
    """What users notice meanwhile, for the messages."""
    public: bool = False
    """Whether the public status page shows deployments."""
    policy: Name | None = None
    """Policy of escalation for a deployment that failed or is overrun. Not given: `default`."""
    conditions: ConditionsEntry = ConditionsEntry()
    """What has to hold before one begins."""
    watch: WatchEntry = WatchEntry()
    """How one is watched and judged."""
    criteria: CriteriaEntry = CriteriaEntry()
    """What fails one at once."""
    rollback: RollbackEntry | None = None
    """How one is undone. Not given: only by hand, without Sentinel."""
    hook: HookEntry | None = None
    """An incoming webhook."""
    forms: Annotated[tuple[Form, ...], Field(min_length=1)] = (Form.HTML, Form.PDF, Form.MARKDOWN, Form.JSON)
    """In which forms its document is written."""
    reviews: Annotated[tuple[PositiveDuration, ...], Field(max_length=5)] = Field(
        default=("1h", "24h", "7d"), validate_default=True
    )
    """How long after its end it is looked back at, in a document of its own that is mailed to the stakeholders."""
