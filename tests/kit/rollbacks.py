"""A deployment that failed, and the order that undoes it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sentinel.core.deployment.deployment import Deployment
from sentinel.core.deployment.rolling_back import Order, Wanted, order
from sentinel.core.incident import Address

if TYPE_CHECKING:
    from sentinel.core.notification import Notification

NOW = datetime(2026, 3, 2, 3, 18, 5, tzinfo=UTC)

DEPLOYMENT = Deployment(
    id=7,
    system="payroll",
    version="2.4.1",
    from_version="2.4.0",
    ref="7c0ffee",
    environment="production",
    backup_id="nightly-",
    by="ann",
    started_at=NOW - timedelta(minutes=10),
    window_ends_at=NOW + timedelta(minutes=20),
)


def ordered(reason: str = "p95 is 60 % above the baseline", *, now: datetime = NOW, **wanted: Any) -> Order:
    """As the desk orders it."""
    what = Wanted(reason=reason, **wanted)
    return order(DEPLOYMENT, what, Address("rollback"), instance="store-1", source="ward", now=now)


def deployment_order(reason: str = "p95 is 60 % above the baseline", **changes: Any) -> Notification:
    """The row of an order."""
    return replace(ordered(reason).row, **changes)
