"""The command channel: a level of escalation, or the rollback of a deployment, runs a program.

It runs when a level that names the channel is told, or when a deployment is undone by it, and on nothing else: no reminder, no
recovery, no test. It is begun at most once for each incident and level (`core.commanding`), and for each deployment
(`core.deployment.rolling_back`), because what a command has done cannot be done twice.
"""

import asyncio
import os
import re
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, field_validator

from sentinel.base.clock import Clock
from sentinel.base.fields import Duration, Options, PositiveDuration, SecretField
from sentinel.base.process import Ended, ProgramFailed, ProgramTimedOut, run_program
from sentinel.base.redact import MASK, Redactor
from sentinel.base.units import format_duration
from sentinel.channels.base import ChannelKind, ChannelTools, Rehearsal
from sentinel.channels.clean import block, one_line, shorten
from sentinel.channels.placeholders import checked, facts_of, filled
from sentinel.core.commanding import TOOK, WROTE
from sentinel.core.notification import (
    AT_MOST_ONCE,
    Ambiguous,
    Cause,
    Failed,
    Message,
    Notification,
    Outcome,
    Receipt,
    Sent,
)

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_OWN: Final = "SENTINEL_"

#: Bytes that are kept of what a command writes, before what is shown is cut from them.
_KEPT: Final = 256 * 1024

#: Bytes that a secret may have.
_LONGEST_SECRET: Final = 8 * 1024

_LONGEST: Final = timedelta(hours=1)

#: Every order is begun a little late; with less than this it would never be.
_SHORTEST_WITHIN: Final = timedelta(seconds=10)

#: Characters of a variable that is a text of ours.
_LONGEST_FACT: Final = 1_000

#: The program is killed this long before the attempt would be cut off, so that there is time to write down how it went.
_GRACE: Final = 5.0  # seconds


def _program(arguments: tuple[str, ...]) -> tuple[str, ...]:
    if not arguments or not arguments[0] or ("/" in arguments[0] and not arguments[0].startswith("/")):
        raise ValueError("a list: the program, by its name in PATH or its absolute path, and its arguments")
    if any("\0" in argument for argument in arguments):
        raise ValueError("arguments without NUL")
    if "{" in arguments[0]:
        raise ValueError("a program that is the same in each case: placeholders belong into its arguments")
    return (arguments[0], *map(checked, arguments[1:]))


def _variables(names: dict[str, Any]) -> dict[str, Any]:
    if not all(_VARIABLE.match(name) and not name.startswith(_OWN) for name in names):
        raise ValueError(f"variables named by letters, digits and `_`, none of them beginning with {_OWN}")
    return names


class CommandOptions(Options):
    """Runs a program when a level of escalation names the channel, or to undo a deployment."""

    command: Annotated[tuple[str, ...], AfterValidator(_program)]
    """The program and its arguments, one text each. No shell reads them. Arguments show in the list of processes: secrets
    belong into `secret_environment`. In arguments {version}, {from}, {ref}, {backup_id}, {reason}, {mode} (`quick` or `backup`),
    {deployment} and {system} stand for what is known of the deployment that is undone, and for nothing without one; `{{` is a
    brace."""

    environment: Annotated[dict[str, str], AfterValidator(_variables)] = Field(default_factory=dict)
    """Variables for the program. Besides these it has PATH, HOME, the language and the time zone of Sentinel, and the facts of
    the incident: SENTINEL_INCIDENT, SENTINEL_CHECK, SENTINEL_TITLE, SENTINEL_SEVERITY, SENTINEL_LEVEL, SENTINEL_SINCE,
    SENTINEL_EXPLANATION, SENTINEL_SOURCE, and SENTINEL_KEY, which is the same for the same order; and of the deployment that is
    undone: SENTINEL_VERSION, SENTINEL_FROM, SENTINEL_REF, SENTINEL_BACKUP_ID, SENTINEL_REASON, SENTINEL_MODE,
    SENTINEL_DEPLOYMENT, SENTINEL_SYSTEM, SENTINEL_ENVIRONMENT."""

    secret_environment: Annotated[dict[str, SecretField], AfterValidator(_variables)] = Field(default_factory=dict)
    """Variables whose values never show."""

    folder: Path | None = None
    """Where it runs; `/` when not given."""

    timeout: PositiveDuration = Field(default="5m", validate_default=True)
    """How long it may run. Then it is killed with all that it has started."""

    veto: Duration = Field(default="5m", validate_default=True)
    """How long anybody may stop what a level of escalation orders, with `sentinel veto` or by acknowledging the incident. 0: it
    runs at once. How long a rollback that is proposed may be stopped, `deployments` says."""

    within: PositiveDuration = Field(default="10m", validate_default=True)
    """How late it may begin, such as after a restart; at least 10 s. Later it is not started, and people are told so."""

    output: Annotated[int, Field(ge=0, le=5_000)] = 500
    """Characters of the end of what it writes that are shown on the timeline and in messages; 0: none. They must never hold a
    person's data. Known secrets are masked."""

    @field_validator("timeout")
    @classmethod
    def _timeout(cls, value: timedelta) -> timedelta:
        if value > _LONGEST:
            raise ValueError("at most 1h")
        return value

    @field_validator("within")
    @classmethod
    def _within(cls, value: timedelta) -> timedelta:
        if value < _SHORTEST_WITHIN:
            raise ValueError("at least 10s")
        return value


class Command:
    """Runs one program, one time for each order."""

    def __init__(self, options: CommandOptions, clock: Clock, redactor: Redactor) -> None:
        self._options = options
        self._clock = clock
        self._redactor = redactor
        self._own = Redactor(options.secret_environment.values())
        self._name = os.path.basename(options.command[0])

    async def send(self, notification: Notification, first: Receipt | None, deadline: float) -> Outcome:  # noqa: ARG002
        if notification.message.kind not in AT_MOST_ONCE:
            return Failed(
                cause=Cause.REFUSED, detail="this channel runs commands and takes no messages", permanent=True
            )
        if refused := self._too_late(notification):
            return refused
        until = min(asyncio.get_running_loop().time() + self._options.timeout.total_seconds(), deadline)
        try:
            ended = await run_program(
                self._arguments(notification),
                until,
                environment=self._variables(notification),
                folder=self._folder,
                output_cap=_KEPT,
            )
        except ProgramTimedOut as problem:
            return Ambiguous(cause=Cause.TIMEOUT, detail=str(problem))
        except ProgramFailed as problem:
            return Failed(cause=Cause.COMMAND_FAILED, detail=str(problem), permanent=True)
        return self._judged(ended)

    async def close(self) -> None:
        """Holds nothing: every run ends with its program."""

    def rehearse(self, order: Notification) -> Rehearsal:
        """What `send` would run, with secrets hidden."""
        hidden = dict.fromkeys(self._options.secret_environment, MASK)
        variables = {**self._variables(order), **hidden}
        return Rehearsal(
            command=tuple(map(self._clean, self._arguments(order))),
            environment={name: self._clean(text) for name, text in variables.items()},
            folder=self._folder or "/",
            timeout=self._options.timeout,
        )

    @property
    def _folder(self) -> str | None:
        return None if self._options.folder is None else str(self._options.folder)

    def _arguments(self, order: Notification) -> tuple[str, ...]:
        program, *arguments = self._options.command
        facts = facts_of(order.message.deployment)
        return (program, *(filled(argument, facts) for argument in arguments))

    def _clean(self, text: str) -> str:
        return self._own.clean(self._redactor.clean(text))

    def _too_late(self, order: Notification) -> Failed | None:
        late = self._clock.now() - (order.due_at or order.created_at)
        if late <= self._options.within:
            return None
        detail = f"it was due {format_duration(late)} ago, and may begin {format_duration(self._options.within)} late"
        return Failed(cause=Cause.TOO_LATE, detail=detail, permanent=True)

    def _judged(self, ended: Ended) -> Outcome:
        took, wrote = format_duration(timedelta(seconds=ended.seconds)), self._shown(ended)
        if ended.status == 0:
            return Sent(receipt={TOOK: took, WROTE: wrote})
        how = f"was ended by signal {-ended.status}" if ended.status < 0 else f"ended with status {ended.status}"
        said = f"{self._name} {how} after {took}"
        return Failed(cause=Cause.COMMAND_FAILED, detail=f"{said}\n{wrote}" if wrote else said, permanent=True)

    def _shown(self, ended: Ended) -> str:
        """The end of what it wrote, standard error last, without secrets and control characters."""
        written = b"\n".join(_whole(part).strip() for part in (ended.output, ended.errors) if part.strip())
        text = block(self._clean(written.decode("utf-8", "replace"))).strip()
        most = self._options.output
        return text if len(text) <= most else "…" + text[len(text) - most :] if most else ""

    def _variables(self, order: Notification) -> dict[str, str]:
        options = self._options
        given = {
            **options.environment,
            **{name: secret.reveal() for name, secret in options.secret_environment.items()},
        }
        return {**given, **_facts(order.message), f"{_OWN}KEY": order.key}


def _whole(written: bytes) -> bytes:
    """Without its end, if that was cut off: half of a secret would not be known as one."""
    return written if len(written) < _KEPT else written[:-_LONGEST_SECRET]


def _facts(message: Message) -> dict[str, str]:
    check, incident = message.check, message.incident
    facts = {
        "SOURCE": message.source,
        "SEVERITY": message.severity.label.lower(),
        "EXPLANATION": message.explanation,
        "CHECK": check.name if check else "",
        "TITLE": (check.title or check.name) if check else "",
        "INCIDENT": str(incident.id) if incident else "",
        "LEVEL": str(incident.level) if incident else "",
        "SINCE": incident.began_at.isoformat(timespec="seconds") if incident else "",
        **{name.upper(): text for name, text in facts_of(message.deployment).items()},
    }
    return {f"{_OWN}{name}": shorten(one_line(text), _LONGEST_FACT) for name, text in facts.items()}


def _lacks(options: CommandOptions) -> str:
    """Better found out when the file is read than half an hour into an outage."""
    program, folder = options.command[0], options.folder
    if shutil.which(program) is None:
        return f"there is no program {os.path.basename(program)} here that Sentinel may run; see `command`"
    return "" if folder is None or folder.is_dir() else "its `folder` is not there"


def _build(_name: str, options: CommandOptions, tools: ChannelTools) -> Command:
    return Command(options, tools.clock, tools.redactor)


COMMAND: Final = ChannelKind(
    name="command",
    summary="Runs a program, such as the rollback of a release, for a level of escalation or a deployment: at most once.",
    options=CommandOptions,
    build=_build,
    lacks=_lacks,
    timeout_of=lambda options: options.timeout.total_seconds() + _GRACE,
    veto_of=lambda options: options.veto,
)
