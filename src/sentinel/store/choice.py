"""Which backend a plan asks for."""

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from sentinel.base.errors import StoreError
from sentinel.core.plan import StorePlan
from sentinel.store.backend import Backend


def choose(plan: StorePlan) -> Backend:
    """The backend for a plan's address."""
    try:
        url = make_url(plan.url.reveal())
    except ArgumentError:
        raise StoreError("the store's address is no URL such as sqlite:///state/sentinel.db") from None
    match url.get_backend_name():
        case "sqlite":
            from sentinel.store.sqlite import Sqlite  # noqa: PLC0415  # each user pays for one database only

            return Sqlite(url.database or "")
        case "postgresql":
            from sentinel.store.postgres import Postgres  # noqa: PLC0415

            return Postgres(url.set(drivername="postgresql"))
        case other:
            raise StoreError(f"the store can be sqlite or postgresql, not {other}")
