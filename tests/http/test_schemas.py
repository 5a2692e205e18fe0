"""Every text and list of every request has a limit, and docs/limits.md lists them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.cli import field_limits
from app.http.query import Query
from app.http.schemas import requests, unlimited
from app.kernel.fields import Batch, Few, Key, Word
from app.kernel.wire import Body, Needed
from app.main import TABLE

ROOT = Path(__file__).parent.parent.parent


class Good(Body, kw_only=True):
    a: Needed[Word]
    b: Key | None = None
    c: Needed[Batch[Few[Word]]]
    d: int = 0
    data: dict[str, Any] | None = None


class Bad(Body, kw_only=True):
    a: str = ""
    b: Needed[str]
    c: str | None = None
    d: list[int] = []  # noqa: RUF012  # msgspec copies it
    e: Batch[str] = []  # noqa: RUF012
    f: dict[str, str] = {}  # noqa: RUF012
    g: Word = ""


class Asked(Query):
    word: Word = ""
    plain: str = ""


def test_it_sees_what_has_no_limit() -> None:
    assert list(unlimited(Good)) == list(unlimited(Asked)) == []
    assert [name.rpartition(".")[2] for name in unlimited(Bad)] == ["a", "b", "c", "d", "e", "f"]


def test_it_measures_what_has_one() -> None:
    assert [row[:3] for row in field_limits.fields(Good)] == [
        ("a", "characters", 256), ("b", "characters", 4096), ("c", "items", 5000), ("c[]", "items", 100), ("c[][]", "characters", 256),
    ]  # fmt: skip
    assert [row[:3] for row in field_limits.fields(Asked)] == [("word", "characters", 256), ("plain", "characters", 4096)]


@pytest.mark.parametrize("kind", requests(TABLE.routes), ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_every_text_and_list_of_a_request_has_a_limit(kind: Any) -> None:
    assert list(unlimited(kind)) == [], "use a kind of app/kernel/fields.py"


def test_the_document_lists_them_all() -> None:
    if (ROOT / "docs/limits.md").read_text(encoding="utf-8") != field_limits.markdown(TABLE.routes):
        pytest.fail("requests have changed; run: .venv/bin/darkroom routes --fields > docs/limits.md")
