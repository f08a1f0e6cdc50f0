"""The way to a target and back: one HTTP exchange, bounded in time and memory, with every phase timed.

A probe prepares its request once with `prepare`, and each run asks `Transport.exchange`, which answers with an Exchange
or raises ExchangeFailed.
"""

from sentinel.probes.wire.exchange import Exchange, ExchangeFailed, Phases
from sentinel.probes.wire.failure import Phase
from sentinel.probes.wire.request import InvalidRequest, PreparedRequest, prepare
from sentinel.probes.wire.resolver import Resolver
from sentinel.probes.wire.tls import TlsContexts, TlsSetting, days_left, expires_at
from sentinel.probes.wire.transport import BODY_CAP, Transport

__all__ = [
    "BODY_CAP",
    "Exchange",
    "ExchangeFailed",
    "InvalidRequest",
    "Phase",
    "Phases",
    "PreparedRequest",
    "Resolver",
    "TlsContexts",
    "TlsSetting",
    "Transport",
    "days_left",
    "expires_at",
    "prepare",
]
