"""What a person configures for the `dns` probe."""

from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from dns.exception import DNSException
from dns.name import from_text
from dns.reversename import from_address
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from sentinel.base.fields import Options
from sentinel.probes.expect.patterns import Pattern
from sentinel.probes.wire.names import host_name

RecordType = Literal[
    "A", "AAAA", "CAA", "CNAME", "DNSKEY", "DS", "HTTPS", "MX", "NS", "PTR", "SOA", "SRV", "TLSA", "TXT"
]
_PORT: Final = 53
_SHOWN: Final = 3  # values named in an explanation


def server_place(text: str) -> tuple[str, int]:
    """Host and port of a server as a person writes it; ValueError when it is none."""
    host, colon, port = text.rpartition(":") if text.count(":") == 1 or "]:" in text else (text, "", "")
    name = host_name(host.removeprefix("[").removesuffix("]"))
    number = int(port) if port.isascii() and port.isdigit() else 0 if colon else _PORT
    if not name or not 0 < number < 65536:
        raise ValueError("a name server's name or address, with or without a port, such as '192.0.2.53' or '[::1]:53'")
    return name, number


def _server(text: str) -> str:
    server_place(text)
    return text


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Listed = Annotated[tuple[str, ...], BeforeValidator(_listed, json_schema_input_type=str | tuple[str, ...])]


class DnsExpectations(Options):
    """What the answer must be. All that is given must hold."""

    equals: Listed | None = None
    """The values, all of them, in any order; one or a list."""
    contains: Listed = ()
    """Values that must be among them; one or a list."""
    matches: Pattern | None = None
    """A pattern (RE2) that at least one value must have, such as `v=spf1` in TXT records."""
    at_least: int = Field(default=1, ge=1, le=1000)
    """The least number of values."""
    absent: bool = False
    """There must be no such record, or no such name."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.absent and len(self.model_fields_set) > 1:
            raise ValueError("nothing beside absent")
        return self

    def unmet(self, values: Iterable[str], record: str) -> str:
        """What does not hold, such as `expected 192.0.2.1`; empty when all does."""
        found = set(values)
        if self.equals is not None and found != (wanted := {normal(value, record) for value in self.equals}):
            return f"expected {shown(wanted)}"
        if missing := {normal(value, record) for value in self.contains} - found:
            return f"expected {shown(missing)} among them"
        if self.matches is not None and not any(map(self.matches.found_in, found)):
            return f"expected a match of '{self.matches.source[:100]}'"
        return f"expected at least {self.at_least}" if len(found) < self.at_least else ""


class DnsOptions(Options):
    """Asks name servers for one record and looks at the answers."""

    name: str = Field(min_length=1, max_length=300)
    """The name to ask for. For `PTR` it may be an address."""
    type: RecordType = "A"
    """The type of record."""
    servers: tuple[Annotated[str, AfterValidator(_server)], ...] = Field(default=(), max_length=16)
    """Name servers to ask, each with or without a port. All of them must answer. Default: those of this host
    (see `resolv_conf`), one after the other until one answers."""
    resolv_conf: Path = Path("/etc/resolv.conf")
    """The file that names this host's name servers; `/run/systemd/resolve/resolv.conf` goes past systemd's own resolver."""
    over: Literal["udp", "tcp"] = "udp"
    """The transport. An answer that does not fit into UDP is fetched over TCP in any case."""
    expect: DnsExpectations = DnsExpectations()
    """What the answer must be."""
    agree: bool = True
    """Whether all `servers` must give the same values; of `SOA` the same serial number."""
    authoritative: bool = False
    """The servers must answer from data of their own. They are asked without recursion."""
    dnssec: bool = False
    """The server must say that it has validated the answer (the flag AD). Meant for a resolver on a network that is trusted."""
    reveal: bool = False
    """Show values that were found, not only addresses. Never for records that hold a secret."""

    @model_validator(mode="after")
    def _can_be_asked(self) -> Self:
        question(self)
        return self


def question(options: DnsOptions) -> str:
    """The name as it is asked for; ValueError when it is none."""
    try:
        if options.type == "PTR" and _is_address(options.name):
            return from_address(options.name).to_text()
        return from_text(options.name).to_text()
    except (DNSException, UnicodeError):
        raise ValueError("a name such as 'www.example.org'") from None


def normal(value: str, record: str) -> str:
    """A value in the one form that is compared: names in small letters without the last dot, addresses in their short form."""
    if record in {"A", "AAAA"}:
        try:
            return str(ip_address(value))
        except ValueError:
            return value
    return value if record in {"TXT", "CAA"} else value.lower().rstrip(".")


def shown(values: Iterable[str]) -> str:
    """The first few values, for an explanation."""
    known = sorted(values)
    more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    return ", ".join(value[:100] for value in known[:_SHOWN]) + more


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
