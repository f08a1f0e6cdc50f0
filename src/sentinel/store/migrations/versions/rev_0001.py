"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_LONG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_UNDELIVERED = sa.text("due_at IS NOT NULL")


def upgrade() -> None:
    """Make every table."""
    _results()
    _incidents()
    _outbox()
    _rollups()
    op.create_table(
        "meta",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "reports",
        sa.Column("id", _LONG, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("period", sa.Text, nullable=False),
        sa.UniqueConstraint("name", "period", name="reports_once"),
    )


def _results() -> None:
    op.create_table(
        "names",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.UniqueConstraint("kind", "name", name="names_once"),
    )
    op.create_table(
        "results",
        sa.Column("slot", _LONG, primary_key=True, autoincrement=False),
        sa.Column("severity", sa.SmallInteger, nullable=False),
        sa.Column("ending", sa.Integer, nullable=False),
        sa.Column("took", sa.Integer, nullable=False),
        sa.Column("shape", sa.Integer, nullable=False),
        sa.Column("readings", sa.LargeBinary, nullable=False),
        sa.Column("explanation", sa.Text),
        sa.Column("hint", sa.Text),
    )
    op.create_table(
        "latest",
        sa.Column("check_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("slot", sa.BigInteger, nullable=False),
    )


def _incidents() -> None:
    op.create_table(
        "states",
        sa.Column("check_name", sa.Text, primary_key=True),
        sa.Column("version", sa.SmallInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "incidents",
        sa.Column("id", _LONG, primary_key=True, autoincrement=False),
        sa.Column("check_name", sa.Text, nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("resolved_at", sa.BigInteger),
        sa.Column("version", sa.SmallInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("incidents_by_resolution", "incidents", ["resolved_at"])
    op.create_table(
        "timeline",
        sa.Column("id", _LONG, primary_key=True),
        sa.Column("incident", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("by_whom", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.UniqueConstraint("incident", "at", "kind", "what", name="timeline_once"),
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", _LONG, primary_key=True),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("incident", sa.BigInteger),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("due_at", sa.BigInteger),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("ambiguous", sa.Integer, nullable=False),
        sa.Column("lease_until", sa.BigInteger),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("receipt", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("version", sa.SmallInteger, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.UniqueConstraint("key", name="outbox_once"),
    )
    op.create_index("outbox_by_incident", "outbox", ["incident", "channel", "recipient"])
    op.create_index(
        "outbox_undelivered",
        "outbox",
        ["channel", "due_at"],
        sqlite_where=_UNDELIVERED,
        postgresql_where=_UNDELIVERED,
    )


def _rollups() -> None:
    op.create_table(
        "rollups",
        sa.Column("span", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("start", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("check_id", sa.Integer, primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.Double, nullable=False) for name in ("up", "degraded", "down", "unknown")),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("samples", "failures", "unknowns")),
        sa.Column("histogram", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table("condensed", sa.Column("start", _LONG, primary_key=True, autoincrement=False))
