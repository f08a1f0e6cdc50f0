"""What a person configures of the `audit` probe."""

from typing import Self

from pydantic import Field, model_validator

from sentinel.base.fields import Options
from sentinel.probes.audit.acting import ActionOptions, RecordedAction, RecordOptions
from sentinel.probes.audit.newest import FreshnessOptions
from sentinel.probes.audit.protection import ProtectionOptions
from sentinel.probes.audit.recent import RecentOptions
from sentinel.probes.audit.trail_options import TrailOptions
from sentinel.probes.database.options import NameField


class AuditOptions(Options):
    """Acts and looks for the record, and looks at the log as a whole; each part may stand alone."""

    action: ActionOptions | None = None
    """What is done in every run."""
    record: RecordOptions | None = None
    """Where its record must appear."""
    actions: dict[NameField, RecordedAction] = Field(default_factory=dict, max_length=20)
    """Several actions by name, each with its `record`; they are done at the same time."""
    freshness: FreshnessOptions | None = None
    """How old the newest record may be; looked at before the actions."""
    trail: TrailOptions | None = None
    """The log as a whole: in order, nothing missing, nothing changed, kept for long enough."""
    recent: RecentOptions | None = None
    """The same, as far as the service's own API shows it: the newest entries in order, nothing missing, nothing changed."""
    protection: ProtectionOptions | None = None
    """Who must not be able to change or delete an entry; PostgreSQL only."""

    @model_validator(mode="after")
    def _looks_at_something(self) -> Self:
        if (self.action is None) != (self.record is None):
            raise ValueError("action and record together")
        if not any((self.action, self.actions, self.freshness, self.trail, self.recent, self.protection)):
            raise ValueError("action and record, or freshness, actions, trail, recent or protection")
        if self.trail is not None and self.recent is not None:
            raise ValueError("either trail or recent: both look at the same log")
        if self.record is not None:
            self.record.refuse_unfindable()
        return self
