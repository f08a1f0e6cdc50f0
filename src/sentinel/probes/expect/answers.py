"""What a check expects of an HTTP answer as a whole: status, headers and body."""

from typing import Final

from pydantic import Field

from sentinel.base.fields import Options
from sentinel.core.result import FailureClass
from sentinel.probes.expect.assertions import HeaderExpectations, JsonAssertion, TextField
from sentinel.probes.expect.patterns import read_json
from sentinel.probes.expect.statuses import StatusField, all_of
from sentinel.probes.finding import Finding
from sentinel.probes.wire import Exchange

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

#: How a hint begins that has a person look at the answer.
BY_HAND: Final = "Ask the same URL by hand"


class HttpExpectations(Options):
    """What the answer must be. All that is given must hold; the first that does not is told of."""

    status: StatusField = ("2xx",)
    """Statuses that are good: numbers, classes such as `2xx`, spans such as `200-204`."""
    headers: HeaderExpectations = Field(default_factory=dict)
    """Per header what it must be: a text for the whole value, or `equals`, `matches`, `exists`."""
    json_: tuple[JsonAssertion, ...] = Field(default=(), alias="json")
    """Places in the body, read as JSON, and what must stand there."""
    text: TextField | None = None
    """Texts that must be in the body."""
    not_text: TextField | None = None
    """Texts that must not be in the body."""

    @property
    def reads_body(self) -> bool:
        return bool(self.json_ or self.text or self.not_text)


class ExpectedAnswer:
    """Holds answers against expectations, the same ones in every run.

    Args:
        expect: what is expected.
        again: how a person gets the same answer, where asking by hand does not give it.
    """

    __slots__ = ("_again", "_expect", "_headers", "_statuses")

    def __init__(self, expect: HttpExpectations, *, again: str = BY_HAND) -> None:
        self._expect = expect
        self._again = again
        self._headers = tuple(expect.headers.items())
        self._statuses = all_of(expect.status)

    def unmet(self, exchange: Exchange) -> Finding | None:
        """The first thing that is not as expected; None when all is. It shows no text of the body or of a header."""
        if exchange.status not in self._statuses:
            expected = ", ".join(self._expect.status)
            explanation = f"status {exchange.status}, expected {expected}"
            return Finding(FailureClass.WRONG_STATUS, explanation, status_hint(exchange.status, again=self._again))
        for name, expected_header in self._headers:
            if unmet := expected_header.unmet(exchange.header(name)):
                return Finding(FailureClass.WRONG_HEADER, f"header {name}: expected {unmet}", _HEADER_HINT)
        return self._unmet_by_body(exchange) if self._expect.reads_body else None

    def _unmet_by_body(self, exchange: Exchange) -> Finding | None:
        if exchange.truncated:
            explanation = f"the body has more than {len(exchange.body)} bytes, too many to look at"
            return Finding(FailureClass.BODY_TOO_LARGE, explanation)
        unmet = self._unmet_by_json(exchange.body) or self._unmet_by_text(exchange.body)
        hint = f"{self._again} and compare; if the new answer is right, change what the check expects."
        return Finding(FailureClass.WRONG_BODY, unmet, hint) if unmet else None

    def _unmet_by_json(self, body: bytes) -> str:
        if not self._expect.json_:
            return ""
        try:
            document = read_json(body)
        except ValueError:
            return "the body is not JSON"
        return next(filter(None, (assertion.failing(document) for assertion in self._expect.json_)), "")

    def _unmet_by_text(self, body: bytes) -> str:
        expect = self._expect
        if expect.text is None and expect.not_text is None:
            return ""
        text = body.decode("utf-8", "replace")
        if expect.text is not None and (missing := expect.text.unmet(text)):
            return f"the body does not contain {missing}"
        if expect.not_text is not None and (present := expect.not_text.met_by(text)):
            return f"the body contains {present}, which it must not"
        return ""


_HEADER_HINT: Final = "Look at what answers now: another version, a proxy, or an error page."
_STATUS_HINTS: Final = {
    400: "The target cannot read the request: ask the same URL by hand. A port that wants TLS (https) says this, too.",
    401: "The target wants a credential: see `auth` and `secret_headers`, and whether the credential is still good.",
    403: "The target knows who asks and refuses: see what that credential may do.",
    404: "The path does not exist there: look for a typing error, a missing route or a wrong virtual host.",
    429: "The target limits how often it may be asked: raise `interval`, or have Sentinel excepted.",
    502: "A proxy answered, or the service says so itself: what stands behind it is down or broken.",
    503: "A proxy answered, or the service says so itself: look at its load, its dependencies and its maintenance mode.",
    504: "A proxy answered, or the service says so itself: what stands behind it is too slow.",
}


def status_hint(status: int, *, again: str = BY_HAND) -> str:
    """What to do about a status that was not expected."""
    if status in _STATUS_HINTS:
        return _STATUS_HINTS[status]
    if status in REDIRECTS:
        return "The address has moved: set `url` to the new one, or `follow_redirects` if it stays on the same origin."
    return "Look at the service's log for this request." if status >= 500 else f"{again} and compare."
