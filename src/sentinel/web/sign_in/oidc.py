"""Signing in with an account that stands elsewhere: OpenID Connect, authorization code with PKCE (RFC 7636).

The provider is asked three times: what it can (discovery), for a token in exchange for the code, and for its keys. Each has a
deadline and a cap, no redirect is followed, and nothing but the ID token is believed.
"""

import asyncio
import hmac
import secrets
from base64 import b64encode, urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import orjson

from sentinel.base.clock import Clock
from sentinel.core.access import OidcPlan
from sentinel.web.sign_in.id_token import ALGORITHMS, Expected, Refused, UnknownKey, claims_of

#: Seconds for one request, and bytes of an answer that are read.
WITHIN, LONGEST_ANSWER = 10.0, 256 * 1024

#: What the provider says about itself is good for so many seconds; new keys are asked for at most this often.
FRESH, KEYS_AGAIN = 3_600.0, 60.0

#: After it could not say, everybody is refused for so many seconds without asking it again.
AGAIN = 5.0

#: Sign-ins that have begun and are not over, in all and from one network, and how long one may take; the oldest give way,
#: first those from the same network: nobody keeps others out by beginning many.
MOST_FLOWS, MOST_FROM_ONE, LONGEST_FLOW = 5_000, 20, 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A sign-in that has begun."""

    state: str
    nonce: str
    verifier: str
    back: str  # where the provider sends the browser
    to: str  # the page that was wanted
    network: str  # from which it was begun
    began: float  # steady clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the provider says about itself (OpenID Connect Discovery 1.0)."""

    authorization: str
    token: str
    keys: str
    algorithms: tuple[str, ...]
    posts_secret: bool  # it takes a client's secret in the body alone


class Provider:
    """One provider, as the configuration names it."""

    def __init__(self, plan: OidcPlan, clock: Clock) -> None:
        self.plan = plan
        self._clock = clock
        self._told: Told | None = None
        self._told_at = 0.0
        self._refusal = ""  # why it could not say anything about itself, the last time
        self._refused_at = 0.0
        self._keys: Sequence[Mapping[str, Any]] = ()
        self._keys_at = -KEYS_AGAIN
        self._flows: OrderedDict[str, Flow] = OrderedDict()
        self._asking = asyncio.Lock()

    async def begin(self, back: str, to: str, network: str) -> tuple[str, str]:
        """Where to send the browser, and what it is to bring back in a cookie.

        Args:
            back: where the provider is to send the browser.
            to: the page that was wanted.
            network: from which it is begun.

        Raises:
            Refused: the provider cannot be asked.
        """
        told, now = await self._discover(), self._clock.monotonic()
        flow = Flow(state=_random(), nonce=_random(), verifier=_random(), back=back, to=to, network=network, began=now)
        key = self._keep(flow)
        challenge = urlsafe_b64encode(sha256(flow.verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self.plan.client_id,
            "redirect_uri": back,
            "scope": " ".join(self.plan.scopes),
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{told.authorization}{'&' if '?' in told.authorization else '?'}{urlencode(asked)}", key

    def _keep(self, flow: Flow) -> str:
        """The key of a flow, from now on kept."""
        same = [key for key, one in self._flows.items() if one.network == flow.network]
        for key in same[: max(len(same) - MOST_FROM_ONE + 1, 0)]:
            del self._flows[key]
        while len(self._flows) >= MOST_FLOWS:
            self._flows.popitem(last=False)
        key = _random()
        self._flows[key] = flow
        return key

    async def finish(self, key: str, brought: Mapping[str, str]) -> tuple[Mapping[str, Any], str]:
        """What the provider says about who signed in, and the page that they wanted. A sign-in can be finished once.

        Raises:
            Refused: it is not to be believed, or cannot be asked.
        """
        flow = self._flows.pop(key, None)
        if flow is None or self._clock.monotonic() - flow.began > LONGEST_FLOW:
            raise Refused("the sign-in took too long, or was begun in another browser")
        if not hmac.compare_digest(brought.get("state", "").encode(), flow.state.encode()):
            raise Refused("the answer belongs to another sign-in")
        if brought.get("iss", self.plan.issuer).rstrip("/") != self.plan.issuer:  # RFC 9207
            raise Refused("another provider answered")
        if "code" not in brought:
            raise Refused("the provider let nobody in")
        token = await self._exchange(brought["code"], flow)
        return await self._claims(token, flow), flow.to

    async def _exchange(self, code: str, flow: Flow) -> str:
        told, plan = await self._discover(), self.plan
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": flow.back,
            "client_id": plan.client_id,
            "code_verifier": flow.verifier,
        }
        headers = {"content-type": "application/x-www-form-urlencoded"}
        if plan.client_secret and told.posts_secret:
            fields["client_secret"] = plan.client_secret.reveal()
        elif plan.client_secret:  # RFC 6749, 2.3.1: both are written as in a form before they are joined
            pair = f"{quote(plan.client_id, safe='')}:{quote(plan.client_secret.reveal(), safe='')}"
            headers["authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        answer = await _ask("POST", told.token, headers, urlencode(fields).encode())
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise Refused("the provider gave no ID token")
        return token

    async def _claims(self, token: str, flow: Flow) -> Mapping[str, Any]:
        """What the token says. When a key is not known the provider may have new ones: they are asked for once."""
        told = await self._discover()
        expected = Expected(
            issuer=self.plan.issuer,
            client=self.plan.client_id,
            nonce=flow.nonce,
            algorithms=told.algorithms,
            now=self._clock.now(),
        )
        try:
            return claims_of(token, await self._key_set(told, again=False), expected)
        except UnknownKey:
            return claims_of(token, await self._key_set(told, again=True), expected)

    async def _discover(self) -> Told:
        async with self._asking:
            now = self._clock.monotonic()
            if self._told is not None and now - self._told_at <= FRESH:
                return self._told
            if self._refusal and now - self._refused_at < AGAIN:
                raise Refused(self._refusal)
            try:
                answer = await _ask("GET", f"{self.plan.issuer}/.well-known/openid-configuration")
                self._told, self._told_at = read_told(answer, self.plan.issuer), now
            except Refused as refusal:
                # All who wait for the same are told this, too: each would wait for a time of its own otherwise.
                self._refusal, self._refused_at = str(refusal), self._clock.monotonic()
                raise
            self._refusal = ""
            return self._told

    async def _key_set(self, told: Told, *, again: bool) -> Sequence[Mapping[str, Any]]:
        async with self._asking:
            now = self._clock.monotonic()
            if not self._keys or (again and now - self._keys_at >= KEYS_AGAIN):
                found = (await _ask("GET", told.keys)).get("keys")
                self._keys = [key for key in found if isinstance(key, dict)] if isinstance(found, list) else []
                self._keys_at = now
            return self._keys


def read_told(answer: Mapping[str, Any], issuer: str) -> Told:
    """What discovery answered, when it is the issuer's own and names addresses no less safe than its own; raises Refused."""
    if str(answer.get("issuer", "")).rstrip("/") != issuer:
        raise Refused("the provider calls itself by another name than `web.oidc.issuer`")
    places = [answer.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
    scheme = urlsplit(issuer).scheme
    if not all(isinstance(place, str) and urlsplit(place).scheme in ("https", scheme) for place in places):
        raise Refused("the provider does not say where to ask")
    offered = answer.get("id_token_signing_alg_values_supported", ["RS256"])
    algorithms = tuple(one for one in ALGORITHMS if isinstance(offered, list) and one in offered)
    if not algorithms:
        raise Refused(f"the provider signs by none of {', '.join(ALGORITHMS)}")
    ways = answer.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return Told(
        authorization=str(places[0]),
        token=str(places[1]),
        keys=str(places[2]),
        algorithms=algorithms,
        posts_secret="client_secret_post" in ways and "client_secret_basic" not in ways,
    )


async def _ask(method: str, url: str, headers: Mapping[str, str] | None = None, content: bytes = b"") -> dict[str, Any]:
    """What the provider answers, a JSON object; raises Refused, whose text names nothing that was sent."""
    import httpx2  # noqa: PLC0415  heavy, and only needed where people sign in elsewhere

    request = httpx2.Request(method, url, headers={"accept": "application/json", **(headers or {})}, content=content)
    try:
        async with asyncio.timeout(WITHIN):
            # The transport alone: no redirects, no proxies from the environment, no log line with the address in it.
            # A scheme may be written in capitals: nobody is believed unseen for that.
            async with httpx2.AsyncHTTPTransport(verify=request.url.scheme != "http") as transport:
                response = await transport.handle_async_request(request)
                try:
                    found = orjson.loads(await _read(response))
                finally:
                    await response.aclose()
    except (TimeoutError, OSError, httpx2.HTTPError, httpx2.InvalidURL, orjson.JSONDecodeError) as error:
        raise Refused(f"the provider cannot be asked: {type(error).__name__}") from None
    if response.status_code != 200 or not isinstance(found, dict):
        raise Refused(f"the provider answered with status {response.status_code}")
    return found


async def _read(response: Any) -> bytes:
    parts: list[bytes] = []
    length = 0
    async for part in response.aiter_bytes():
        length += len(part)
        if length > LONGEST_ANSWER:
            raise Refused("the provider's answer is too large")
        parts.append(part)
    return b"".join(parts)


def _random() -> str:
    return secrets.token_urlsafe(32)
