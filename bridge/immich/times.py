"""Times as tools send them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ..serving.problems import Problem

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(text: str, name: str) -> int:
    """ISO 8601 as µs since 1970; without an offset it is UTC. Raises `Problem`."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Problem(400, f"{name} must be a date") from None
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - EPOCH) // timedelta(microseconds=1)
