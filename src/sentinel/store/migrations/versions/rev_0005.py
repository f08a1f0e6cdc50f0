"""Deployments and what happened in them."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is remembered of deployments."""
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "deployments",
        sa.Column("id", number, primary_key=True, autoincrement=False),
        sa.Column("system", sa.Text, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("version", sa.SmallInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("deployments_by_start", "deployments", ["started_at"])
    op.create_table(
        "deployment_entries",
        sa.Column("id", number, primary_key=True),
        sa.Column("deployment", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("by_whom", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("took", sa.BigInteger),
    )
    op.create_index("deployment_entries_by_deployment", "deployment_entries", ["deployment"])
