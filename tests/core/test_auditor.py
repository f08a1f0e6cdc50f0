"""Who counts as not told, where incidents are told of together."""

from __future__ import annotations

from sentinel.core.auditor import Books, Lapse, audit
from tests.core.made import NOW
from tests.core.ward import Ward, grouped, one


def lapses(ward: Ward, check: str) -> list[Lapse]:
    """What an audit of that incident finds, with every message in the store that was made of it."""
    incident = ward.of(check)
    rows = frozenset((row.incident or 0, row.address) for row in ward.sent)
    return [flaw.lapse for flaw in audit(Books(incidents=(incident,), rows=rows), (incident.id,), (), NOW, ward.now)]


def test_who_heard_of_it_through_two_others_misses_no_message_of_its_own() -> None:
    """It broke together with one, and then what it depends on was down: each of them named it in its messages."""
    ward = Ward(one("db"), *grouped("web"), one("api", depends_on=(("db",),), group="emr"))
    ward.fail("web").fail("api").heal("db", times=1).wait(40)
    ward.fail("db").wait(400)
    assert ward.of("api").told, "it is known who heard of it"
    assert lapses(ward, "api") == []


def test_who_lost_the_message_of_an_incident_is_found() -> None:
    ward = Ward(one("db")).fail("db")
    ward.news()
    assert lapses(ward, "db") == [Lapse.UNTOLD]
