"""The shapes of bodies, answers and queries as JSON Schema, and the walk through their fields. Wire names, what must be there, limits."""

from __future__ import annotations

import types
import typing
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import msgspec
from msgspec import UnsetType

from ..kernel.fields import Line, limit_of
from ..kernel.wire import Body, is_needed
from .query import Query, is_lax
from .routing import Route

Schema = dict[str, Any]
REF = "#/components/schemas/{name}"


def bare(hint: Any) -> Any:
    """A type without its annotations."""
    return typing.get_args(hint)[0] if typing.get_origin(hint) is Annotated else hint


def parts(hint: Any) -> tuple[Any, ...]:
    """The types inside a type: of a union, a list, a dict."""
    return tuple(a for a in typing.get_args(bare(hint)) if a is not Ellipsis)


def structs_in(hint: Any, found: dict[type, None] | None = None) -> dict[type, None]:
    """Every struct that a value of this type can have inside, in order of appearance."""
    found = {} if found is None else found
    kind = bare(hint)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        if kind is not msgspec.Struct and kind not in found:
            found[kind] = None
            for inner in typing.get_type_hints(kind, include_extras=True).values():
                structs_in(inner, found)
    else:
        for inner in parts(hint):
            structs_in(inner, found)
    return found


def components(shapes: Iterable[Any]) -> tuple[list[Schema], dict[str, Schema]]:
    """(a schema for each shape, the schemas they refer to by name). Not by msgspec's own generator: it refuses unions of structs, and
    defaults that are JSON already."""
    shapes = list(shapes)
    kinds = list({kind: None for shape in shapes for kind in structs_in(shape)})
    names = _names(kinds)
    named = {names[kind]: _struct(kind, names) for kind in kinds}
    return [_schema(shape, names) for shape in shapes], dict(sorted(named.items()))


def _names(kinds: list[type]) -> dict[type, str]:
    """The name of each struct: its own, with its feature before it where two share it."""
    shared = Counter(kind.__name__ for kind in kinds)
    return {kind: kind.__name__ if shared[kind.__name__] == 1 else f"{kind.__module__.split('.')[1]}.{kind.__name__}" for kind in kinds}


def _struct(kind: Any, names: dict[type, str]) -> Schema:
    """A struct as an object. What is not needed in a request has a default; an answer has every field that cannot be unset."""
    hints = typing.get_type_hints(kind, include_extras=True)
    fields = msgspec.structs.fields(kind)
    lean, asked = kind.__struct_config__.omit_defaults, issubclass(kind, Body)
    said: Schema = {"description": sentence(kind.__doc__)} if kind.__doc__ else {}
    said |= {"type": "object", "properties": {f.encode_name: _schema(hints[f.name], names) for f in fields}}
    if asked:
        needed = [f.encode_name for f in fields if f.required]
        for f in fields:
            if is_needed(hints[f.name]):
                said["properties"][f.encode_name].update(_not_zero(hints[f.name]))
    else:
        needed = [f.encode_name for f in fields if UnsetType not in parts(hints[f.name]) and (f.required or not lean)]
    if needed:
        said["required"] = needed
    return said


_SIMPLE: dict[Any, Schema] = {
    str: {"type": "string"}, int: {"type": "integer"}, float: {"type": "number"}, bool: {"type": "boolean"}, type(None): {"type": "null"},
    bytes: {"type": "string", "contentEncoding": "base64"}, list: {"type": "array"}, dict: {"type": "object"}, tuple: {"type": "array"},
    msgspec.Struct: {"type": "object"},
}  # fmt: skip
_MARKS = (("ge", "minimum"), ("gt", "exclusiveMinimum"), ("le", "maximum"), ("lt", "exclusiveMaximum"), ("pattern", "pattern"))


def _schema(hint: Any, names: dict[type, str]) -> Schema:
    """A type as JSON Schema; {} where anything may stand."""
    inner = bare(hint)
    if inner in names:
        said: Schema = {"$ref": REF.format(name=names[inner])}
    elif _is_union(inner):
        options = [_schema(part, names) for part in parts(inner) if part is not UnsetType]
        said = options[0] if len(options) == 1 else {"anyOf": options}
    elif typing.get_origin(inner) is typing.Literal:
        said = {"enum": list(typing.get_args(inner))}
    elif (origin := typing.get_origin(inner)) in (list, set, frozenset, tuple, dict):
        said = _container(origin, typing.get_args(inner), names)
    else:
        said = dict(_SIMPLE.get(inner, {}))
    for mark in typing.get_args(hint)[1:] if typing.get_origin(hint) is Annotated else ():
        if isinstance(mark, msgspec.Meta):
            said |= _marked(mark, said)
    return said


def _container(origin: Any, inside: tuple[Any, ...], names: dict[type, str]) -> Schema:
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(inside[1], names)}
    if not inside:
        return {"type": "array", "maxItems": 0}
    if origin is tuple and Ellipsis not in inside:
        return {"type": "array", "prefixItems": [_schema(part, names) for part in inside], "items": False}
    return {"type": "array", "items": _schema(inside[0], names)}


def _marked(mark: msgspec.Meta, said: Schema) -> Schema:
    """The limits and the description of an annotation."""
    more: Schema = {key: value for name, key in _MARKS if (value := getattr(mark, name)) is not None}
    end = "Items" if said.get("type") == "array" else "Length"
    more |= {side + end: value for side, value in (("min", mark.min_length), ("max", mark.max_length)) if value is not None}
    if mark.description is not None:
        more["description"] = mark.description
    return more


_NOT_ZERO: dict[Any, Schema] = {str: {"minLength": 1}, int: {"not": {"const": 0}}, bool: {"const": True}}


def _not_zero(kind: Any) -> Schema:
    return _NOT_ZERO.get(bare(kind), {})


def sentence(text: str) -> str:
    """A docstring on one line."""
    return " ".join(text.split())


def parameters(kind: type[Query]) -> list[Schema]:
    """The query parameters of a route."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return [_parameter(f, hints[f.name]) for f in msgspec.structs.fields(kind)]


def _parameter(field: msgspec.structs.FieldInfo, hint: Any) -> Schema:
    said: Schema = {"name": field.encode_name, "in": "query", "required": field.required, "schema": _text_schema(hint)}
    if is_lax(hint):
        said["description"] = "Read as 0 where it is no integer."
        said["schema"] = {}
    elif is_needed(hint):
        said["schema"].update(_not_zero(hint))
    return said


def _text_schema(hint: Any) -> Schema:
    kind = next((p for p in parts(hint) if p is not type(None)), hint) if _is_union(hint) else hint
    limit = limit_of(kind)
    while typing.get_origin(kind) is Annotated:
        kind = bare(kind)
    if kind is str:
        return {"type": "string", "maxLength": limit or limit_of(Line)}
    return {int: {"type": "integer", "format": "int64"}, bool: {"type": "boolean"}}.get(kind, {})


def _is_union(hint: Any) -> bool:
    return typing.get_origin(bare(hint)) in (typing.Union, types.UnionType)


def requests(routes: Iterable[Route]) -> list[type[Body] | type[Query]]:
    """Every kind of body and query that a route takes, by name."""
    found: dict[Any, None] = {}
    for route in routes:
        if route.signature.body is not None:
            found.update(dict.fromkeys(structs_in(route.signature.body)))
        if route.signature.query is not None:
            found[route.signature.query] = None
    return sorted(found, key=lambda kind: (kind.__module__, kind.__name__))


def unlimited(kind: type[msgspec.Struct]) -> Iterator[str]:
    """Names of texts and lists of a request that no limit holds."""
    for name, hint in typing.get_type_hints(kind, include_extras=True).items():
        if any(limit is None for _, _, limit in measured(hint, kind)):
            yield f"{kind.__module__}.{kind.__name__}.{name}"


def measured(hint: Any, kind: type[msgspec.Struct]) -> Iterator[tuple[str, str, int | None]]:
    """(what, why, limit) of each text and list in a field's type, outermost first."""
    limit, inner = limit_of(hint), hint
    why = next((m.description or "" for m in typing.get_args(hint)[1:] if isinstance(m, msgspec.Meta) and m.max_length is not None), "")
    while typing.get_origin(inner) is Annotated:
        inner = bare(inner)
    if inner is str:
        if limit is None and issubclass(kind, Query):
            limit, why = limit_of(Line), "a text of a query of which nothing else is said"
        yield "characters", why, limit
    elif typing.get_origin(inner) in (list, set, tuple) or inner is list:
        yield "items", why, limit
    inside = typing.get_args(inner)
    for part in inside[1:] if typing.get_origin(inner) is dict else inside:  # names of a dict are held by the body's limit
        yield from measured(part, kind)
