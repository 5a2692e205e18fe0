"""Which bytes a range means."""

from __future__ import annotations

import pytest

from bridge.serving.ranges import attachment, wanted


@pytest.mark.parametrize(
    "text,expected",
    [("", None), ("bytes=0-", (0, 99)), ("bytes=5-9", (5, 9)), ("bytes = 5 - 500", (5, 99)), ("bytes=-10", (90, 99)), ("bytes=-500", (0, 99)),
     ("bytes=100-", (1, 0)), ("bytes=-0", (1, 0)), ("bytes=9-5", None), ("bytes=0-1,5-6", None), ("lines=0-1", None), ("bytes=-", None),
     ("bytes=x-y", None), ("bytes=0-99999999999999999999", None)],
)  # fmt: skip
def test_ranges(text: str, expected: tuple[int, int] | None) -> None:
    assert wanted(text, 100) == expected


def test_nothing_has_no_part() -> None:
    assert (wanted("bytes=0-", 0), wanted("bytes=-1", 0)) == ((1, 0), (1, 0))


def test_names_of_files() -> None:
    assert attachment('a"\n.jpg') == "attachment; filename=\"a__.jpg\"; filename*=UTF-8''a%22%0A.jpg"
