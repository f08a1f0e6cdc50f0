"""The `hardening` probe: doors that were left ajar, in what a service answers, in files, and in settings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from sentinel.base.units import Unit
from sentinel.core.result import Measurement
from sentinel.probes.base import ProbeKind, ProbeTools
from sentinel.probes.calls.caller import Caller
from sentinel.probes.finding import Finding, measurement
from sentinel.probes.hardening import settings
from sentinel.probes.hardening.files import look_at_files
from sentinel.probes.hardening.options import Group, HardeningOptions, SettingsOptions
from sentinel.probes.hardening.remarks import Remark, hints, readings, shortened
from sentinel.probes.hardening.web import Web
from sentinel.probes.local.worker import Worker


class HardeningProbe:
    """Looks at files and settings first, and then asks the service, one request after the other."""

    def __init__(self, options: HardeningOptions, tools: ProbeTools) -> None:
        self._options = options
        self._worker = Worker(tools.threads)
        self._caller = Caller(transport=tools.transport, contexts=tools.contexts)
        self._web = Web(options, self._caller) if options.url is not None else None
        self.host = urlsplit(options.url or "").hostname or ""

    async def measure(self, deadline: float) -> Measurement:
        remarks: list[Remark] = []
        lost: list[Finding] = []
        if self._options.files:
            try:
                remarks += await self._worker.do(lambda _halt: look_at_files(self._options.files), deadline)
            except Finding as finding:
                remarks.append(Remark(group="files", finding=finding))
        for part in self._options.settings:
            try:
                remarks += settings.judged(await self._settings(part, deadline), part)
            except Finding as finding:
                remarks.append(Remark(group="settings", finding=finding))
        if self._web is not None:
            try:
                remarks += await self._web.look(deadline)
            except Finding as finding:
                lost.append(finding)
        wrong = [one.finding for one in remarks if one.counts]
        unseen = [one.finding for one in remarks if not one.counts]
        findings = [*lost, *wrong] or unseen
        counted = readings(remarks, self._groups(lost), whole=not lost)
        found = _with_the_others(measurement(findings, counted, hints=hints(remarks)), findings)
        return _with_the_unseen(found, unseen) if findings is not unseen else found

    async def close(self) -> None:
        """There is nothing to give back: every request has a connection of its own."""

    async def _settings(self, part: SettingsOptions, deadline: float) -> settings.Settings:
        if (env_file := part.env_file) is not None:
            return await self._worker.do(lambda _halt: settings.from_env_file(env_file), deadline)
        if (pid_file := part.pid_file) is not None:
            return await self._worker.do(lambda _halt: settings.from_process(pid_file), deadline)
        assert part.request is not None
        exchange = await self._caller.call("settings", part.request, deadline)
        return settings.from_answer(exchange, part)

    def _groups(self, lost: Iterable[Finding]) -> list[Group]:
        """What could be looked at in this run."""
        groups: list[Group] = self._web.groups if self._web is not None and not lost else []
        if self._options.files:
            groups.append("files")
        if self._options.settings:
            groups.append("settings")
        return groups


def _with_the_others(found: Measurement, findings: Iterable[Finding]) -> Measurement:
    """The measurement with the rest of what was found in its hint, so that all can be mended at once."""
    others = [one.explanation for one in findings if not found.explanation.startswith(one.explanation)]
    if not others:
        return found
    return replace(found, hint=f"{found.hint} Also found: {shortened('; '.join(others))}")


def _with_the_unseen(found: Measurement, unseen: Sequence[Finding]) -> Measurement:
    """The measurement with what could not be looked at, where that was not all."""
    if not unseen:
        return found
    listed = shortened("; ".join(one.explanation for one in unseen))
    return replace(found, hint=f"{found.hint} Could not be looked at: {listed}")


def _build(options: Any, tools: ProbeTools) -> HardeningProbe:
    return HardeningProbe(options, tools)


READINGS: Final[Mapping[str, Unit]] = {"findings": Unit.COUNT, "findings.*": Unit.COUNT}

KIND: Final = ProbeKind(
    name="hardening",
    summary="Looks for doors left ajar: https, headers, CORS, cookies, debug pages, file modes, settings, rate limits.",
    options=HardeningOptions,
    readings=READINGS,
    main="findings",
    build=_build,
)
