"""What the common tests of probes need to know of each kind: one module per kind, of the same name, with its `SUBJECT`."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from sentinel.core.result import FailureClass
from sentinel.probes.catalogue import CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Callable

#: Must not come out of any run: options and what targets send have them.
CANARIES = ("pass-canary", "token-canary", "key-canary", "query-canary", "header-canary", "Mary Canary")

#: Classes that several kinds have.
LOGIN = frozenset({FailureClass.LOGIN_FAILED, FailureClass.CREDENTIAL_REFUSED})
QUERY = frozenset({FailureClass.QUERY_FAILED, FailureClass.QUERY_TIMEOUT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One kind, seen by the common tests."""

    options: Callable[[str], dict[str, Any]]  # for a target at `host:port`, with canaries for secrets
    own: frozenset[FailureClass]  # the classes of failure that its page lists as its own
    speaks_tcp: bool = True  # whether it asks the target at `host:port` over TCP, and nothing before that
    garbage: frozenset[FailureClass] = field(default=frozenset({FailureClass.PROTOCOL_ERROR}))  # what garbage is to it


def subject(kind: str) -> Subject:
    """What the common tests need to know of a kind."""
    found = import_module(f"tests.probes.kinds.{kind}").SUBJECT
    assert isinstance(found, Subject)
    return found


def login(where: str) -> dict[str, Any]:
    return {"url": f"http://{where}/login?q=query-canary", "username": "monitor", "password": "pass-canary"}


def request(where: str) -> dict[str, Any]:
    return {"url": f"http://{where}/?q=query-canary", "secret_headers": {"X-Key": "key-canary"}}


EVERY = sorted(CATALOGUE)
OVER_TCP = [kind for kind in EVERY if subject(kind).speaks_tcp]
