"""The apprise channel: one of the more than 100 services that the library apprise knows, by its address (appriseit.com).

The library is an extra. It blocks, so each attempt has a thread of its own: one that outlives its deadline cannot be stopped,
so there are never more than `THREADS` of them, and none holds up the end of the process. Its own retries and redirects are off,
and its logs, which hold addresses, are silent. It answers only yes or no: yes is taken as sent, and no as not sent.
"""

import asyncio
import importlib.util
import logging
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from pydantic import field_validator

from sentinel.base.fields import Options, SecretField
from sentinel.base.redact import Secret
from sentinel.channels.base import FOR_PEOPLE, Channel, ChannelKind, ChannelTools
from sentinel.channels.plain import plain
from sentinel.channels.render import Tone
from sentinel.channels.wording import Wording
from sentinel.core.notification import Ambiguous, Cause, Failed, Notification, Outcome, Receipt, Sent

TIMEOUT: Final = 30.0  # seconds for one attempt
READ_TIMEOUT: Final = 20.0  # seconds for an answer; after apprise's own 4 a message that did arrive would count as lost
THREADS: Final = 4  # of one channel, those included that hang
BODY_LIMIT: Final = 3_500  # characters; services cut or split what is longer than they take
MISSING: Final = "the package apprise is not installed: pip install 'sentinel-monitor[apprise]'"

#: Libraries that would log whole addresses.
_LOUD: Final = ("apprise", "requests", "urllib3")
_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s]+")

_TYPES: Final = {Tone.CRITICAL: "failure", Tone.WARNING: "warning", Tone.GOOD: "success", Tone.CALM: "info"}


class AppriseOptions(Options):
    """The address of one service, as apprise writes it."""

    url: SecretField
    """The address, such as `tgram://…` or `ntfys://…`. It is kept secret, since it holds tokens. `?overflow=truncate` cuts
    what is too long for the service."""

    @field_validator("url")
    @classmethod
    def _url(cls, value: Secret) -> Secret:
        if not _ADDRESS.fullmatch(value.reveal()) or (is_installed() and service_at(value) is None):
            raise ValueError("one address of a service that apprise knows, such as ntfys://example.org/alerts")
        return value


def is_installed() -> bool:
    """Whether the extra is there."""
    return importlib.util.find_spec("apprise") is not None


def service_at(url: Secret) -> Any:
    """The service at an address; None when apprise does not know it."""
    import apprise  # noqa: PLC0415  an extra, and heavy

    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.CRITICAL + 10)
    # Sequential: in this thread, not in a pool of the library's that would outlive the attempt.
    asset = apprise.AppriseAsset(
        app_id="Sentinel",
        app_desc="Sentinel",
        app_url="",
        async_mode=False,
        http_redirects=False,
        default_service_retry=0,
        pgp_autogen=False,
        pem_autogen=False,
        secure_logging=True,
        service_timeout=0,
        allow_templates=False,
    )
    service = apprise.Apprise.instantiate(url.reveal(), asset=asset, suppress_exceptions=True)
    if service is not None:
        # An address may ask for other things; with `optional` a failure would look like a success.
        service.retry, service.redirects, service.optional = 0, False, False
        if "socket_read_timeout" not in vars(service):  # no `rto` in the address
            service.socket_read_timeout = READ_TIMEOUT
    return service


class AppriseChannel:
    """Tells one service."""

    def __init__(self, url: Secret, wording: Wording) -> None:
        service_at(url)  # the first one loads the library, which takes a second: better now than with the first alert
        self._url = url
        self._wording = wording
        self._busy = threading.BoundedSemaphore(THREADS)

    async def send(self, notification: Notification, first: Receipt | None, deadline: float) -> Outcome:  # noqa: ARG002
        if not self._busy.acquire(blocking=False):
            return Failed(cause=Cause.TIMEOUT, detail="earlier attempts still wait for the service")
        said = self._wording.words(notification.message)
        title = said.subject + (" (repeat)" if notification.is_repeat else "")
        answer = self._in_a_thread(lambda: self._tell(title, plain(said, BODY_LIMIT), _TYPES[said.tone]))
        try:
            async with asyncio.timeout_at(deadline):
                taken = await answer
        except TimeoutError:
            return Ambiguous(cause=Cause.TIMEOUT, detail="no answer in time")
        return Sent() if taken else Failed(cause=Cause.REFUSED, detail="apprise could not deliver it")

    async def close(self) -> None:
        """Holds nothing between attempts."""

    def _tell(self, title: str, text: str, kind: str) -> bool:
        import apprise  # noqa: PLC0415  see `service_at`

        teller = apprise.Apprise()
        teller.add(service_at(self._url))  # one of its own: they are not made for several threads
        return bool(teller.notify(body=text, title=title, notify_type=kind, body_format="text"))

    def _in_a_thread(self, ask: Callable[[], bool]) -> "asyncio.Future[bool]":
        """The answer, from a thread that does not hold up the end of the process as one of a pool would."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bool] = loop.create_future()

        def work() -> None:
            taken = False
            try:
                taken = ask()
            except Exception:  # noqa: S110  whatever a service raises may hold its address, and means no
                pass
            finally:
                self._busy.release()
                with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                    loop.call_soon_threadsafe(_settle, answer, taken)

        threading.Thread(target=work, name="apprise", daemon=True).start()
        return answer


def _settle(answer: "asyncio.Future[bool]", taken: bool) -> None:
    if not answer.done():
        answer.set_result(taken)


class NotInstalled:
    """Stands where the library is missing: the rest of Sentinel works, and other channels stand in."""

    async def send(self, notification: Notification, first: Receipt | None, deadline: float) -> Outcome:  # noqa: ARG002
        return Failed(cause=Cause.UNREACHABLE, detail=MISSING)

    async def close(self) -> None:
        """Holds nothing."""


def _build(_name: str, options: AppriseOptions, tools: ChannelTools) -> Channel:
    return AppriseChannel(options.url, tools.wording) if is_installed() else NotInstalled()


def _lacks(_options: Any) -> str:
    return "" if is_installed() else MISSING


APPRISE: Final = ChannelKind(
    name="apprise",
    summary="Tells one of the more than 100 services that the library apprise knows.",
    options=AppriseOptions,
    build=_build,
    lacks=_lacks,
    timeout=TIMEOUT,
    budget=FOR_PEOPLE,
)
