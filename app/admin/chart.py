"""How much there is, day by day, as a line: a picture in the page itself, with a table beside it that says the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ..kernel.config import format_size
from .growth import Day
from .markup import Html, Node, many, table, tag

WIDTH, HEIGHT, EDGE = 640, 160, 4
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def date(day: int) -> str:
    return (_EPOCH + timedelta(days=day)).strftime("%Y-%m-%d")


def growth(days: list[Day]) -> Html:
    """Bytes of all accounts over the days that were noted; words where one point makes no line."""
    if len(days) < 2:
        return tag("p", "The chart begins with the second day that this server sees.", class_="soft")
    first, last, most = days[0], days[-1], max(d.bytes for d in days) or 1
    words = f"From {date(first.day)} to {date(last.day)}: {_size(first.bytes)} to {_size(last.bytes)}"
    line = " ".join(f"{_x(d.day, first.day, last.day):.1f},{HEIGHT - EDGE - d.bytes * (HEIGHT - 2 * EDGE) / most:.1f}" for d in days)
    picture = tag(
        "svg",
        tag("title", words),
        tag("polyline", points=line, fill="none", stroke="currentColor", stroke_width=2),
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        class_="chart",
        role="img",
    )
    return many(picture, tag("p", f"{words}.", class_="soft"), tag("details", tag("summary", "As figures"), _figures(days)))


def _x(day: int, first: int, last: int) -> float:
    return EDGE + (day - first) * (WIDTH - 2 * EDGE) / (last - first)


def _figures(days: list[Day]) -> Html:
    """The last day of each week, so that the table stays short."""
    shown = [d for d in days[::-1] if (days[-1].day - d.day) % 7 == 0]
    rows: list[list[Node]] = [[date(d.day), str(d.accounts), f"{d.files:,}", _size(d.bytes)] for d in shown]
    return table("Growth by week", ["Day", "Accounts", "Files", "Stored"], rows)


def _size(number: int) -> str:
    return format_size(number, exact=False)
