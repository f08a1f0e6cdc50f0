"""History for pages and reports; the journal and sessions; what is posted on the status page."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what the faces of Sentinel have to remember."""
    _sums()
    _condensed()
    _deliveries()
    if op.get_bind().dialect.name == "postgresql":
        _partitions()
    _posts()
    _journal()
    _sessions()
    _reports()


def _sums() -> None:
    op.add_column("rollups", sa.Column("counted", sa.Integer, nullable=False, server_default="0"))
    op.add_column("rollups", sa.Column("total", sa.Double, nullable=False, server_default="0"))
    op.add_column("rollups", sa.Column("readings", sa.LargeBinary))


def _condensed() -> None:
    """Days are marked beside hours. A primary key cannot be changed in SQLite; the table has at most some ten thousand rows."""
    starts = op.get_bind().execute(sa.text("SELECT start FROM condensed")).scalars().all()
    op.drop_table("condensed")
    made = op.create_table(
        "condensed",
        sa.Column("span", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("start", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
    )
    op.bulk_insert(made, [{"span": 3600, "start": start} for start in starts])


def _deliveries() -> None:
    """Deliveries are kept for years: what is too old has to be found without reading them all."""
    done = sa.text("due_at IS NULL")
    op.create_index("outbox_done", "outbox", ["created_at"], sqlite_where=done, postgresql_where=done)


def _partitions() -> None:
    """Results lie in partitions from now on. What there is becomes one of them as it stands: nothing is copied.

    It ends with the day of its last row, or with today where a clock that was ahead wrote beyond; such rows go to the rest. To
    attach it the server reads it once.
    """
    bind = op.get_bind()
    op.rename_table("results", "results_before")
    op.execute("ALTER INDEX results_pkey RENAME TO results_before_pkey")
    op.create_table(
        "results",
        sa.Column("slot", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("severity", sa.SmallInteger, nullable=False),
        sa.Column("ending", sa.Integer, nullable=False),
        sa.Column("took", sa.Integer, nullable=False),
        sa.Column("shape", sa.Integer, nullable=False),
        sa.Column("readings", sa.LargeBinary, nullable=False),
        sa.Column("explanation", sa.Text),
        sa.Column("hint", sa.Text),
        postgresql_partition_by="RANGE (slot)",
    )
    op.execute("CREATE TABLE results_rest PARTITION OF results DEFAULT")
    day = 86_400_000 << 20
    today = f"(extract(epoch FROM now()) * 1000)::bigint / 86400000 * {day}"
    last = f"SELECT least(max(slot) / {day} * {day}, {today}) + {day} FROM results_before"  # noqa: S608  # constants only
    end = bind.execute(sa.text(last)).scalar_one()
    if bind.execute(sa.text("SELECT EXISTS (SELECT FROM results_before)")).scalar_one():
        op.execute(
            f"WITH beyond AS (DELETE FROM results_before WHERE slot >= {end} RETURNING *)"  # noqa: S608
            " INSERT INTO results_rest SELECT * FROM beyond"
        )
        op.execute(f"ALTER TABLE results ATTACH PARTITION results_before FOR VALUES FROM (MINVALUE) TO ({end})")
    else:
        op.drop_table("results_before")


def _posts() -> None:
    op.create_table(
        "posts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
        sa.Column("thread", sa.BigInteger, nullable=False),
        sa.Column("closed_at", sa.BigInteger),
        sa.Column("version", sa.SmallInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("posts_by_thread", "posts", ["thread"])


def _journal() -> None:
    deed = [(name, sa.Text) for name in ("by_whom", "via", "action", "subject", "detail")]
    op.create_table(
        "journal",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        *(sa.Column(name, kind, nullable=False) for name, kind in deed),
        sa.Column("mac", sa.Text, nullable=False),
    )
    op.create_index("journal_by_time", "journal", ["at"])
    op.create_table(
        "intents",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        *(sa.Column(name, kind, nullable=False) for name, kind in deed),
    )


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("via", sa.Text, nullable=False),
        sa.Column("role", sa.SmallInteger, nullable=False),
        sa.Column("stamp", sa.Text, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
    )


def _reports() -> None:
    op.add_column("reports", sa.Column("revision", sa.Integer, nullable=False, server_default="1"))
    op.add_column("reports", sa.Column("digest", sa.Text, nullable=False, server_default=""))
