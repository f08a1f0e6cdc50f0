"""What of a login's life is looked at."""

from datetime import date, timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sentinel.base.fields import Options, PositiveDuration, SecretField
from sentinel.probes.calls.requests import RequestOptions
from sentinel.probes.calls.session import Login
from sentinel.probes.expect.patterns import JsonPath
from sentinel.probes.expect.statuses import StatusField


class RefusedTokens(Options):
    """Which requests must be refused."""

    missing: bool = True
    """One without a token."""
    tampered: bool = True
    """One whose token's signature was changed."""
    foreign: bool = True
    """One whose token says the same, but is signed by a key that the service does not know."""
    expired: SecretField | None = None
    """A genuine token whose time is over; none: this is not looked at."""


class CookieFlags(Options):
    """What the session cookie of `login.cookie` must say when the login sets it."""

    secure: bool = True
    """It goes over https only."""
    http_only: bool = True
    """Scripts of pages cannot read it."""
    same_site: tuple[Literal["strict", "lax", "none"], ...] = ("strict", "lax")
    """How far it goes along with requests from other sites."""


class Claims(Options):
    """What the token, a JWT, must say."""

    algorithms: Annotated[tuple[str, ...], Field(min_length=1)] = (
        "RS256",
        "RS384",
        "RS512",
        "PS256",
        "ES256",
        "EdDSA",
        "HS256",
    )
    """How it may be signed. `none` is never right."""
    lifetime: PositiveDuration = timedelta(hours=24)
    """How long it may hold, from its issue to its end; a token without an end holds for ever."""
    skew: PositiveDuration = timedelta(minutes=1)
    """How far its time of issue (`iat`) may be from now; a login gives a new token. A token without one is not judged by it."""
    present: tuple[str, ...] = ()
    """Claims that it must have, such as `sub` and `aud`."""


class Refresh(RequestOptions):
    """How a token is renewed."""

    method: str = "POST"
    """The method."""
    send: Literal["json", "form"] = "json"
    """Whether the refresh token goes as JSON or as a form."""
    token: JsonPath = JsonPath("refresh_token")
    """Where the refresh token stands in the login's answer."""
    field: str = "refresh_token"
    """The name of the field that it is sent in."""
    more_fields: dict[str, str] = Field(default_factory=dict)
    """Other fields to send, such as `grant_type`."""
    new_token: JsonPath = JsonPath("access_token")
    """Where the new token stands in the answer."""
    old_token_refused: bool = False
    """Whether the token from before must be refused from then on."""
    once: bool = False
    """Whether the refresh token must be refused when it is used again."""

    @model_validator(mode="after")
    def _has_no_other_body(self) -> Self:
        if self.body is not None or self.json_body is not None:
            raise ValueError("no body or json here: the refresh token is the body; see `more_fields`")
        return self


class Logout(RequestOptions):
    """How a session is ended; sent with its token. Afterwards the token must be refused."""

    method: str = "POST"
    """The method."""
    accepted: StatusField = ("2xx", "302", "303")
    """Statuses that mean that it was done."""


class WrongPassword(Options):
    """A login with a password that is made up, which must be refused."""

    user: str = "sentinel-nobody"
    """A user that does not exist."""
    account: str | None = None
    """Instead, an account that exists and is there for this alone: nobody may miss it when it is locked."""
    every: PositiveDuration = timedelta(hours=1)
    """How often at most it is tried, while it is refused as it must be."""


class Lockout(Options):
    """Wrong passwords, until the account is locked. It will be: name one that is there for this alone."""

    account: str
    """The sacrificial account."""
    password: SecretField | None = None
    """Its password, for services that do not say that an account is locked: after wrong ones the right one must be refused."""
    attempts: Annotated[int, Field(ge=1, le=20)] = 6
    """Wrong passwords after which it must be locked."""
    locked: StatusField = ("423", "429")
    """Statuses that say that it is."""
    every: PositiveDuration = timedelta(hours=24)
    """How often at most it is tried. The account has to be open again by then."""


class StaticToken(Options):
    """A token that somebody made once, and that is to be changed from time to time. It is not sent anywhere."""

    token: SecretField | None = None
    """The token, a JWT that says when it was issued (`iat`)."""
    issued: date | None = None
    """The day on which it was issued, for a token that does not say so."""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if (self.token is None) == (self.issued is None):
            raise ValueError("either token or issued")
        return self


class AuthOptions(Options):
    """Logs in once in every run and tries the token, and some that are none; and, where it is told how, the rest of its life."""

    login: Login
    """How to log in, and as whom."""
    protected: RequestOptions
    """A harmless request that needs a token."""
    accepted: StatusField = ("2xx",)
    """Statuses that mean that the token was accepted."""
    refused: StatusField = ("401", "403")
    """Statuses that mean that it was refused."""
    refuse: RefusedTokens = RefusedTokens()
    """Which requests must be refused."""
    cookie: CookieFlags | None = None
    """What the session cookie must say."""
    claims: Claims | None = None
    """What the token must say."""
    refresh: Refresh | None = None
    """How the token is renewed; the new one must be accepted."""
    logout: Logout | None = None
    """How the session is ended; the token must be refused afterwards."""
    wrong_password: WrongPassword | None = None
    """A login that must be refused."""
    lockout: Lockout | None = None
    """Wrong passwords must lock an account."""
    static_token: StaticToken | None = None
    """A configured token whose age is measured."""

    @model_validator(mode="after")
    def _spares_its_own_user(self) -> Self:
        for tried in (self.wrong_password, self.lockout):
            if tried is not None and self.login.username in {tried.account, getattr(tried, "user", None)}:
                raise ValueError("another account for wrong passwords than that of `login`, which would be locked")
        if self.cookie is not None and self.login.cookie is None:
            raise ValueError("login.cookie, the name of the session cookie, beside cookie")
        if self.claims is not None and self.login.cookie is not None:
            raise ValueError("either claims of a token, or login.cookie")
        return self

    @property
    def ends_session(self) -> bool:
        """Whether the token of a run is of no use to others."""
        return self.logout is not None or self.refresh is not None
