"""Reads what callers send; whatever does not suit is refused with 404 or 422 and what was expected."""

from datetime import UTC, datetime

from starlette.exceptions import HTTPException

from examples.healthcare.roles import Role


def known_role(name: object) -> Role:
    try:
        return Role(str(name))
    except ValueError:
        raise HTTPException(422, f"role: one of {', '.join(Role)} is expected") from None


def whole_number(text: str, name: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise HTTPException(422, f"{name}: a whole number is expected")
    return int(text)


def instant(text: str) -> datetime:
    """An ISO 8601 instant; without an offset it is UTC."""
    # A plus sign that was not escaped in a query arrives as a space.
    try:
        at = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    except ValueError:
        raise HTTPException(422, "since: an instant such as 2024-12-01T14:30:22Z is expected") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
