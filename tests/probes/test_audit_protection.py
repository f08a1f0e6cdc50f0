"""The `audit` probe and who can rewrite a log, against PostgreSQL's own word and by trying it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from sentinel.core.result import FailureClass, Measurement, Outcome
from tests.kit.bench import Bench, problem, words

if TYPE_CHECKING:
    from collections.abc import Iterator

REFUSE = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'Mary Canary'; END $$;
    CREATE TRIGGER no_change BEFORE UPDATE OR DELETE ON log FOR EACH ROW EXECUTE FUNCTION refuse();
    CREATE TRIGGER no_truncate BEFORE TRUNCATE ON log FOR EACH STATEMENT EXECUTE FUNCTION refuse();
"""


class Log:
    """A log that `app` writes to, and `monitor`, which was granted nothing, watches."""

    def __init__(self, dsn: str, server: psycopg.Connection[Any]) -> None:
        self.dsn = dsn
        self._server = server

    def execute(self, text: str) -> None:
        self._server.execute(text.encode())

    def url(self, user: str) -> str:
        return self.dsn.replace("//sentinel@", f"//{user}@")

    def options(self, **more: Any) -> dict[str, Any]:
        return {"database": self.url("monitor"), "table": "log", "users": ["app"], **more}

    def attempting(self, **more: Any) -> dict[str, Any]:
        return self.options(attempt=self.url("app"), **more)

    def entries(self) -> list[Any]:
        return self._server.execute("SELECT id, actor FROM log ORDER BY id").fetchall()


@pytest.fixture
def log(postgres_database: str) -> Iterator[Log]:
    with psycopg.connect(postgres_database, autocommit=True) as server:
        server.execute("CREATE TABLE log (id INTEGER GENERATED ALWAYS AS IDENTITY, actor TEXT)")
        server.execute("CREATE ROLE app LOGIN; CREATE ROLE owners; CREATE ROLE monitor LOGIN")
        server.execute("INSERT INTO log (actor) VALUES ('Mary Canary'), ('x')")
        server.execute("GRANT SELECT, INSERT ON log TO app")
        yield Log(postgres_database, server)
        server.execute("DROP OWNED BY app, owners, monitor CASCADE; DROP ROLE app, owners, monitor")


async def look(bench: Bench, options: dict[str, Any]) -> Measurement:
    found = await bench.measure("audit", protection=options)
    assert "Mary" not in words(found)
    return found


async def test_a_log_that_can_only_be_written_to_passes(bench: Bench, log: Log) -> None:
    for options in (log.options(), log.attempting()):
        found = await look(bench, options)
        assert (found.outcome, found.explanation) == (Outcome.PASS, "")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("GRANT DELETE ON log TO app", "protection: app may DELETE on log"),
        ("GRANT UPDATE (actor) ON log TO app", "protection: app may UPDATE on log"),
        ("GRANT TRUNCATE ON log TO PUBLIC", "protection: app may TRUNCATE on log"),
        ("GRANT UPDATE, DELETE ON log TO owners; GRANT owners TO app", "protection: app may UPDATE, DELETE on log"),
        ("ALTER TABLE log OWNER TO app", "protection: app owns log, and can rewrite it"),
        ("ALTER TABLE log OWNER TO owners; GRANT owners TO app", "protection: app owns log, and can rewrite it"),
        ("ALTER ROLE app SUPERUSER", "protection: app is a superuser, and can rewrite log"),
    ],
)
async def test_who_can_rewrite_the_log_is_told(bench: Bench, log: Log, change: str, said: str) -> None:
    log.execute(change)
    found = await look(bench, log.options())
    assert (found.failure, found.explanation) == (FailureClass.ACCESS_GAINED, said)
    assert "hide what was done" in found.hint


async def test_a_trigger_in_force_makes_up_for_a_privilege(bench: Bench, log: Log) -> None:
    log.execute("GRANT ALL ON log TO app")
    log.execute(REFUSE)
    found = await look(bench, log.attempting(triggers=["no_change", "no_truncate"]))
    assert (found.outcome, found.explanation) == (Outcome.PASS, "")


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE log DISABLE TRIGGER no_change",
        "DROP TRIGGER no_change ON log",
        "ALTER TABLE log ENABLE REPLICA TRIGGER no_change",
    ],
)
async def test_a_trigger_that_is_not_in_force_is_told(bench: Bench, log: Log, change: str) -> None:
    log.execute("GRANT ALL ON log TO app")
    log.execute(REFUSE)
    log.execute(change)
    found = await look(bench, log.options(triggers=["no_change", "no_truncate"]))
    assert found.failure is FailureClass.ACCESS_GAINED
    assert found.explanation == "protection: app may UPDATE, DELETE on log, and no trigger in force refuses it"


async def test_an_owner_may_be_accepted_behind_triggers(bench: Bench, log: Log) -> None:
    log.execute(REFUSE)
    log.execute("ALTER TABLE log OWNER TO app")
    found = await look(bench, log.attempting(triggers=["no_change", "no_truncate"], may_own=True))
    assert (found.outcome, found.explanation) == (Outcome.PASS, "")


@pytest.mark.parametrize(
    ("grant", "said"),
    [("DELETE", "attempt: the application's user can delete an entry of log; it was rolled back"),
     ("UPDATE", "attempt: the application's user can change an entry of log; it was rolled back")],
)  # fmt: skip
async def test_an_attempt_that_works_is_told_and_changes_nothing(bench: Bench, log: Log, grant: str, said: str) -> None:
    before = log.entries()
    log.execute(f"GRANT {grant} ON log TO app")
    found = await look(bench, log.attempting(users=["owners"]))
    assert (found.failure, found.explanation) == (FailureClass.ACCESS_GAINED, said)
    assert log.entries() == before


async def test_a_policy_that_hides_entries_refuses_too(bench: Bench, log: Log) -> None:
    log.execute("GRANT UPDATE, DELETE ON log TO app; ALTER TABLE log ENABLE ROW LEVEL SECURITY")
    log.execute("CREATE POLICY reading ON log FOR SELECT TO app USING (true)")
    found = await look(bench, log.attempting(users=["owners"]))
    assert found.outcome is Outcome.PASS


async def test_an_attempt_does_not_wait_for_a_lock(bench: Bench, log: Log) -> None:
    log.execute("GRANT DELETE ON log TO app")
    with psycopg.connect(log.dsn) as other:
        other.execute("SELECT * FROM log FOR UPDATE")
        found = await look(bench, log.attempting(users=["owners"]))
    assert (found.failure, found.outcome) == (FailureClass.QUERY_TIMEOUT, Outcome.FAIL)
    assert found.explanation.startswith("attempt: ")


@pytest.mark.parametrize(
    ("more", "failure", "said"),
    [
        ({"table": "lag"}, FailureClass.NOT_INSTALLED, "protection: there is no table lag"),
        ({"users": ["nobody"]}, FailureClass.MISCONFIGURED, "protection: there is no database user nobody"),
    ],
)
async def test_what_is_not_there_is_unknown(
    bench: Bench, log: Log, more: dict[str, Any], failure: FailureClass, said: str
) -> None:
    found = await look(bench, log.options(**more))
    assert (found.outcome, found.failure, found.explanation) == (Outcome.UNKNOWN, failure, said)


async def test_a_user_of_sentinel_that_is_not_there_is_unknown(bench: Bench, log: Log) -> None:
    found = await look(bench, {**log.options(), "database": log.url("stranger")})
    assert found.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("key", ["database", "attempt"])
def test_only_postgresql_has_users(key: str) -> None:
    options = {"database": "postgresql://x/y", "table": "log", "users": ["app"], key: "sqlite:////x.db"}
    assert "other databases have no users" in problem("audit", protection=options)
