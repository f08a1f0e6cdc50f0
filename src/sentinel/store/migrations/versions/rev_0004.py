"""History for pages and reports; the journal and sessions; what is posted on the status page."""

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what the faces of Sentinel have to remember."""
