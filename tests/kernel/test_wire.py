"""How bodies are read: as leniently as Go's JSON decoder, and no more (accounts.md §0)."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.kernel import wire
from app.kernel.errors import BadRequest


class Inner(wire.Body):
    item_id: wire.Needed[int]
    note: str = ""


class Ask(wire.Body):
    file_ids: list[int] = msgspec.field(default_factory=list)
    name: str = ""
    size: int = 0
    flag: bool = False
    maybe: bool | None = None
    rate: float = 0.0
    inner: Inner | None = None
    items: list[Inner] = msgspec.field(default_factory=list)
    data: dict[str, Any] | None = None


class Strict(wire.Body):
    name: wire.Needed[str]
    count: wire.Needed[int]
    ids: wire.Needed[list[int]]
    maybe: wire.Needed[bool | None]


def ask(raw: bytes | str) -> Ask:
    return wire.decode(raw.encode() if isinstance(raw, str) else raw, Ask)


def refused(raw: bytes | str) -> BadRequest:
    with pytest.raises(BadRequest) as e:
        ask(raw)
    assert e.value.body() == b"{}"
    return e.value


# --- names
@pytest.mark.parametrize(
    "attribute, name",
    [
        ("id", "id"), ("collection_id", "collectionID"), ("file_ids", "fileIDs"), ("url", "url"), ("object_url", "objectUrl"),
        ("part_urls", "partURLs"),
        ("content_md5", "contentMD5"), ("is_email_mfa_enabled", "isEmailMFAEnabled"), ("name", "name"),
    ],
)  # fmt: skip
def test_wire_names(attribute: str, name: str) -> None:
    assert wire.wire_name(attribute) == name


# --- leniency
def test_the_ordinary_body() -> None:
    got = ask('{"fileIDs":[1,2],"name":"x","size":3,"flag":true,"maybe":false,"inner":{"itemID":5},"items":[{"itemID":6}],"data":{"a":[1]}}')
    assert (got.file_ids, got.name, got.size, got.flag, got.maybe) == ([1, 2], "x", 3, True, False)
    assert got.inner is not None
    assert (got.inner.item_id, [i.item_id for i in got.items], got.data) == (5, [6], {"a": [1]})


@pytest.mark.parametrize("raw", ['{"FILEIDS":[7]}', '{"fileIds":[7]}', '{"fileids":[7]}', '{"FileIDs":[7],"other":1}'])
def test_keys_match_in_any_case(raw: str) -> None:
    assert ask(raw).file_ids == [7]


@pytest.mark.parametrize("raw", ['{"inner":{"ITEMID":5}}', '{"Inner":{"itemId":5,"x":null}}', '{"inner":{"itemID":5,"more":{"y":[1]}}}'])
def test_nested_keys_match_in_any_case_too(raw: str) -> None:
    inner = ask(raw).inner
    assert inner is not None
    assert inner.item_id == 5


@pytest.mark.parametrize("raw", ['{"name":"exact","NAME":"other"}', '{"NAME":"other","name":"exact"}', '{"name":"exact","NAME":null}'])
def test_the_exact_spelling_wins(raw: str) -> None:
    assert ask(raw).name == "exact"


def test_the_first_of_two_inexact_spellings_counts() -> None:
    assert ask('{"NAME":"one","Name":"two"}').name == "one"


@pytest.mark.parametrize("key", ["name\u0131", "\u017fize", "na\u00adme", "n\u0430me", "name ", " name", "n a m e", ""])
def test_other_letters_are_other_keys(key: str) -> None:
    assert ask(json.dumps({key: "x"}, ensure_ascii=False)) == Ask()
    assert ask(json.dumps({key: "x"})) == Ask()


@pytest.mark.parametrize(
    "raw", ["{}", '{"name":null,"size":null,"inner":null,"fileIDs":null,"items":null,"data":null}', '{"unknown":{"a":[1,{"b":2}]}}', " \t\r\n{}"]
)
def test_null_and_unknown_are_absent(raw: str) -> None:
    assert ask(raw) == Ask()


@pytest.mark.parametrize("tail", [" ", "\n{}", "garbage", '{"name":"y"}', "]", "\0", "\u00ff"])
def test_what_follows_the_first_value_is_ignored(tail: str) -> None:
    assert ask('{"name":"x"}' + tail).name == "x"


def test_the_last_of_two_equal_keys_counts() -> None:
    assert ask('{"name":"one","name":"two"}').name == "two"
    assert ask('{"name":"one","name":"two","other":1}').name == "two"


def test_what_is_no_unicode_becomes_the_replacement_character() -> None:
    assert ask(b'{"name":"a\xffb"}').name == "a\ufffdb"
    assert ask('{"name":"a\\ud800b"}').name == "a\ufffdb"
    assert ask('{"name":"\\udc00\\ud83d"}').name == "\ufffd\ufffd"
    assert ask('{"data":{"\\ud800":["\\udfff"]}}').data == {"\ufffd": ["\ufffd"]}
    assert ask('{"name":"\\ud83d\\ude00 \\u00e9 \\u003d"}').name == "😀 é ="


# --- refusals
@pytest.mark.parametrize(
    "raw",
    [
        "", "  ", "null", "[]", "[{}]", '"x"', "5", "true", "{", '{"name"', '{"name":"x"', '{"name":"x",}', "{name:1}",
        "{'name':'x'}", '{"name":"x" "size":1}',
        '{"name":"\x01"}', '{"name":"\n"}', "\ufeff{}", '{"unknown":tru}', "garbage{}", '{"size":01}', '{"size":+1}', '{"size":0x1}',
    ],
)  # fmt: skip
def test_what_is_no_json_object(raw: str) -> None:
    refused(raw)


@pytest.mark.parametrize(
    "member",
    [
        '"name":5', '"name":["x"]', '"name":{}', '"name":true', '"size":"1"', '"size":1.0', '"size":1e3', '"size":1.5', '"size":true', '"size":[1]',
        '"flag":1', '"flag":"true"', '"maybe":0', '"fileIDs":[1.0]', '"fileIDs":["1"]', '"fileIDs":[[1]]', '"fileIDs":{"0":1}', '"fileIDs":5',
        '"inner":[]', '"inner":5', '"items":{}', '"items":[[{"itemID":1}]]', '"items":[5]', '"data":[]', '"rate":"1"', '"inner":{"itemID":"5"}',
    ],
)  # fmt: skip
def test_wrong_types(member: str) -> None:
    refused("{" + member + "}")
    key, _, value = member.partition(":")
    refused(f"{{{key.upper()}:{value}}}")
    refused("{" + member + ',"unknown":1}')


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity", "nan", "undefined"])
def test_what_only_python_takes_for_json(constant: str) -> None:
    refused(f'{{"rate":{constant}}}')
    refused(f'{{"data":{{"a":{constant}}}}}')
    refused(f'{{"unknown":{constant}}}')


@pytest.mark.parametrize("number", [1 << 63, -(1 << 63) - 1, 1 << 64, 10**30])
def test_integers_beyond_64_bits(number: int) -> None:
    for raw in (
        f'{{"size":{number}}}', f'{{"SIZE":{number}}}', f'{{"fileIDs":[1,{number}]}}', f'{{"inner":{{"itemID":{number}}}}}',
        f'{{"items":[{{"itemID":1}},{{"itemID":{number}}}]}}', f'{{"data":{{"a":[{{"b":{number}}}]}}}}',
    ):  # fmt: skip
        refused(raw)


def test_the_greatest_and_least_integers() -> None:
    for n in ((1 << 63) - 1, -(1 << 63), 0):
        assert ask(f'{{"size":{n},"fileIDs":[{n}]}}').file_ids == [n]


@pytest.mark.parametrize("part", ["[],", '{"a":1},', '"\\u0041",', '"\\u0041\\u0041",', "1,"])
def test_too_many_values_to_be_read_with_patience(part: str) -> None:
    for name in ("unknown", "NAME"):
        refused(f'{{"{name}":[{part * 100_001}1]}}')
    assert ask(f'{{"unknown":[{part * 30_000}1]}}') == Ask()


def test_many_values_that_are_read_at_once() -> None:
    assert len(ask('{"fileIDs":[' + "1," * 200_000 + "1]}").file_ids) == 200_001
    assert len(ask('{"NAME":"' + "A" * 2_000_000 + '"}').name) == 2_000_000


def test_an_endless_integer() -> None:
    refused('{"size":' + "9" * 100_000 + "}")
    refused('{"unknown":' + "9" * 100_000 + "}")


@pytest.mark.parametrize(
    "raw", ['{"name":"a\\u0000b"}', '{"data":{"\\u0000":1}}', '{"data":{"a":["\\u0000"]}}', '{"inner":{"itemID":1,"note":"\\u0000"}}']
)
def test_a_nul_is_refused(raw: str) -> None:
    refused(raw)


def test_text_that_only_looks_like_a_nul() -> None:
    assert ask('{"name":"\\\\u0000"}').name == "\\u0000"


@pytest.mark.parametrize("open_, close", [("[", "]"), ('{"a":', "}")])
def test_bottomless_nesting(open_: str, close: str) -> None:
    for depth in (2000, 200_000):
        for place in ("data", "unknown", "items", "inner", "name"):
            refused(f'{{"{place}":' + open_ * depth)
            inner = open_ * depth + "1" + close * depth
            for raw in (f'{{"{place}":{inner}}}', f'{{"data":{{"x":{inner}}}}}'):
                refused(raw)


@pytest.mark.parametrize("open_, close", [("[", "]"), ('{"a":', "}")])
def test_every_depth_is_read_or_refused(open_: str, close: str) -> None:
    """Also the depths at which one step of the reading still has room on the stack and the next has not."""
    outcomes = set()
    for depth in range(1, 1100):
        try:
            outcomes.add(type(ask(f'{{"data":{{"x":{open_ * depth}{1 << 62}{close * depth}}}}}')))
        except BadRequest as e:
            outcomes.add(type(e))
    assert outcomes == {Ask, BadRequest}


def test_a_text_that_must_not_be_quoted_in_the_answer() -> None:
    assert b"secret" not in refused('{"name":5,"x":"secret"}').body()


# --- required
def test_required_members() -> None:
    assert wire.decode(b'{"name":"x","count":1,"ids":[1],"maybe":true}', Strict).count == 1
    good: dict[str, Any] = {"name": "x", "count": 1, "ids": [1], "maybe": True}
    for change in ({"name": ""}, {"name": None}, {"count": 0}, {"maybe": None}):
        raw = json.dumps({**good, **change}).encode()
        with pytest.raises(BadRequest):
            wire.decode(raw, Strict)
    for name in ("name", "count", "maybe"):
        with pytest.raises(BadRequest):
            wire.decode(json.dumps({k: v for k, v in good.items() if k != name}).encode(), Strict)


def test_required_members_of_nested_bodies() -> None:
    refused('{"inner":{}}')
    refused('{"inner":{"itemID":0}}')
    refused('{"INNER":{"ITEMID":null}}')


def test_magic_metadata() -> None:
    sent = {"version": 3, "count": 2, "data": "ZA==", "header": "aA=="}
    assert json.loads(wire.decode(json.dumps(sent).encode(), wire.MagicMetadata).stored(4)) == {**sent, "version": 4}
    for name in ("version", "count", "data", "header"):
        with pytest.raises(BadRequest):
            wire.decode(json.dumps({**sent, name: 0 if name in ("version", "count") else ""}).encode(), wire.MagicMetadata)


# --- replies
class Full(wire.Reply):
    user_id: int
    name: str | None = None


class Thin(wire.Lean):
    user_id: int
    name: str | None = None


def test_replies_say_null_and_lean_ones_nothing() -> None:
    assert wire.encode(Full(user_id=1)) == b'{"userID":1,"name":null}'
    assert wire.encode(Thin(user_id=1)) == b'{"userID":1}'
    assert wire.encode(Thin(user_id=1, name="x")) == b'{"userID":1,"name":"x"}'


# --- scalars
@pytest.mark.parametrize(
    "text, number",
    [
        ("0", 0), ("-0", 0), ("12", 12), ("+12", 12), ("-12", -12), ("9223372036854775807", (1 << 63) - 1), ("-9223372036854775808", -(1 << 63)),
        *((t, None) for t in (None, "", " ", "1 ", " 1", "1.0", "1e3", "0x1", "1_000", "--1",
                              "+-1", "+", "١٢", "½", "²", "nan", "9223372036854775808",
                              "-9223372036854775809", "9" * 5000)),
    ],
)  # fmt: skip
def test_query_integers(text: str | None, number: int | None) -> None:
    assert wire.strict_int(text) == number
    assert wire.go_int(text) == (number or 0)


def test_query_booleans() -> None:
    for text in ("1", "t", "T", "TRUE", "true", "True"):
        assert wire.go_bool(text) is True
    for text in ("0", "f", "F", "FALSE", "false", "False"):
        assert wire.go_bool(text) is False
    assert wire.go_bool(None) is None
    for text in ("", "yes", "tRUE", " true", "2"):
        assert wire.go_bool(text) is None


def test_base64() -> None:
    assert wire.b64_bytes("YWI=") == b"ab"
    assert wire.b64_bytes("YWI=", 2) == b"ab"
    assert wire.b64_bytes("") == b""
    for text in ("YWI", "YW I=", "YWI=\n", "YWI==", "_-8=", "é", "YWI=YWI=", "====", "Y"):
        assert wire.b64_bytes(text) is None, text
    assert wire.b64_bytes("YWI=", 3) is None


# --- properties
_KEYS = ("name", "size", "INNER", "items", "itemID", "data", "fileIDs", "x")
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_KEYS), inner),
    max_leaves=12,
)


@settings(derandomize=True, max_examples=400, deadline=None)
@given(_json, st.booleans())
def test_any_json_is_read_or_refused_and_can_be_stored_and_sent(value: Any, ascii_only: bool) -> None:
    raw = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    try:
        got = wire.decode(raw, Ask)
    except BadRequest:
        return
    assert "\0" not in got.name
    assert -(1 << 63) <= got.size < 1 << 63
    wire.encode(got).decode()


@settings(derandomize=True, max_examples=400, deadline=None)
@given(st.binary(max_size=64))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    for body in (raw, b'{"name":' + raw, b'{"name":"' + raw + b'"}'):
        with contextlib.suppress(BadRequest):
            wire.encode(wire.decode(body, Ask)).decode()
