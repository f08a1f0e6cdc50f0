"""Who may ask what: every route with every role and every scope (W15), and forms of foreign pages (W05, W06)."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import pytest

from sentinel.base.clock import SystemClock
from sentinel.base.errors import StoreUnavailable
from sentinel.core.access import Principal, Role, Scope, Via
from sentinel.web.api import Api
from sentinel.web.pages.site import Site
from sentinel.web.sign_in.csrf import FIELD
from sentinel.web.sign_in.pages import SignInPages
from sentinel.web.sign_in.rules import Rule
from tests.kit.monitor import StillMonitor
from tests.kit.scene import plan
from tests.web.sign_in.conftest import TOKENS, Desk, sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx2

ACKNOWLEDGE = "/api/v1/incidents/12/acknowledge"
TAKE = {"why": "on it"}


def every_route() -> list[Rule]:
    monitor, clock = StillMonitor(plan(), []), SystemClock()
    api, site = Api(monitor, clock), Site(monitor, clock, "ward")
    sign_in_pages = SignInPages(monitor, clock, site.renderer.answer)
    routes = [*api.for_tcp().routes, *(one for part in (*site._parts, site._live) for one in part.routes())]
    for part in (api, site, sign_in_pages):
        part.close()
    return [route for route in (*routes, *sign_in_pages.routes()) if isinstance(route, Rule)]


ROUTES = every_route()


def test_whoever_can_connect_may_ask_this_and_nothing_else() -> None:
    """Deny by default: a new route that is open to all has to be put here by hand."""
    assert {route.path for route in ROUTES if route.least is None} == {
        "/healthz", "/ping/{token}", "/ping/{token}/{word}", "/slack/interactions", "/sign-in", "/sign-in/oidc",
        "/sign-in/oidc/back", "/hooks/deployments/{system}",
    }  # fmt: skip


def test_every_route_of_the_port_is_made_by_a_rule() -> None:
    api = Api(StillMonitor(plan(), []), SystemClock())
    api.close()
    assert all(isinstance(route, Rule) for route in api.for_tcp().routes)


def test_whatever_changes_something_has_a_name_in_the_journal() -> None:
    changing = {route.path for route in ROUTES if "POST" in (route.methods or ()) and not route.doing}
    assert changing == {
        "/ping/{token}", "/ping/{token}/{word}", "/slack/interactions", "/sign-in", "/api/v1/write-down",
        "/hooks/deployments/{system}",
    }  # fmt: skip


def cases() -> Iterator[tuple[str, str, Role, Role]]:
    for route in ROUTES:
        for role in Role:
            if route.least is not None and not route.path.startswith("/events"):
                yield ("POST" if "POST" in (route.methods or ()) else "GET"), route.path, route.least, role


async def test_each_role_may_ask_what_it_may_and_nothing_above(desk: Desk) -> None:
    """One session for each role; what may not be asked is answered 403 whatever it says."""
    people = {Role.VIEWER: "cleo", Role.OPERATOR: "ben", Role.ADMIN: "ann"}
    wrong: list[str] = []
    for role, name in people.items():
        async with desk.browser(accept="application/json") as client:
            await sign_in(client, name)
            for method, path, least, one in cases():
                if one is role and (least > role or method == "GET") and path != "/sign-out":
                    answer = await client.request(method, filled(path), json={} if method == "POST" else None)
                    if (answer.status_code == 403) != (least > role):
                        wrong.append(f"{role.label} {method} {path}: {answer.status_code}")
    assert not wrong


async def test_nobody_may_ask_anything_where_people_sign_in(desk: Desk) -> None:
    async with desk.browser(accept="application/json") as client:
        asked = [(method, path) for method, path, least, role in cases() if role is Role.VIEWER and path != "/metrics"]
        found = [
            (path, (await client.request(method, filled(path), json={} if method == "POST" else None)).status_code)
            for method, path in asked
        ]
    assert not [one for one in found if one[1] != 401]


def filled(path: str) -> str:
    return re.sub(r"\{[a-z_]+(:[a-z]+)?\}", lambda found: "7" if ":" in found[0] else "x", path)


@pytest.mark.parametrize(
    ("who", "asked", "status"),
    [
        ("prometheus", "/metrics", 200),
        ("prometheus", "/api/v1/status", 403),
        ("ci", "/api/v1/status", 200),
        ("ci", "/api/v1/outbox", 403),
        ("root", "/api/v1/outbox", 200),
        ("old", "/api/v1/status", 401),
        ("a token that nobody has", "/api/v1/status", 401),
    ],
)
async def test_a_token_opens_what_its_scopes_say(desk: Desk, who: str, asked: str, status: int) -> None:
    async with desk.program(who) as client:
        assert (await client.get(asked)).status_code == status


async def test_a_token_for_deployments_opens_windows_and_takes_no_incident(desk: Desk) -> None:
    wanted = {"checks": ["login"], "why": "release 7", "for": "10m"}
    async with desk.program("ci") as client:
        assert (await client.post("/api/v1/windows", json=wanted)).status_code == 200
        assert (await client.post(ACKNOWLEDGE, json=TAKE)).status_code == 403
    [deed] = await desk.deeds()
    assert (deed.by, deed.via, deed.action, deed.subject) == ("ci", Via.TOKEN, "window.plan", "window 1")
    assert [window.by for window in desk.monitor.keeper.windows] == ["ci"]


async def test_a_token_for_deployments_deploys_in_its_own_name(desk: Desk) -> None:
    async with desk.program("ci") as client:
        named = await client.post("/api/v1/deployments", json={"version": "2.4.1", "by": "ann"})
        begun = await client.post("/api/v1/deployments", json={"version": "2.4.1"})
        lines = await client.get("/api/v1/deployments/current")
        whole = await client.get("/api/v1/deployments/1")
    assert (named.status_code, begun.json()["line"]["by"]) == (400, "ci")
    assert (lines.status_code, whole.status_code) == (200, 403)  # it has the scopes `deploy` and `status`
    [deed] = await desk.deeds()
    assert (deed.by, deed.via, deed.action, deed.subject) == ("ci", Via.TOKEN, "deployment.start", "deployment 1")


async def test_a_hook_hears_no_token_and_no_session(desk: Desk) -> None:
    """Its signature alone counts: neither a token of an admin nor a browser that somebody signed in with opens it."""
    async with desk.program("root") as root, desk.browser() as people:
        await sign_in(people, "ann")
        answers = [await one.post("/hooks/deployments/payroll", json={}) for one in (root, people)]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[1].json() == {"error": "this is not signed as it has to be"}  # and no page to sign in


async def test_tokens_that_are_wrong_are_noted_and_slowed_down(desk: Desk) -> None:
    async with desk.program("guess-canary") as client:
        found = [(await client.get("/api/v1/status")).status_code for _ in range(8)]
    assert found == [401] * 5 + [429] * 3
    async with desk.program("root") as right:
        assert (await right.get("/api/v1/status")).status_code == 200
    assert [(deed.action, deed.detail) for deed in await desk.deeds()] == [("token.refused", "from 127.0.0.1")] * 5


async def test_metrics_can_be_closed(desk: Desk) -> None:
    desk.set_access(anonymous=frozenset[Scope]())
    async with desk.browser() as nobody, desk.program("prometheus") as scraper:
        assert (await nobody.get("/metrics")).status_code == 401
        assert (await scraper.get("/metrics")).status_code == 200


# --- Who acts ---------------------------------------------------------------------------------------------------------


async def acknowledge(client: httpx2.AsyncClient, **more: Any) -> httpx2.Response:
    return await client.post(ACKNOWLEDGE, json=TAKE | more)


async def test_who_signed_in_acts_by_their_own_name(desk: Desk) -> None:
    async with desk.browser() as ben:
        await sign_in(ben, "ben")
        assert (await acknowledge(ben, by="ann")).status_code == 400
        taken = await acknowledge(ben)
    assert (taken.status_code, taken.json()["acknowledged_by"]) == (200, "ben")
    told = [(deed.by, deed.action, deed.subject) for deed in await desk.deeds()]
    assert told == [("ben", "session.begin", "session"), ("ben", "incident.acknowledge", "incident 12")]


async def test_what_is_refused_is_not_in_the_journal_as_done(desk: Desk) -> None:
    async with desk.program("root") as client:
        assert (await client.post("/api/v1/incidents/99/acknowledge", json=TAKE)).status_code == 404
        assert (await client.post("/api/v1/incidents/12/dance", json={})).status_code == 404
        assert (await client.post("/api/v1/silences", json={"by": "root"})).status_code == 400
    assert await desk.deeds() == []
    assert await desk.store.read(lambda tx: tx.journal.unfinished()) == {}


async def test_of_twenty_at_once_one_resolves_and_one_is_in_the_journal(desk: Desk) -> None:
    """W18."""
    where = "/api/v1/incidents/12/resolve"
    async with desk.program("root") as client:
        answers = await asyncio.gather(*(client.post(where, json={"why": "mended"}) for _ in range(20)))
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(200), set(statuses) - {200} <= {404, 409}) == (1, True)
    assert [deed.action for deed in await desk.deeds()] == ["incident.resolve"]
    assert await desk.store.read(lambda tx: tx.journal.unfinished()) == {}


async def test_what_cannot_be_written_down_is_not_done(desk: Desk) -> None:
    """NIST SP 800-53, AU-5."""

    class Broken:
        def doing(self, deed: object) -> object:
            raise StoreUnavailable("the disk is away")

    desk.monitor.journal = Broken()  # type: ignore[assignment]  # a journal that cannot write
    async with desk.program("root") as client:
        assert (await acknowledge(client)).status_code == 503
    incident = desk.monitor.histories[1].incident
    assert incident is not None
    assert incident.acknowledgement is None


# --- Foreign pages ----------------------------------------------------------------------------------------------------

FOREIGN = [
    {"origin": "https://evil.example.org", "sec-fetch-site": "cross-site"},
    {"origin": "https://evil.example.org"},
    {"origin": "null"},
    {"sec-fetch-site": "same-site"},
]


def from_elsewhere(client: httpx2.AsyncClient, headers: dict[str, str]) -> None:
    for name in ("origin", "sec-fetch-site"):
        client.headers.pop(name, None)
    client.headers.update(headers)


@pytest.mark.parametrize("headers", FOREIGN)
async def test_a_foreign_page_changes_nothing(desk: Desk, headers: dict[str, str]) -> None:
    """W05: neither as JSON nor as a form, and signs nobody in."""
    async with desk.browser() as ann:
        await sign_in(ann, "ann")
        from_elsewhere(ann, headers)
        assert (await acknowledge(ann)).status_code == 403
        assert (await ann.post(ACKNOWLEDGE, data=TAKE)).status_code == 403
        assert (await sign_in(ann, "ben")).status_code == 403


@pytest.mark.parametrize("headers", FOREIGN[:3])
async def test_a_foreign_page_cannot_listen(desk: Desk, headers: dict[str, str]) -> None:
    """W06: server-sent events are refused before anything is sent."""
    async with desk.browser() as ann:
        await sign_in(ann, "ann")
        from_elsewhere(ann, headers)
        assert (await ann.get("/events")).status_code == 403


async def test_a_link_in_a_mail_leads_to_its_page(desk: Desk) -> None:
    async with desk.browser() as ann:
        await sign_in(ann, "ann")
        from_elsewhere(ann, {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"})
        assert (await ann.get("/api/v1/status")).status_code == 200


@pytest.mark.parametrize("token", [{"to": "/"}, {FIELD: ""}, {FIELD: "0" * 64}])
async def test_a_form_without_its_token_does_nothing(desk: Desk, token: dict[str, str]) -> None:
    async with desk.browser() as ann:
        await sign_in(ann, "ann")
        assert (await ann.post("/sign-out", data=token)).status_code == 403
        assert (await ann.get("/api/v1/status")).status_code == 200


async def test_a_form_of_ours_does_what_it_says(desk: Desk) -> None:
    async with desk.browser() as ann:
        await sign_in(ann, "ann")
        page = await ann.get("/")
        [token, *_] = re.findall(rf'name="{FIELD}" value="([0-9a-f]+)"', page.text)
        assert (await ann.post("/sign-out", data={FIELD: token})).status_code == 303
        assert (await ann.get("/api/v1/status")).status_code == 401


async def test_json_that_calls_itself_text_is_refused(desk: Desk) -> None:
    async with desk.browser() as ann:
        await sign_in(ann, "ann")
        answer = await ann.post(ACKNOWLEDGE, content=b'{"why": "x"}', headers={"content-type": "text/plain"})
    assert answer.status_code == 415


def test_a_higher_role_may_what_a_lower_one_may() -> None:
    operator = Principal(name="ben", role=Role.OPERATOR, via=Via.PASSWORD)
    assert [operator.may(role) for role in Role] == [True, True, False]
    assert not Principal(name="ci", role=Role.ADMIN, via=Via.TOKEN, scopes=frozenset()).may(Role.VIEWER, Scope.READ)


def test_no_token_is_its_own_hash() -> None:
    assert len(set(TOKENS.values())) == len(TOKENS)
