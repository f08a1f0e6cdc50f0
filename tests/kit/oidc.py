"""A small provider of OpenID Connect on loopback: discovery, keys, a token for a code. It never asks who somebody is."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode, urlsafe_b64encode
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

#: Making a key takes a tenth of a second; tests share two.
KEYS = [RSAKey.generate_key(2048, {"kid": f"key-{number}", "use": "sig"}) for number in range(2)]

Json = dict[str, Any]


class OidcServer:
    """What one provider does; a test changes what it wants to be wrong."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.url = ""
        self.client, self.secret = "sentinel", "oidc-secret-canary"
        self.person: Json = {"sub": "u1", "preferred_username": "dora", "groups": ["it"]}
        self.shown = [KEYS[0]]  # among the keys that everybody may see
        self.signing = KEYS[0]
        self.claims: Json = {}  # that stand in the ID token in place of the right ones; None: left out
        self.header: Json = {}  # likewise
        self.token: str | None = None  # instead of one that is made
        self.discovery: Json = {}  # in place of what is right
        self.asked: list[str] = []  # paths, in their order
        self.padding = 0  # bytes that an answer has too many
        self._codes: dict[str, Json] = {}

    def let_in(self, authorization: str) -> str:
        """What somebody does in their browser: where the provider sends them back to."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(authorization).query).items()}
        assert asked["code_challenge_method"] == "S256"
        assert asked["response_type"] == "code"
        code = f"code-canary-{len(self._codes)}"
        self._codes[code] = asked
        return f"{asked['redirect_uri']}?code={code}&state={asked['state']}"

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[OidcServer]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = (await reader.readexactly(int(headers.get("content-length", 0)))).decode()
        path = first.split(" ")[1]
        self.asked.append(path)
        status, answer = self._answer(path, headers, body)
        content = json.dumps(answer).encode() + b" " * self.padding
        with suppress(ConnectionError):  # the other side may have heard enough
            await self._say(writer, status, content)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def _say(self, writer: asyncio.StreamWriter, status: int, content: bytes) -> None:
        writer.write(b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\n" % status)
        writer.write(b"content-length: %d\r\nconnection: close\r\n\r\n" % len(content) + content)
        await writer.drain()

    def _answer(self, path: str, headers: dict[str, str], body: str) -> tuple[int, Json]:
        match path:
            case "/.well-known/openid-configuration":
                return 200, self._configuration() | self.discovery
            case "/keys":
                return 200, {"keys": [key.as_dict(private=False) for key in self.shown]}
            case "/token":
                return self._exchange(headers, dict(parse_qsl(body)))
            case _:
                return 404, {}

    def _configuration(self) -> Json:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        }

    def _exchange(self, headers: dict[str, str], fields: dict[str, str]) -> tuple[int, Json]:
        """Once for each code, for the client that knows the secret and what its challenge was made of."""
        asked = self._codes.pop(fields.get("code", ""), None)
        name, _, secret = b64decode(headers["authorization"].removeprefix("Basic ")).decode().partition(":")
        challenge = urlsafe_b64encode(sha256(fields["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        right = (unquote(name), unquote(secret)) == (self.client, self.secret)
        if asked is None or not right or asked["code_challenge"] != challenge:
            return 400, {"error": "invalid_grant"}
        return 200, {
            "access_token": "access-canary",
            "token_type": "Bearer",
            "id_token": self._id_token(asked["nonce"]),
        }

    def _id_token(self, nonce: str) -> str:
        if self.token is not None:
            return self.token
        now = int(self._now().timestamp())
        claims = {"iss": self.url, "aud": self.client, "iat": now, "exp": now + 300, "nonce": nonce, **self.person}
        kept = {name: value for name, value in (claims | self.claims).items() if value is not None}
        header = {"alg": "RS256", "kid": self.signing.kid} | self.header
        return jwt.encode(header, kept, self.signing, algorithms=[str(header["alg"])])
