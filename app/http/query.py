"""Query parameters as a declared struct, read as museum's binding reads them: text to integers and booleans, each by its type.

class DiffQuery(Query):
    collection_id: Lax = 0          # 0 when missing or unreadable
    since_time: int                 # required; "" is 0; anything else but an integer of 64 bits is 400
    keep_files: bool | None = None  # Go's spellings; "" is false; 400 for anything else
    kind: Word = field(default="", name="type")

A text is at most as long as its kind says; one that is just `str`, as a `Line`.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from functools import cache, partial
from typing import Annotated, Any, ClassVar, TypeVar

import msgspec

from ..kernel.errors import AppError, BadRequest
from ..kernel.fields import Line, limit_of
from ..kernel.wire import Needed, go_bool, go_int, is_needed, strict_int, wire_name

__all__ = ["Exact", "Lax", "Needed", "Query", "decode"]
Q = TypeVar("Q", bound="Query")
_LAX = "read as 0 when it is no integer"
Lax = Annotated[int, _LAX]
"""An integer that counts as 0 when it is missing or unreadable."""
_EXACT = "an empty text is no 0"
Exact = Annotated[int, _EXACT]
"""An integer that must be written out: the empty text is refused too."""


class Query(msgspec.Struct, rename=wire_name, kw_only=True):
    """Query parameters of a route. A field without a default is required; `refusal` is what an unreadable or missing one raises."""

    refusal: ClassVar[type[AppError]] = BadRequest


def _integer(text: str) -> int | None:
    return 0 if text == "" else strict_int(text)


def _boolean(text: str) -> bool | None:
    return False if text == "" else go_bool(text)


def _short(limit: int, text: str) -> str | None:
    return text if len(text) <= limit else None


_READERS: dict[Any, Callable[[str], Any]] = {int: _integer, bool: _boolean, str: partial(_short, limit_of(Line) or 0)}


def is_lax(hint: Any) -> bool:
    """Whether a type is `Lax`."""
    return typing.get_origin(hint) is Annotated and _LAX in typing.get_args(hint)[1:]


def _reader(hint: Any) -> Callable[[str], Any]:
    """How a text becomes a value of this type; None for an unreadable one."""
    if typing.get_origin(hint) is Annotated:
        inner, limit = typing.get_args(hint)[0], limit_of(hint)
        if is_lax(hint):
            return go_int
        if inner is str and limit is not None:
            return partial(_short, limit)
        return strict_int if _EXACT in typing.get_args(hint) else _reader(inner)
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return _reader(next(a for a in typing.get_args(hint) if a is not type(None)))
    found = _READERS.get(hint)
    if found is None:
        raise TypeError(f"a query parameter of type {hint}")
    return found


@cache
def _plan(kind: type[Query]) -> list[tuple[str, str, Callable[[str], Any], bool, bool]]:
    """(attribute, wire name, reader, required, may not be zero) of each field."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return [(f.name, f.encode_name, _reader(hints[f.name]), f.required, is_needed(hints[f.name])) for f in msgspec.structs.fields(kind)]


def decode(query: dict[str, str], kind: type[Q]) -> Q:
    """The struct of these parameters; `kind.refusal` for a missing or unreadable one."""
    values: dict[str, Any] = {}
    for attribute, name, read, required, needed in _plan(kind):
        text = query.get(name)
        if text is None:
            if required:
                raise kind.refusal(f"{name} is required")
            continue
        value = read(text)
        if value is None or (needed and not value):
            raise kind.refusal(f"{name} is required" if not text else f"{name} is not valid")
        values[attribute] = value
    return kind(**values)
