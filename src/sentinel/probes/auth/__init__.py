"""The `auth` probe: the login works, its token is accepted, tokens that must be refused are, and so through a login's life."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sentinel.base.units import Unit
from sentinel.probes.auth.options import AuthOptions
from sentinel.probes.auth.probe import AuthProbe
from sentinel.probes.base import ProbeKind, ProbeTools, idle_unless

__all__ = ["KIND", "AuthOptions", "AuthProbe"]


def _build(options: Any, tools: ProbeTools) -> AuthProbe:
    return AuthProbe(options, tools)


def _idle(options: Any) -> Mapping[str, str]:
    return {
        **idle_unless(options.refresh, "`refresh`", "refresh_time"),
        **idle_unless(options.logout, "`logout`", "logout_time"),
        **idle_unless(options.claims, "`claims`", "token_lifetime"),
        **idle_unless(options.static_token, "`static_token`", "token_age"),
    }


def _usual_rules(options: Any) -> Sequence[Mapping[str, Any]]:
    """A token is to be changed every 90 days."""
    if options.static_token is None:
        return ()
    return ({"reading": "token_age", "warning": 80, "critical": 90},)


READINGS: Final[Mapping[str, Unit]] = {
    "login_time": Unit.SECONDS,
    "token_check_time": Unit.SECONDS,
    "refresh_time": Unit.SECONDS,
    "logout_time": Unit.SECONDS,
    "token_lifetime": Unit.SECONDS,
    "token_age": Unit.DAYS,
    "response_time": Unit.SECONDS,
}

KIND: Final = ProbeKind(
    name="auth",
    summary="Logs in, uses the token, and sees that bad, renewed and ended tokens and wrong passwords are refused.",
    options=AuthOptions,
    readings=READINGS,
    main="login_time",
    build=_build,
    idle=_idle,
    usual_rules=_usual_rules,
)
