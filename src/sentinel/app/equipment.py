"""Probes and channels, built for a plan."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from sentinel.app.charts import Charts
from sentinel.base.clock import Clock
from sentinel.base.redact import Redactor
from sentinel.channels.base import ChannelTools
from sentinel.channels.catalogue import CATALOGUE as CHANNELS
from sentinel.channels.wording import Wording
from sentinel.core.check import Check
from sentinel.core.plan import ChannelPlan, Plan
from sentinel.core.result import Note
from sentinel.engine.line import Route
from sentinel.engine.runner import Runnable
from sentinel.probes.base import ProbeTools
from sentinel.probes.calls.session import Sessions
from sentinel.probes.catalogue import CATALOGUE as PROBES
from sentinel.probes.ledger import Ledger
from sentinel.probes.resources import Resources
from sentinel.probes.sharing import Shared
from sentinel.probes.wire import Resolver, Transport

#: Threads for probes that must block, such as those of databases.
THREADS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """What one plan needs."""

    source: str  # name of the Sentinel that the channels speak for
    probes: dict[str, tuple[str, Runnable]]  # by check, with the check's fingerprint
    channels: dict[str, tuple[ChannelPlan, Route]]
    checks: tuple[Check, ...] = ()
    templates: Mapping[str, str] = field(default_factory=dict)  # of the user, which the wording is made of
    wording: Wording = field(default_factory=Wording)

    @property
    def runnables(self) -> dict[str, Runnable]:
        return {name: probe for name, (_, probe) in self.probes.items()}

    @property
    def routes(self) -> dict[str, Route]:
        return {name: route for name, (_, route) in self.channels.items()}


class Equipment:
    """Builds what a plan needs. What the plan before had just so is kept, with what it holds: tokens, pauses, connections."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="probe")
        self.resolver = Resolver()
        self._sessions = Sessions()  # a login that was refused waits across reloads
        self._resources = Resources()  # a run that has begun keeps what it uses through a reload
        self._redactor = Redactor()
        self.charts = Charts(clock)
        self._kit = Kit(source="", probes={}, channels={})

    def build(self, plan: Plan, notes: Mapping[str, Note], ledger: Ledger) -> Kit:
        """Everything for a plan. Nothing is in use yet, so a failure leaves all as it was.

        Args:
            plan: what to build for.
            notes: what the probe of each check noted last.
            ledger: where scenarios write down what they have to clean up.
        """
        kept = self._kit.templates == plan.templates
        wording = self._kit.wording if kept else Wording(plan.templates)
        return Kit(
            source=plan.name,
            probes=self._probes(plan, notes, ledger),
            channels=self._channels(plan, wording),
            checks=plan.checks,
            templates=plan.templates,
            wording=wording,
        )

    async def adopt(self, kit: Kit) -> None:
        """Take this for what is in use, and close the probes that are not any more. Channels are the dispatcher's to close."""
        kept = {id(probe) for probe in kit.runnables.values()}
        outdated = [probe for probe in self._kit.runnables.values() if id(probe) not in kept]
        self._kit = kit
        self.charts.plan(kit.checks)
        for probe in outdated:
            await probe.close()

    async def close(self) -> None:
        """Give back everything; nothing is built afterwards."""
        for probe in self._kit.runnables.values():
            await probe.close()
        self.resolver.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _probes(self, plan: Plan, notes: Mapping[str, Note], ledger: Ledger) -> dict[str, tuple[str, Runnable]]:
        tools = ProbeTools(
            clock=self._clock,
            transport=Transport(self.resolver),
            threads=self._threads,
            sessions=self._sessions,
            shared=Shared(),
            ledger=ledger,
            resources=self._resources,
        )
        probes: dict[str, tuple[str, Runnable]] = {}
        for check in plan.checks:
            known = self._kit.probes.get(check.name)
            if known is None or known[0] != check.fingerprint:
                own = replace(tools, check=check.name, interval=check.interval, note=notes.get(check.name))
                known = check.fingerprint, PROBES[check.kind].build(check.options, own)
            probes[check.name] = known
        return probes

    def _channels(self, plan: Plan, wording: Wording) -> dict[str, tuple[ChannelPlan, Route]]:
        self._redactor.learn(plan.secrets)
        tools = ChannelTools(
            clock=self._clock,
            source=plan.name,
            redactor=self._redactor,
            series=self.charts.series,
            wording=wording,
        )
        same = self._kit.source == plan.name and self._kit.wording is wording
        channels: dict[str, tuple[ChannelPlan, Route]] = {}
        for channel in plan.channels:
            known, kind = self._kit.channels.get(channel.name), CHANNELS[channel.kind]
            # One that runs commands has no words: to build it anew would cut off what it runs.
            if known is None or known[0] != channel or not (same or channel.veto is not None):
                built = kind.build(channel.name, channel.options, tools)
                timeout = kind.timeout_of(channel.options) or kind.timeout
                known = channel, Route(built, timeout, kind.gap, kind.at_once, channel.budget, channel.fallback)
            # Whom the other channel reaches may change while this one stays as it was.
            stand_ins = plan.addresses([channel.fallback])
            channels[channel.name] = known[0], replace(known[1], stand_ins=stand_ins)
        return channels
