"""The `tls` probe: the whole chain of certificates, the names, the version, and what a server must refuse."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Measurement, Reading, failed
from sentinel.probes.base import ProbeKind, ProbeTools, idle_unless
from sentinel.probes.calls.laps import Laps
from sentinel.probes.finding import Finding, measurement
from sentinel.probes.tls import chain, handshake
from sentinel.probes.tls.handshake import Shown, shown_by
from sentinel.probes.tls.options import TlsCheckOptions
from sentinel.probes.tls.starttls import begin_tls
from sentinel.probes.wire.address import Address, place_of
from sentinel.probes.wire.failure import WireError
from sentinel.probes.wire.link import Link, addresses_of
from sentinel.probes.wire.tls import CertificateRefused
from sentinel.probes.wire.transport import SECOND_LOOK


class TlsProbe:
    """Shakes hands once in every run; again to see a certificate that was refused, and for what has to be refused."""

    def __init__(self, options: TlsCheckOptions, tools: ProbeTools) -> None:
        self._options = options
        self._clock = tools.clock
        self._resolver = tools.transport.resolver
        self._context = tools.contexts.get(options.setting())
        self._stranger = tools.contexts.get(options.setting(with_ours=False))
        self._unverified = handshake.any_certificate()
        self._old = handshake.old_versions() if options.try_old_versions else None
        self._name = options.tls.server_name or options.host
        self.host = options.host

    async def measure(self, deadline: float) -> Measurement:
        laps = Laps(place=place_of(self._options.host, self._options.port))
        readings: list[Reading] = []
        try:
            async with asyncio.timeout_at(deadline):
                findings = await self._look(laps, readings, deadline)
        except Finding as finding:
            return failed(finding.failure, finding.explanation, hint=finding.hint, readings=laps.readings() + readings)
        except TimeoutError:
            error = laps.too_slow()
            return failed(error.failure, error.explanation, readings=laps.readings() + readings)
        except WireError as error:
            return failed(error.failure, error.explanation, readings=laps.readings() + readings)
        return measurement(findings, readings, hints=_HINTS)

    async def close(self) -> None:
        """There is nothing to give back: every run has connections of its own."""

    async def _look(self, laps: Laps, readings: list[Reading], deadline: float) -> list[Finding]:
        """The steps of a run: find the host, shake hands, judge what was shown, try what must be refused."""
        addresses = await addresses_of(self._resolver, self._options.host, self._options.port, deadline)
        laps.begin("connect")
        with await Link.to(addresses) as link:
            peer = link.peer
            shown, findings = await self._greet(link, laps)
        readings += laps.readings()
        readings.append(Reading("response_time", laps.total, Unit.SECONDS))
        laps.begin("trying")
        if shown is None:
            shown = await self._shown_without_trust(peer, deadline)
        if shown is None:
            return findings
        now = self._clock.now()
        readings += _readings(shown, now)
        told = {finding.failure for finding in findings}
        findings = [_explained(finding, shown) for finding in findings]
        findings += [finding for finding in self._judged(shown, now) if finding.failure not in told]
        for refusal in self._refusals():
            if finding := await refusal(peer, deadline):
                findings.append(finding)
        return findings

    async def _greet(self, link: Link, laps: Laps) -> tuple[Shown | None, list[Finding]]:
        """What the server shows; when its certificate is refused, why."""
        if self._options.starttls:
            laps.begin("starttls")
            await begin_tls(link, self._options.starttls)
        laps.begin("tls")
        try:
            return shown_by(await link.secure(self._context, self._name)), []
        except CertificateRefused as refused:
            explanation = refused.bare  # the place is the check's own
            if refused.failure is FailureClass.TLS_WRONG_NAME:
                explanation += f" than {self._name}"
            return None, [Finding(refused.failure, explanation)]
        except WireError as error:
            if handshake.no_common_version(error):
                explanation = f"the server speaks no TLS of version {self._options.lowest} or above"
                raise Finding(FailureClass.INSECURE, explanation, _VERSION_HINT) from None
            raise

    async def _shown_without_trust(self, peer: Address, deadline: float) -> Shown | None:
        """What a server shows whose certificate was refused: the first handshake does not keep it."""
        limit = min(deadline, asyncio.get_running_loop().time() + SECOND_LOOK)
        with suppress(TimeoutError, WireError, Finding):
            async with asyncio.timeout_at(limit):
                with await Link.to((peer,)) as link:
                    return shown_by(await self._secure(link, self._unverified))
        return None

    async def _secure(self, link: Link, context: ssl.SSLContext) -> ssl.SSLSocket:
        if self._options.starttls:
            await begin_tls(link, self._options.starttls)
        return await link.secure(context, self._name)

    def _judged(self, shown: Shown, now: datetime) -> list[Finding]:
        found = list(shown.chain.findings(now))
        if missing := chain.names_missing(shown.chain.own, self._options.names):
            what = f"the certificate is not for {', '.join(missing[:3])}{' and others' if len(missing) > 3 else ''}"
            found.append(Finding(FailureClass.TLS_WRONG_NAME, what, "Have a certificate issued for all of `names`."))
        return found

    def _refusals(self) -> list[Callable[[Address, float], Awaitable[Finding | None]]]:
        wanted: list[Callable[[Address, float], Awaitable[Finding | None]]] = []
        if self._options.try_old_versions:
            wanted.append(self._old_versions_taken)
        if self._options.requires_client_certificate:
            wanted.append(self._strangers_taken)
        return wanted

    async def _old_versions_taken(self, peer: Address, deadline: float) -> Finding | None:
        if self._old is None:
            return _cannot_try_old()
        try:
            async with asyncio.timeout_at(handshake.half_of_the_rest(deadline)):
                with await Link.to((peer,)) as link:
                    version = (await self._secure(link, self._old)).version()
        except TimeoutError:  # silence is a refusal, too: what stands before a server may drop what it does not want
            return None
        except WireError as error:
            return _cannot_try_old() if handshake.not_ours(error) else None
        return Finding(FailureClass.INSECURE, f"the server takes {version}", _VERSION_HINT)

    async def _strangers_taken(self, peer: Address, deadline: float) -> Finding | None:
        """In TLS 1.3 a client hears after its own last word of the handshake that it should have had a certificate."""
        secured = False
        try:
            async with asyncio.timeout_at(handshake.half_of_the_rest(deadline)):
                with await Link.to((peer,)) as link:
                    await self._secure(link, self._stranger)
                    secured = True
                    refused = not await link.receive(1)
        except WireError:
            refused = True
        except TimeoutError:
            refused = not secured
        if refused:
            return None
        return Finding(FailureClass.INSECURE, "a client without a certificate is let in", _STRANGER_HINT)


def _explained(finding: Finding, shown: Shown) -> Finding:
    """The refusal of a certificate, with what is often its reason."""
    if finding.failure is not FailureClass.TLS_UNTRUSTED or not shown.chain.alone:
        return finding
    what = f"{finding.explanation}, and the server sends none but its own"
    return Finding(finding.failure, what, f"{chain.FILE_HINT} An authority of your own belongs into `tls.ca_file`.")


def _readings(shown: Shown, now: datetime) -> list[Reading]:
    own = shown.chain.own
    return [
        Reading("days_left", shown.chain.days_left(now), Unit.DAYS),
        Reading("certificate_days", chain.days_left(own, now), Unit.DAYS),
        Reading("chain_length", len(shown.chain.sent), Unit.COUNT),
        Reading("key_bits", chain.key_bits(own), Unit.NONE),
        Reading("must_staple", chain.must_staple(own), Unit.NONE),
        Reading("tls_version", shown.version, Unit.NONE),
    ]


def _cannot_try_old() -> Finding:
    return Finding(FailureClass.NOT_INSTALLED, _LACKS, "Take `try_old_versions` out, or run Sentinel on another host.")


_VERSION_HINT: Final = "Set the versions in the server's configuration: TLS 1.2 and 1.3, and nothing older (RFC 8996)."
_STRANGER_HINT: Final = (
    "Have the server require and verify client certificates, such as nginx's `ssl_verify_client on`."
)
_RENEW_HINT: Final = (
    "See whether what renews it still runs (`systemctl list-timers`, its log), renew it, and reload what serves it."
)
_HINTS: Final = {"days_left": _RENEW_HINT, "certificate_days": _RENEW_HINT}


def _build(options: Any, tools: ProbeTools) -> TlsProbe:
    return TlsProbe(options, tools)


def _idle(options: Any) -> Mapping[str, str]:
    return idle_unless(options.starttls, "`starttls`", "starttls")


def _usual_rules(_options: Any) -> list[Mapping[str, Any]]:
    return [{"reading": "days_left", "direction": "below", "warning": 21, "critical": 7}]


_LACKS: Final = "this host's OpenSSL cannot speak TLS 1.0 and 1.1, so `try_old_versions` cannot be judged: leave it out"


def _lacks(options: Any) -> str:
    return _LACKS if options.try_old_versions and handshake.old_versions() is None else ""


KIND: Final = ProbeKind(
    name="tls",
    summary="Looks at a server's certificates, names and TLS versions, over TLS from the start or by STARTTLS.",
    options=TlsCheckOptions,
    readings={
        "days_left": Unit.DAYS,
        "certificate_days": Unit.DAYS,
        "chain_length": Unit.COUNT,
        "key_bits": Unit.NONE,
        "must_staple": Unit.NONE,
        "tls_version": Unit.NONE,
        "response_time": Unit.SECONDS,
        "resolve": Unit.SECONDS,
        "connect": Unit.SECONDS,
        "starttls": Unit.SECONDS,
        "tls": Unit.SECONDS,
    },
    lower_is_worse=frozenset({"certificate_days", "days_left", "key_bits", "tls_version"}),
    main="days_left",
    build=_build,
    idle=_idle,
    usual_rules=_usual_rules,
    lacks=_lacks,
)
