"""The journal over the local socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sentinel.base.errors import StoreUnavailable
from sentinel.core.access import Via

if TYPE_CHECKING:
    from tests.web.conftest import Site

JOURNAL = "/api/v1/journal"


async def test_what_people_do_over_the_socket_is_told_with_their_name(site: Site) -> None:
    await site.local.post("/api/v1/incidents/12/acknowledge", json={"by": "ann", "why": "a word of mine", "for": "2h"})
    [entry] = (await site.local.get(JOURNAL)).json()["entries"]
    told = {name: entry[name] for name in ("by", "via", "action", "subject", "detail")}
    assert told == {
        "by": "ann", "via": "socket", "action": "incident.acknowledge", "subject": "incident 12", "detail": "for 2h",
    }  # fmt: skip


async def test_where_nobody_is_named_it_is_the_user_at_the_other_end(site: Site) -> None:
    await site.local.post("/api/v1/reload", json={})
    [deed] = site.monitor.journal.deeds
    assert deed.by
    assert (deed.via, deed.detail) == (Via.SOCKET, "fingerprint f1 before, f1 after")


async def test_a_command_that_works_past_the_daemon_is_told(site: Site) -> None:
    body = {"command": "test-alert", "on": "mail\x1b[2J, chat", "by": "ann"}
    assert (await site.local.post(JOURNAL, json=body)).status_code == 200
    [deed] = site.monitor.journal.deeds
    assert (deed.by, deed.action, deed.subject, deed.detail) == (
        "ann", "command.run", "command test-alert", "mail [2J, chat",
    )  # fmt: skip


@pytest.mark.parametrize(
    "body", [{}, {"command": "rm", "on": "x"}, {"command": "report"}, {"command": "report", "on": ""}]
)
async def test_nobody_writes_anything_else_into_it(site: Site, body: dict[str, str]) -> None:
    assert (await site.local.post(JOURNAL, json=body)).status_code == 400
    assert site.monitor.journal.deeds == []


async def test_over_the_socket_too_nothing_is_done_that_cannot_be_written_down(site: Site) -> None:
    site.monitor.journal.failure = StoreUnavailable("the disk is away")
    assert (await site.local.post("/api/v1/reload", json={})).status_code == 503
    assert site.monitor.reloads == 0


async def test_the_chain_can_be_asked_about(site: Site) -> None:
    found = (await site.local.get(f"{JOURNAL}/verify")).json()
    assert (found["whole"], found["entries_until"], found["breaks_at"]) == (True, 0, None)


@pytest.mark.parametrize("wrong", ["?last=yesterday", "?last="])
async def test_a_time_that_is_none_is_refused(site: Site, wrong: str) -> None:
    assert (await site.local.get(JOURNAL + wrong)).status_code == 400
