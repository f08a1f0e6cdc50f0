"""Signing in and the journal, with the whole daemon: what a reload ends, what a crash leaves, what commands say."""

from __future__ import annotations

import json
import sqlite3

import httpx2
from argon2 import PasswordHasher

from tests.kit.ports import free_port
from tests.kit.stage import Stage
from tests.kit.theatre import story

PASSWORD = "correct-horse-canary"
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


@story
async def test_what_people_do_is_in_the_journal_and_the_chain_holds(stage: Stage) -> None:
    """A person signs in and takes an incident, a command comments, the daemon is killed, and the user goes with a reload."""
    port = free_port()
    stage.daemon.config["web"] = {
        "port": port, "dashboard": True, "users": {"ann": {"role": "operator", "password": HASH}},
    }  # fmt: skip
    await stage.daemon.start()
    stage.target.fail()
    await stage.daemon.shows(lambda status: status["incidents"])
    url = f"http://127.0.0.1:{port}"
    async with httpx2.AsyncClient(base_url=url, headers={"origin": url}) as ann:
        entered = await ann.post("/sign-in", data={"name": "ann", "password": PASSWORD, "to": "/"})
        taken = await ann.post("/api/v1/incidents/1/acknowledge", json={"why": "on it"})
        assert (entered.status_code, taken.status_code) == (303, 200), taken.text
        assert (await stage.daemon.say("comment", "1", "the disk was full", "--by", "ben")).code == 0
        await stage.daemon.kill()
        await stage.daemon.start()
        assert (await ann.get("/api/v1/status")).status_code == 200
        del stage.daemon.config["web"]["users"]["ann"]
        stage.daemon.config["web"]["users"]["cleo"] = {"role": "viewer", "password": HASH}
        stage.daemon.write()
        await stage.daemon.reload()
        assert (await ann.get("/api/v1/status")).status_code == 401
    told = json.loads((await stage.daemon.say("journal", "--json")).text)["entries"]
    assert [(one["by"], one["via"], one["action"], one["subject"]) for one in told] == [
        ("", "host", "configuration.start", "configuration"),
        ("ann", "password", "session.begin", "session"),
        ("ann", "password", "incident.acknowledge", "incident 1"),
        ("ben", "socket", "incident.comment", "incident 1"),
        ("", "host", "configuration.start", "configuration"),
        ("", "host", "configuration.reload", "configuration"),
    ]
    assert (await stage.daemon.say("journal", "verify")).text == "The journal is whole, up to entry 6."
    await stage.daemon.stop()
    with sqlite3.connect(stage.daemon.folder / "state" / "sentinel.db") as store:
        store.execute("UPDATE journal SET by_whom = 'cleo' WHERE id = 3")
    store.close()
    said = await stage.daemon.say("journal", "verify")
    assert (said.code, "breaks at entry 3" in said.text) == (1, True)
    assert "canary" not in "\n".join(stage.daemon.process.lines)


@story
async def test_a_signal_is_told_of_as_one(stage: Stage) -> None:
    await stage.daemon.start()
    await stage.daemon.reload()
    assert (await stage.daemon.say("reload")).code == 0
    told = (await stage.daemon.ask("/api/v1/journal"))["entries"]
    assert [(one["via"], one["action"]) for one in told][:2] == [
        ("socket", "configuration.reload"),
        ("host", "configuration.reload"),
    ]
    assert told[0]["by"]
    assert "before," in told[0]["detail"]
