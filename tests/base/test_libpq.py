"""What libpq's words mean. The servers that say most of them are met in the tests of the store and of the sql probe."""

from __future__ import annotations

import errno

import pytest

from sentinel.base.libpq import Kind, connect_error, refusal


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("failed to resolve host 'db.invalid': [Errno -2] Name or service not known", Kind.NAME),
        (
            'connection to server at "db" failed: FATAL:  password authentication failed for user "jane"',
            Kind.CREDENTIAL,
        ),
        ('connection to server at "db" failed: FATAL:  database "app" does not exist', Kind.NO_DATABASE),
        ('connection to server at "db" failed: SSL error: certificate verify failed', Kind.CERTIFICATE_UNTRUSTED),
        ('connection to server at "db" failed: FATAL:  too many connections for role "jane"', Kind.OWN_LIMIT),
        ('connection to server at "db" failed: FATAL:  too many connections for database "app"', Kind.BUSY),
        (
            'FATAL:  pg_hba.conf rejects connection for host "127.0.0.1", user "jane", database "app", no encryption',
            Kind.NOT_PERMITTED,
        ),
        ("connection failed: session is read-only", Kind.BUSY),
    ],
)
def test_known_words_have_their_kind_and_are_not_repeated(said: str, kind: Kind) -> None:
    found = refusal(said)
    assert found is not None
    assert found.kind is kind
    assert not any(name in found.explanation + found.hint for name in ("jane", "app", "db"))


def test_an_error_of_the_operating_system_is_found_by_its_words() -> None:
    said = 'connection to server at "127.0.0.1", port 1 failed: Connection refused'
    assert (refusal(said), connect_error(said)) == (None, errno.ECONNREFUSED)


def test_other_words_mean_nothing() -> None:
    assert (refusal("who knows"), connect_error("who knows")) == (None, None)
