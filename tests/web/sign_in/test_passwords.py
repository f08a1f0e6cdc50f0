"""Signing in by a password, sessions, and what ends them (W12, W13)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sentinel.app.sessions import Sessions
from sentinel.core.access import Role, Via
from sentinel.web.sign_in.pages import local_path
from tests.web.sign_in.conftest import ACCESS, HASHES, PASSWORDS, Desk, sign_in

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx2

STATUS = "/api/v1/status"
TYPED = [("ann", "wrong-canary"), ("nobody", "wrong-canary"), ("", ""), ("ann", "x" * 5000)]
FOREIGN = ["//evil.example.org", "/\\evil.example.org", "https://evil.example.org", "/a\\b", "/\tb"]


def show(client: httpx2.AsyncClient, value: str) -> None:
    """Let a browser have this cookie and no other."""
    client.cookies.clear()
    client.cookies.set("sentinel", value, domain="127.0.0.1")


async def test_who_did_not_sign_in_sees_nothing_but_the_door(desk: Desk) -> None:
    async with desk.browser() as ann:
        page, programs = await ann.get("/incidents?open=1"), await ann.get(STATUS)
    assert (page.status_code, page.headers["location"]) == (303, "/sign-in?to=%2Fincidents%3Fopen%3D1")
    assert (programs.status_code, programs.headers["www-authenticate"]) == (401, "Bearer")


async def test_a_right_password_opens_a_session(desk: Desk) -> None:
    async with desk.browser() as ann:
        answer = await sign_in(ann, "ann", to="/incidents")
        assert (answer.status_code, answer.headers["location"]) == (303, "/incidents")
        assert (await ann.get(STATUS)).status_code == 200
    [cookie] = answer.headers.get_list("set-cookie")
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()


async def test_the_page_asks_for_both_and_shows_no_incident(desk: Desk) -> None:
    async with desk.browser() as ann:
        page = await ann.get("/sign-in?to=/incidents")
    assert page.status_code == 200
    assert 'name="password"' in page.text
    assert 'value="/incidents"' in page.text
    assert "login" not in page.text


async def test_a_page_that_is_not_there_tells_a_stranger_nothing(desk: Desk) -> None:
    async with desk.browser() as stranger, desk.browser() as ann:
        await sign_in(ann, "ann")
        told, shown = (await stranger.get("/nowhere")).text, (await ann.get("/nowhere")).text
    assert ("(1)" in told, "(1)" in shown) == (False, True)


@pytest.mark.parametrize(("name", "password"), TYPED)
async def test_what_is_wrong_is_not_told(desk: Desk, name: str, password: str) -> None:
    async with desk.browser() as stranger:
        answer = await sign_in(stranger, name, password)
        assert (answer.status_code, "not right" in answer.text, "wrong-canary" in answer.text) == (401, True, False)
        assert (await stranger.get(STATUS)).status_code == 401


async def test_a_wrong_password_leaves_the_name_where_it_was_typed(desk: Desk) -> None:
    async with desk.browser() as stranger:
        assert 'value="ann"' in (await sign_in(stranger, "ann", "wrong")).text


async def test_after_five_failures_a_name_has_to_wait_longer_each_time(desk: Desk) -> None:
    """W12: and the right password does not help before that."""
    async with desk.browser() as stranger:
        for _ in range(5):
            await sign_in(stranger, "ann", "wrong")
        held = await sign_in(stranger, "ann")
        assert (held.status_code, int(held.headers["retry-after"])) == (429, 2)
        await desk.clock.advance(seconds=1.5)
        assert (await sign_in(stranger, "ann", "wrong")).status_code == 401
        await desk.clock.advance(seconds=1.5)
        assert (await sign_in(stranger, "ann")).status_code == 429
        await desk.clock.advance(seconds=1)
        assert (await sign_in(stranger, "ann")).status_code == 303


async def test_every_sign_in_and_every_refusal_is_in_the_journal(desk: Desk) -> None:
    async with desk.browser() as ann:
        await sign_in(ann, "ann", "wrong-canary")
        await sign_in(ann, "my-password-canary", "x")
        await sign_in(ann, "ann")
    told = [(deed.action, deed.by, deed.via.value) for deed in await desk.deeds()]
    assert told == [
        ("session.refused", "ann", "password"),
        ("session.refused", "", "password"),
        ("session.begin", "ann", "password"),
    ]
    assert "canary" not in str(await desk.deeds())


async def test_signing_out_ends_the_session_for_good(desk: Desk) -> None:
    async with desk.browser() as ann, desk.browser() as thief:
        await sign_in(ann, "ann")
        thief.cookies = ann.cookies
        page = await ann.get("/api/v1/status")
        assert page.status_code == 200
        assert (await ann.post("/sign-out", json={})).status_code == 303
        assert (await thief.get(STATUS)).status_code == 401


async def test_each_sign_in_has_an_id_of_its_own(desk: Desk) -> None:
    """A session that somebody planted in the browser is not the one that is opened (session fixation)."""
    async with desk.browser() as ann:
        show(ann, "planted")
        await sign_in(ann, "ann")
        first = ann.cookies["sentinel"]
        await sign_in(ann, "ben")
        second = ann.cookies["sentinel"]
        show(ann, first)
        assert len({"planted", first, second}) == 3
        assert (await ann.get(STATUS)).status_code == 401


async def test_what_is_stored_cannot_be_shown(desk: Desk) -> None:
    async with desk.browser() as ann:
        await sign_in(ann, "ann")
        shown = ann.cookies["sentinel"]
        [stored] = await desk.store.read(lambda tx: tx.sessions.all(10))
        assert shown not in str(stored)
        show(ann, stored.id)
        assert (await ann.get(STATUS)).status_code == 401


async def test_a_session_ends_when_it_is_not_used(desk: Desk) -> None:
    async with desk.browser() as ann:
        await sign_in(ann, "ann")
        for _ in range(2):
            await desk.clock.advance(hours=7)
            assert (await ann.get(STATUS)).status_code == 200
        await desk.clock.advance(hours=8)
        assert (await ann.get(STATUS)).status_code == 401


async def test_a_session_ends_after_a_day_however_much_it_is_used(desk: Desk) -> None:
    async with desk.browser() as ann:
        await sign_in(ann, "ann")
        for _ in range(3):
            await desk.clock.advance(hours=7)
            assert (await ann.get(STATUS)).status_code == 200
        await desk.clock.advance(hours=3)
        assert (await ann.get(STATUS)).status_code == 401


def _gone(desk: Desk) -> None:
    desk.set_access(users={"ben": ACCESS.users["ben"]})


def _demoted(desk: Desk) -> None:
    desk.set_access(users={**ACCESS.users, "ann": replace(ACCESS.users["ann"], role=Role.VIEWER)})


def _another_password(desk: Desk) -> None:
    desk.set_access(users={**ACCESS.users, "ann": replace(ACCESS.users["ann"], password=HASHES["ben"])})


@pytest.mark.parametrize("changed", [_gone, _demoted, _another_password])
async def test_sessions_end_when_who_began_them_changes(desk: Desk, changed: Callable[[Desk], None]) -> None:
    """W13: by a reload, at once, and for that person alone."""
    async with desk.browser() as ann, desk.browser() as ben:
        await sign_in(ann, "ann")
        await sign_in(ben, "ben")
        changed(desk)
        assert (await ann.get(STATUS)).status_code == 401
        assert (await ben.get(STATUS)).status_code == 200


async def test_a_restart_signs_nobody_out(desk: Desk) -> None:
    async with desk.browser() as ann:
        await sign_in(ann, "ann")
        after = Sessions(desk.store, desk.clock, lambda: ACCESS, desk.key)
        await after.recall()
        found = after.find(ann.cookies["sentinel"])
        assert found is not None
        assert (found.name, found.role) == ("ann", Role.ADMIN)


async def test_sessions_that_are_over_leave_the_store(desk: Desk) -> None:
    async with desk.browser() as ann:
        await sign_in(ann, "ann")
    await desk.clock.advance(days=2)
    await desk.sessions.look()
    assert await desk.store.read(lambda tx: tx.sessions.all(10)) == []


async def test_one_person_has_twenty_sessions_at_most(desk: Desk) -> None:
    for _ in range(22):
        await desk.sessions.open("ann", Role.ADMIN, Via.PASSWORD, ACCESS.users["ann"].stamp)
        await desk.clock.advance(seconds=1)
    assert len(await desk.store.read(lambda tx: tx.sessions.all(100))) == 20


@pytest.mark.parametrize("wanted", ["", "incidents", "/sign-in", "/" + "a" * 3000, *FOREIGN])
def test_a_sign_in_leads_nowhere_else(wanted: str) -> None:
    assert local_path(wanted) == "/"


def test_a_sign_in_leads_back_to_the_page_that_was_wanted() -> None:
    assert local_path("/checks/login?last=7d") == "/checks/login?last=7d"


async def test_a_session_may_last_an_hour(desk: Desk) -> None:
    desk.set_access(longest=timedelta(hours=1))
    async with desk.browser() as ann:
        await sign_in(ann, "ann")
        await desk.clock.advance(minutes=61)
        assert (await ann.get(STATUS)).status_code == 401


async def test_no_table_no_page_and_no_log_has_a_secret(desk: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    async with desk.browser() as ann:
        await sign_in(ann, "ann", "wrong-canary-9")
        await sign_in(ann, "ann")
        shown = ann.cookies["sentinel"]
        pages = [(await ann.get(path)).text for path in ("/metrics", STATUS, "/api/v1/journal", "/sign-in")]
    stored = [str(await desk.deeds()), str(await desk.store.read(lambda tx: tx.sessions.all(10)))]
    everything = "\n".join([*pages, *stored, *capfd.readouterr()])
    assert not [one for one in (shown, "canary-9", *PASSWORDS.values()) if one in everything]
