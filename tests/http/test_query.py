"""Query parameters are read as museum's binding reads them."""

from __future__ import annotations

import pytest
from msgspec import field

from app.http.query import Exact, Lax, Needed, Query, decode
from app.kernel.errors import BadRequest, CodedBadRequest
from app.kernel.fields import Line, Word


class Diff(Query):
    since_time: int
    collection_id: Lax = 0
    limit: int = 100
    keep_files: bool | None = None
    kind: str = field(default="", name="type")


def test_it_reads_each_by_its_type() -> None:
    read = decode({"sinceTime": "5", "collectionID": "7", "limit": "3", "keepFiles": "T", "type": "x", "more": "y"}, Diff)
    assert read == Diff(since_time=5, collection_id=7, limit=3, keep_files=True, kind="x")
    assert decode({"sinceTime": ""}, Diff) == Diff(since_time=0)


def refused(kind: type[Query], query: dict[str, str], error: type[Exception] = BadRequest) -> str:
    with pytest.raises(error) as e:
        decode(query, kind)
    assert type(e.value) is error
    return str(e.value)


def test_a_parameter_without_a_default_is_required() -> None:
    assert refused(Diff, {}) == "sinceTime is required"


@pytest.mark.parametrize("text", ["x", "1.0", "1e3", " 1", "9223372036854775808", "-9223372036854775809", "0x1", "١", "--1", "9" * 400])
def test_a_strict_integer_is_one_of_64_bits(text: str) -> None:
    assert refused(Diff, {"sinceTime": text}) == "sinceTime is not valid"
    assert decode({"sinceTime": "1", "collectionID": text}, Diff).collection_id == 0, "a lax one is 0 instead"


def test_integers_of_64_bits_pass() -> None:
    for n in (-(1 << 63), -1, 0, (1 << 63) - 1):
        assert decode({"sinceTime": str(n), "collectionID": str(n)}, Diff) == Diff(since_time=n, collection_id=n)


@pytest.mark.parametrize("text, value", [("1", True), ("t", True), ("TRUE", True), ("0", False), ("False", False), ("", False)])
def test_booleans_as_go_spells_them(text: str, value: bool) -> None:
    assert decode({"sinceTime": "1", "keepFiles": text}, Diff).keep_files is value


@pytest.mark.parametrize("text", ["yes", "2", "tRUE", "on"])
def test_what_is_no_boolean(text: str) -> None:
    assert "keepFiles" in refused(Diff, {"sinceTime": "1", "keepFiles": text})


class Written(Query):
    at: Exact


def test_an_exact_integer_must_be_written_out() -> None:
    assert decode({"at": "0"}, Written).at == 0
    for query in ({}, {"at": ""}, {"at": "x"}):
        assert refused(Written, query).split()[0] == "at"


class Strict(Query):
    refusal = CodedBadRequest
    file_id: Needed[int]
    name: Needed[Word] = "x"


def test_what_is_needed_is_not_zero_and_refused_as_the_route_says() -> None:
    assert decode({"fileID": "1"}, Strict).name == "x"
    bad: list[dict[str, str]] = [{}, {"fileID": ""}, {"fileID": "0"}, {"fileID": "x"}, {"fileID": "1", "name": ""}]
    for query in bad:
        assert refused(Strict, query, CodedBadRequest).split()[0] in ("fileID", "name")


class Texts(Query):
    word: Word = ""
    line: Line | None = None
    plain: str = ""


@pytest.mark.parametrize("name, longest", [("word", 256), ("line", 4096), ("plain", 4096)])
def test_texts_have_limits(name: str, longest: int) -> None:
    assert getattr(decode({name: "é" * longest}, Texts), name) == "é" * longest
    assert refused(Texts, {name: "é" * (longest + 1)}) == f"{name} is not valid"


def test_types_that_a_query_cannot_have_are_mistakes() -> None:
    class Bad(Query):
        x: float = 0.0

    with pytest.raises(TypeError, match="a query parameter of type"):
        decode({"x": "1"}, Bad)
