"""The short form: an HTTP API, its bounds and who is told."""

from typing import Annotated

from pydantic import AfterValidator, Field

from sentinel.base.fields import Options, PositiveDuration, SecretField
from sentinel.config.schema.fields import Count, web_link


class GuideThresholds(Options):
    """The bounds of the short form."""

    api_response_time: PositiveDuration = Field(default="5s", validate_default=True)
    """Response time that is critical. The target is 2 s."""
    error_rate: Annotated[float, Field(gt=0, le=1)] = 0.05
    """Share of failed runs that is critical. The target is 1 %."""
    role_check_time: PositiveDuration = Field(default="1s", validate_default=True)
    """Time of a role check that is critical, for checks of kind `roles`. The target is 0.5 s."""
    consecutive_failures: Count = 3
    """Bad results in a row before an incident opens."""


class GuideEmail(Options):
    """Mail, in the short form."""

    enabled: bool = True
    """Whether mails are sent."""
    smtp_server: Annotated[str, Field(min_length=1)]
    """Host of the mail server, with a port where it is another than the usual one: `mail.example.org:587`."""
    sender: str
    """Address that the mails come from."""
    recipients: tuple[str, ...] = Field(min_length=1)
    """Addresses that the mails go to."""


class GuideSlack(Options):
    """Slack, in the short form."""

    enabled: bool = True
    """Whether Slack is told."""
    webhook_url: SecretField | None = None
    """Address of an incoming webhook."""
    token: SecretField | None = None
    """Token of a bot, with `channel`."""
    channel: str | None = None
    """The Slack channel, with `token`."""


class GuideWebhook(Options):
    """A webhook, in the short form."""

    enabled: bool = True
    """Whether the webhook is called."""
    url: SecretField
    """Address that is called."""
    secret: SecretField | None = None
    """What the calls are signed with."""


class GuideAlerting(Options):
    """Who is told, in the short form."""

    enabled: bool = True
    """Whether anybody is told."""
    email: GuideEmail | None = None
    """Tell by mail."""
    slack: GuideSlack | None = None
    """Tell in Slack."""
    webhook: GuideWebhook | None = None
    """Tell a program."""


class GuideForm(Options):
    """The short form: an HTTP API, its bounds and who is told. It may stand beside the full form."""

    api_url: Annotated[str, AfterValidator(web_link)] | None = None
    """Address of an API that answers at `/health` and `/api/v1/auth/status`: two checks, `health` and `auth-status`."""
    monitoring_interval: PositiveDuration | None = None
    """Time from one run of a check to the next; the same as `defaults.interval`."""
    alert_thresholds: GuideThresholds = GuideThresholds()
    """Bounds of these checks."""
    alerting: GuideAlerting = GuideAlerting()
    """Who is told: the channels `email`, `slack` and `webhook`."""
