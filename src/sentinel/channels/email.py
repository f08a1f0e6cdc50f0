"""The email channel: one mail to each recipient, each over an SMTP connection of its own."""

import asyncio
import contextlib
import re
import socket
import ssl
from email.headerregistry import Address
from email.utils import parseaddr
from functools import partial
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from sentinel.base.addresses import is_host, is_host_name
from sentinel.base.fields import Options, SecretField
from sentinel.channels.base import FOR_PEOPLE, ChannelKind, ChannelTools
from sentinel.channels.chart import Chart, asked, draw
from sentinel.channels.fields import CaFile
from sentinel.channels.mail import Mail, Sheet, compose, is_long
from sentinel.channels.route import Envelope, Route, Tls, TooLarge
from sentinel.channels.wording import load_templates
from sentinel.core.notification import Ambiguous, Cause, Failed, Notification, Outcome, Receipt, Sent

#: Seconds for one attempt. RFC 5321 (4.5.3.2.6) advises ten minutes for the answer to the data, since giving up early sends
#: a message twice; a mail server that takes longer than this has given an alert no use.
TIMEOUT: Final = 90.0

#: Seconds for the chart of a mail, asking for its values included.
CHART_WITHIN: Final = 2.5

#: A dot-atom and a domain of letters, digits, hyphens and dots; or an address literal (RFC 5321, 4.1.2, without quoting).
_ADDRESS: Final = re.compile(
    r"(?=.{3,254}$)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)

_ENCODED: Final = "=?"  # begins an encoded word, which can hide a line end (see `mail`)

Security = Literal["auto", "starttls", "tls", "none"]


def _address(value: str) -> str:
    if not _ADDRESS.fullmatch(value) or len(value.partition("@")[0]) > 64 or _ENCODED in value:
        raise ValueError("a mail address such as oncall@example.org")
    return value


def _sender(value: str) -> str:
    name, address = parseaddr(value)
    if (
        not value.isprintable()
        or _ENCODED in value
        or not name.isprintable()
        or (name and not value.rstrip().endswith(">"))
    ):
        raise ValueError("a mail address such as sentinel@example.org or `Sentinel <sentinel@example.org>`")
    _address(address)
    return value


def _host(value: str) -> str:
    if not is_host(value):
        raise ValueError("the name or address of a mail server, such as smtp.example.org")
    return value


def _hello(value: str) -> str:
    if not is_host_name(value):
        raise ValueError("the name of a host, such as sentinel.example.org")
    return value


MailAddress = Annotated[str, AfterValidator(_address)]


class EmailOptions(Options):
    """A mail server, who sends, and who gets the mails."""

    host: Annotated[str, AfterValidator(_host)]
    """The mail server."""

    port: int | None = Field(default=None, ge=1, le=65535)
    """Its port. Left out: 465 with `tls`, 587 with `starttls` or a login, otherwise 25."""

    security: Security = "auto"
    """`tls`: TLS from the first byte. `starttls`: TLS before anything else, or no mail. `none`: never TLS. `auto`: `tls` on
    port 465, `starttls` on port 587 or with a login, and otherwise TLS where the server offers it, with whatever
    certificate it has."""

    username: str = ""
    """For the login, where the server wants one."""

    password: SecretField | None = None
    """For the login. It is never sent over a connection without TLS, unless `security` is `none`."""

    sender: Annotated[str, AfterValidator(_sender)]
    """Whom the mails are from: an address, or a name and an address in angle brackets."""

    recipients: tuple[MailAddress, ...] = Field(min_length=1)
    """Who gets the mails. Each gets a mail of their own, so that one refused address holds up nobody else."""

    ca_file: CaFile | None = None
    """File of certificate authorities (PEM) to trust for this server instead of the system's."""

    hello: Annotated[str, AfterValidator(_hello)] | None = None
    """The name that Sentinel gives itself towards the server. Left out: the name of the host it runs on."""

    charts: bool = True
    """Whether mails about an incident show its reading around the outage."""

    @model_validator(mode="after")
    def _login(self) -> Self:
        if bool(self.username) != (self.password is not None):
            raise ValueError("`username` and `password` together, or neither")
        if len(set(self.recipients)) < len(self.recipients):
            raise ValueError("each recipient once")
        return self


def _tls(options: EmailOptions) -> Tls:
    match options.security:
        case "tls":
            return Tls.IMPLICIT
        case "starttls":
            return Tls.REQUIRED
        case "none":
            return Tls.NEVER
    if options.port == 465:
        return Tls.IMPLICIT
    return Tls.REQUIRED if options.username or options.port == 587 else Tls.OFFERED


def _port(options: EmailOptions, tls: Tls) -> int:
    return options.port or {Tls.IMPLICIT: 465, Tls.REQUIRED: 587}.get(tls, 587 if options.username else 25)


def _context(options: EmailOptions, tls: Tls) -> ssl.SSLContext | None:
    if tls is Tls.NEVER:
        return None
    if tls is not Tls.OFFERED or options.ca_file is not None:
        return ssl.create_default_context(cafile=options.ca_file)
    unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unverified.check_hostname = False
    unverified.verify_mode = ssl.CERT_NONE
    return unverified


def _own_name() -> str:
    name = socket.gethostname()
    return name if is_host_name(name) else "localhost"


def route(options: EmailOptions) -> Route:
    """How to reach the server. Reads the authorities, so it raises OSError or ssl.SSLError for an unusable `ca_file`."""
    tls = _tls(options)
    return Route(
        host=options.host,
        port=_port(options, tls),
        tls=tls,
        context=_context(options, tls),
        hello=options.hello or _own_name(),
        username=options.username,
        password=options.password,
    )


def _no_room(size: int, most: int) -> Failed:
    detail = f"the server takes mails of {most:,} bytes, and without any file this one has {size:,}"
    return Failed(cause=Cause.REFUSED, detail=detail, permanent=True)


class Email:
    """Sends by one mail server."""

    def __init__(self, options: EmailOptions, tools: ChannelTools) -> None:
        # Only where a mail channel is configured.
        from sentinel.channels.smtp_client import deliver  # noqa: PLC0415

        load_templates()  # takes 80 ms: better now than with the first alert
        self._deliver = deliver
        self._clock = tools.clock
        self._series = tools.series
        self._route = route(options)
        name, address = parseaddr(options.sender)
        self._sheet = Sheet(sender=Address(name, addr_spec=address), source=tools.source, wording=tools.wording)
        self._charts = options.charts

    async def send(self, notification: Notification, first: Receipt | None, deadline: float) -> Outcome:
        return await self._attempt(notification, first, deadline)

    async def _attempt(
        self, notification: Notification, first: Receipt | None, deadline: float, most: int = 0
    ) -> Outcome:
        """Write the mail and hand it over: once more, and smaller, where the server takes none as large as it was."""
        try:
            async with asyncio.timeout_at(deadline):
                mail = await self._compose(notification, first, most)
        except TimeoutError:
            return Failed(cause=Cause.TIMEOUT, detail="the mail was not written in time")
        failure = await self._hand_over(notification, mail, deadline)
        if isinstance(failure, TooLarge) and not most:
            return await self._attempt(notification, first, deadline, failure.most)
        if isinstance(failure, TooLarge):
            return _no_room(len(mail.content), failure.most)
        return failure or Sent(receipt={"message_id": mail.message_id})

    async def _hand_over(
        self, notification: Notification, mail: Mail, deadline: float
    ) -> Failed | Ambiguous | TooLarge | None:
        sender, recipient = self._sheet.sender.addr_spec, notification.address.recipient
        return await self._deliver(
            self._route, Envelope(sender=sender, recipient=recipient, content=mail.content), deadline
        )

    async def close(self) -> None:
        """Holds nothing between attempts."""

    async def _compose(self, notification: Notification, first: Receipt | None, most: int) -> Mail:
        chart = await self._chart(notification) if self._charts else None
        write = partial(compose, notification, self._sheet, first=first, now=self._clock.now(), chart=chart, most=most)
        return await asyncio.to_thread(write) if is_long(notification) else write()

    async def _chart(self, notification: Notification) -> Chart | None:
        """The chart, if there is one within `CHART_WITHIN`: nobody waits for a picture."""
        wanted = asked(notification.message)
        if wanted is None:
            return None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CHART_WITHIN):
                series = await self._series(wanted.check, wanted.reading, wanted.since, wanted.until)
                if series is not None:
                    return await asyncio.to_thread(draw, series, notification.message)
        return None


def _build(name: str, options: EmailOptions, tools: ChannelTools) -> Email:  # noqa: ARG001  the kind's signature
    return Email(options, tools)


def _recipients(options: EmailOptions) -> tuple[str, ...]:
    return options.recipients


EMAIL: Final = ChannelKind(
    name="email",
    summary="Sends a mail in text and HTML to each recipient, the mails of one incident in one thread.",
    options=EmailOptions,
    build=_build,
    recipients=_recipients,
    own_address=lambda _options, written: _address(written),
    timeout=TIMEOUT,
    budget=FOR_PEOPLE,
)
