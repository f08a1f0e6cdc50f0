"""The `dns` probe: what name servers answer, whether they agree, and how long they take."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Measurement, Reading
from sentinel.probes.base import ProbeKind, ProbeTools
from sentinel.probes.dns.asking import Answer, Question, ask
from sentinel.probes.dns.options import DnsOptions, question, server_place, shown
from sentinel.probes.finding import Finding, measurement
from sentinel.probes.local.worker import Worker
from sentinel.probes.wire.address import Address
from sentinel.probes.wire.failure import WireError
from sentinel.probes.wire.link import addresses_of

_MOST_OF_HOST: Final = 3  # servers that resolv.conf(5) knows


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reply:
    """What came of asking one server: one of the two."""

    server: str
    answer: Answer | None = None
    finding: Finding | None = None


class DnsProbe:
    """Asks afresh in every run; nothing is cached."""

    def __init__(self, options: DnsOptions, tools: ProbeTools) -> None:
        self._options = options
        self._tools = tools
        self._worker = Worker(tools.threads)
        self._question = Question(
            name=question(options),
            record=options.type,
            recursive=not options.authoritative,
            dnssec=options.dnssec,
        )
        self.host = server_place(options.servers[0])[0] if options.servers else ""

    async def measure(self, deadline: float) -> Measurement:
        if self._options.servers:
            async with asyncio.TaskGroup() as group:
                asked = [group.create_task(self._reply(server, deadline)) for server in self._options.servers]
            replies = [one.result() for one in asked]
        else:
            replies = [await self._reply_of_host(deadline)]
        findings = [reply.finding for reply in replies if reply.finding is not None]
        answered = [(reply.server, reply.answer) for reply in replies if reply.answer is not None]
        for server, answer in answered:
            findings += self._judged(server, answer)
        findings += self._disagreement([answer for _, answer in answered])
        return measurement(findings, _readings([answer for _, answer in answered]))

    async def close(self) -> None:
        """There is nothing to give back: every question has a socket of its own."""

    async def _reply_of_host(self, deadline: float) -> _Reply:
        """The reply of the first of this host's servers that answers, as its resolver does it."""
        file = self._options.resolv_conf
        try:
            servers = await self._worker.do(lambda _halt: _servers_in(file), deadline)
        except Finding as finding:
            return _Reply(server="this host", finding=finding)
        nobody = Finding(
            FailureClass.NOT_INSTALLED, f"{file} names no name server", "Name one there, or give `servers`."
        )
        reply = _Reply(server="this host", finding=nobody)
        for left, server in zip(range(len(servers), 0, -1), servers, strict=True):
            now = asyncio.get_running_loop().time()
            reply = await self._reply(server, now + (deadline - now) / left)
            if reply.answer is not None:
                break
        return reply

    async def _reply(self, server: str, deadline: float) -> _Reply:
        try:
            host, port = server_place(server)
            addresses = await addresses_of(self._tools.transport.resolver, host, port, deadline)
            async with asyncio.timeout_at(deadline):
                return _Reply(server=server, answer=await self._ask(addresses))
        except TimeoutError:
            finding = Finding(FailureClass.DNS_TIMEOUT, f"{server}: no answer in time", _SILENT_HINT)
        except WireError as error:
            finding = Finding(error.failure, f"{server}: {error.bare}")
        return _Reply(server=server, finding=finding)

    async def _ask(self, addresses: Sequence[Address]) -> Answer:
        """The answer of a server, at the first of its addresses that this host knows a way to."""
        for address in addresses[:-1]:
            try:
                return await ask(self._question, address, self._options.over)
            except WireError as error:
                if error.failure is not FailureClass.NETWORK_DOWN:
                    raise
        return await ask(self._question, addresses[-1], self._options.over)

    def _judged(self, server: str, answer: Answer) -> list[Finding]:
        """What is wrong with one answer; the first thing alone, as the others mostly follow from it."""
        expect, record = self._options.expect, self._options.type
        if answer.code not in {"NOERROR", "NXDOMAIN"}:
            return [
                Finding(FailureClass.DNS_FAILED, f"{server}: answers {answer.code}", _CODE_HINTS.get(answer.code, ""))
            ]
        if self._options.authoritative and not answer.authoritative:
            explanation = f"{server}: does not answer from data of its own"
            return [Finding(FailureClass.WRONG_ANSWER, explanation, _LAME_HINT)]
        if expect.absent:
            if not answer.values:
                return []
            explanation = f"{server}: there is a record of type {record}, and there must be none"
            return [Finding(FailureClass.WRONG_ANSWER, explanation, _WRONG_HINT)]
        if not answer.values:
            what = (
                "the name does not exist" if answer.code == "NXDOMAIN" else f"the name has no record of type {record}"
            )
            return [Finding(FailureClass.DNS_NOT_FOUND, f"{server}: {what}")]
        if self._options.dnssec and not answer.validated:
            return [Finding(FailureClass.INSECURE, f"{server}: the answer is not validated by DNSSEC", _DNSSEC_HINT)]
        if unmet := expect.unmet(answer.values, record):
            return [Finding(FailureClass.WRONG_ANSWER, f"{server}: {unmet}, found {self._found(answer)}", _WRONG_HINT)]
        return []

    def _disagreement(self, answers: Sequence[Answer]) -> list[Finding]:
        different = {answer.values for answer in answers if answer.code in {"NOERROR", "NXDOMAIN"}}
        if not self._options.agree or len(different) < 2:
            return []
        what = "serial numbers" if self._options.type == "SOA" else "answers"
        explanation = f"{len(answers)} servers give {len(different)} different {what}"
        if self._options.type == "SOA":
            explanation += f", from {min(_serials(answers))} to {max(_serials(answers))}"
        return [Finding(FailureClass.INTEGRITY, explanation, _AGREE_HINT)]

    def _found(self, answer: Answer) -> str:
        """Addresses are shown, as they can hold nothing else; other values only when that is asked for."""
        if self._options.reveal or self._options.type in {"A", "AAAA", "SOA"}:
            return shown(answer.values)
        return f"{len(answer.values)} other value{'s' if len(answer.values) > 1 else ''}"


def _servers_in(file: Path) -> list[str]:
    """The name servers that resolv.conf(5) names. Blocks."""
    try:
        lines = file.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
    words = [line.split() for line in lines]
    servers = [word[1].partition("%")[0] for word in words if word[:1] == ["nameserver"] and len(word) > 1]
    return servers[:_MOST_OF_HOST]


def _serials(answers: Sequence[Answer]) -> list[int]:
    return [int(value) for answer in answers for value in answer.values] or [0]


def _readings(answers: Sequence[Answer]) -> list[Reading]:
    if not answers:
        return []
    ttls = [answer.ttl for answer in answers if answer.ttl is not None]
    readings = [
        Reading("response_time", max(answer.seconds for answer in answers), Unit.SECONDS),
        Reading("answers", min(len(answer.values) for answer in answers), Unit.COUNT),
        Reading("servers", len(answers), Unit.COUNT),
    ]
    return readings + ([Reading("ttl", min(ttls), Unit.SECONDS)] if ttls else [])


_SILENT_HINT: Final = "Is that name server up, and may this host ask it (port 53, UDP and TCP)?"
_LAME_HINT: Final = (
    "The server does not carry that zone (any more): look at its configuration and at the zone's NS records."
)
_WRONG_HINT: Final = (
    "Compare with `dig`; see who changed the zone, and whether the registrar still points to your servers."
)
_AGREE_HINT: Final = "A server has an old zone: look at its transfers, or wait for the TTL after a change."
_DNSSEC_HINT: Final = "Is the zone signed, are its signatures fresh, and does that resolver validate? `delv` shows it."
_CODE_HINTS: Final = {
    "SERVFAIL": "The resolver could not get or validate an answer: look at the zone's servers and its DNSSEC signatures.",
    "REFUSED": "The server does not answer this host or for this zone: look at who may ask it.",
}


def _build(options: Any, tools: ProbeTools) -> DnsProbe:
    return DnsProbe(options, tools)


def _usual_rules(_options: Any) -> list[Mapping[str, Any]]:
    return [{"reading": "response_time", "warning": "500ms", "critical": "2s"}]


KIND: Final = ProbeKind(
    name="dns",
    summary="Asks name servers for a record and looks at the values, who gives them and whether they agree.",
    options=DnsOptions,
    readings={
        "response_time": Unit.SECONDS,
        "answers": Unit.COUNT,
        "servers": Unit.COUNT,
        "ttl": Unit.SECONDS,
    },
    lower_is_worse=frozenset({"answers", "servers"}),
    main="response_time",
    build=_build,
    usual_rules=_usual_rules,
)
