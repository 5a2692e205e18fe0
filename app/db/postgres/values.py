"""A statement with its values, as PostgreSQL is sent it: the types that Darkroom's columns have are integers, texts, booleans, bytes, and lists
of all but booleans. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import psycopg

from .. import dialect

_INT8, _BOOL, _BYTEA, _ANY = 20, 16, 17, 0  # type numbers; texts are sent without one and become what their column is
_INT8_LIST, _TEXT_LIST, _BYTEA_LIST = 1016, 1009, 1001
_NAMED = re.compile(r"%\((\w+)\)s")
Value = tuple[int, bytes | None, int]
"""(type number, the value as PostgreSQL reads it, 1 if it is in binary form)"""
Statement = tuple[bytes, list[Value]]


@lru_cache(maxsize=2048)
def numbered(text: str) -> tuple[bytes, tuple[str, ...], frozenset[str]]:
    """(statement with $1, $2, …, the names of these in order, names of those that travel as JSON)."""
    query, as_json = dialect.postgres_sql(text)
    names = tuple(dict.fromkeys(_NAMED.findall(query)))
    places = {name: f"${i}" for i, name in enumerate(names, 1)}
    return _NAMED.sub(lambda m: places[m[1]], query).replace("%%", "%").encode(), names, as_json


def statement_of(text: str, of: object, params: dict[str, Any]) -> Statement:
    """A statement with the values of its parameters, ready to be sent."""
    if of is not None:
        params = dialect.with_attributes(text, params, of)
    query, names, as_json = numbered(text)
    return query, [_value(v) for v in map(dialect.bind(params, as_json).__getitem__, names)]


def types_of(values: list[Value]) -> tuple[int, ...]:
    return tuple(v[0] for v in values)


def _value(v: Any) -> Value:
    dump = _DUMP.get(type(v)) or next((d for kind, d in _DUMP.items() if isinstance(v, kind)), None)  # an enum is its value
    if dump is None:
        raise TypeError(f"no column holds a {type(v).__name__}")
    return dump(v)


def _int(v: int) -> Value:
    return _INT8, b"%d" % v, 0


def _str(v: str) -> Value:
    return _ANY, _text(v), 0


def _text(v: str) -> bytes:
    raw = v.encode()
    if b"\0" in raw:
        raise psycopg.DataError("a text with a NUL")  # it would end there, unnoticed
    return raw


def _list(v: list[Any]) -> Value:
    kinds = set(map(type, v))
    if not kinds:
        return _ANY, b"{}", 0
    if kinds == {int}:
        return _INT8_LIST, b"{%s}" % b",".join([b"%d" % i for i in v]), 0
    if kinds == {str}:
        return _TEXT_LIST, b"{%s}" % b",".join([b'"%s"' % _text(s).replace(b"\\", b"\\\\").replace(b'"', b'\\"') for s in v]), 0
    if kinds == {bytes}:
        return _BYTEA_LIST, b"{%s}" % b",".join([b'"\\\\x%s"' % b.hex().encode() for b in v]), 0
    raise TypeError(f"a list of {sorted(k.__name__ for k in kinds)}")


_DUMP: dict[type, Callable[[Any], Value]] = {
    int: _int,
    str: _str,
    bool: lambda v: (_BOOL, b"t" if v else b"f", 0),
    bytes: lambda v: (_BYTEA, v, 1),
    type(None): lambda v: (_ANY, None, 0),
    list: _list,
    tuple: lambda v: _list(list(v)),
}
