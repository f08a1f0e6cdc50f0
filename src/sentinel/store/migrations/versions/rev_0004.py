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
    _posts()


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
