"""Silences and windows; digests, copies and urgency of messages; who stands in on call."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_LONG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add what judging and telling have to remember."""
    _quiet()
    _delivery()
    _on_call()


def _quiet() -> None:
    op.create_table(
        "silences",
        sa.Column("id", _LONG, primary_key=True, autoincrement=False),
        sa.Column("starts_at", sa.BigInteger, nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=False),
        sa.Column("version", sa.SmallInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "windows",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("ends_at", sa.BigInteger),
        sa.Column("version", sa.SmallInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "occurrences",
        sa.Column("window_id", sa.Text, primary_key=True),
        sa.Column("starts_at", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("ends_at", sa.BigInteger, nullable=False),
        sa.Column("finished", sa.SmallInteger, nullable=False),
        sa.Column("version", sa.SmallInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )


def _delivery() -> None:
    op.add_column("outbox", sa.Column("rank", sa.SmallInteger, nullable=False, server_default="1"))
    for name in ("sent_at", "carried_by", "copy_of", "copied_at"):
        op.add_column("outbox", sa.Column(name, sa.BigInteger))
    # The urgent first: so the first few that are due stand together, however many wait.
    undelivered = sa.text("due_at IS NOT NULL")
    op.drop_index("outbox_undelivered", "outbox")
    op.create_index(
        "outbox_undelivered",
        "outbox",
        ["channel", "rank", "due_at"],
        sqlite_where=undelivered,
        postgresql_where=undelivered,
    )
    carried = sa.text("carried_by IS NOT NULL AND due_at IS NOT NULL")
    op.create_index("outbox_carried", "outbox", ["carried_by"], sqlite_where=carried, postgresql_where=carried)


def _on_call() -> None:
    op.create_table(
        "overrides",
        sa.Column("id", _LONG, primary_key=True, autoincrement=False),
        sa.Column("schedule", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("starts_at", sa.BigInteger, nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=False),
        sa.Column("by_whom", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("ended_by", sa.Text),
    )
