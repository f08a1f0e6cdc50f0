"""Bringing the schema up to date: forward only, all steps in one transaction, under the ownership of the store."""

from pathlib import Path

import structlog
from sqlalchemy import Connection, inspect, text

from sentinel.base.errors import StoreTooNew, StoreUnavailable
from sentinel.store import partitions
from sentinel.store.tables import HEAD, REVISIONS, metadata

log = structlog.get_logger()


def revision(connection: Connection) -> str | None:
    """The revision that the schema has; None when there is none yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return found


def demand(connection: Connection, where: str) -> None:
    """See that the schema is the one that this program knows, within the connection's transaction, changing nothing.

    Raises:
        StoreTooNew: a newer Sentinel wrote it.
        StoreUnavailable: an older one wrote it, or nobody did yet.
    """
    found = revision(connection)
    _refuse_newer(found, where)
    if found is None:
        raise StoreUnavailable(f"there is no store yet at {where}")
    if found != HEAD:
        raise StoreUnavailable(
            f"{where} has the form of an older Sentinel; it is brought up to date when the daemon starts"
        )


def upgrade(connection: Connection, where: str) -> None:
    """Bring the schema up to date, within the connection's transaction.

    Killed half-way, it has done nothing: both databases take changes of the schema into transactions.

    Raises:
        StoreTooNew: a newer Sentinel wrote it.
    """
    found = revision(connection)
    _refuse_newer(found, where)
    if found == HEAD:
        return
    if found is None:
        _make(connection)
        return
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = 0"))  # history may be long
    # Whoever starts it and sees nothing happen for minutes should know what it waits for.
    log.warning("store.upgrading", revision=found, to=HEAD)
    migrate(connection)
    log.warning("store.upgraded", to=HEAD)


def _refuse_newer(found: str | None, where: str) -> None:
    if found is not None and found not in REVISIONS:
        raise StoreTooNew(f"{where} was written by a newer Sentinel (its schema is {found}, this one knows {HEAD})")


def _make(connection: Connection) -> None:
    """Make the tables of a new store as they are now, which is what all migrations together come to (a test compares)."""
    metadata.create_all(connection)
    if partitions.partitioned(connection):
        partitions.begin(connection)
    # As Alembic makes it.
    key = "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)"
    connection.execute(text(f"CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, {key})"))
    connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})


def migrate(connection: Connection) -> None:
    """Take every step from the schema's revision to `HEAD`."""
    # Only here: Alembic takes 10 MB and a tenth of a second, and there is hardly ever anything to do.
    from alembic.config import Config  # noqa: PLC0415
    from alembic.runtime.environment import EnvironmentContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    scripts = ScriptDirectory(str(Path(__file__).with_name("migrations")))
    environment = EnvironmentContext(Config(), scripts)
    environment.configure(
        connection=connection,
        fn=lambda present, _: scripts._upgrade_revs(HEAD, present),  # as alembic.command does
        transactional_ddl=True,  # true of SQLite, too, once BEGIN is explicit
    )
    environment.run_migrations()
