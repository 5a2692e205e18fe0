"""The shapes of bodies, answers and queries as JSON Schema, and the walk through their fields. Wire names, what must be there, limits."""

from __future__ import annotations

import types
import typing
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
    """(a schema for each shape, the schemas they refer to by name)."""
    shapes = [_alternatives(shape) for shape in shapes]
    kinds = list({kind: None for options in shapes for option in options for kind in structs_in(option)})
    flat = [option for options in shapes for option in options]
    schemas, named = msgspec.json.schema_components([*kinds, *flat], ref_template=REF)
    for kind, reference in zip(kinds, schemas, strict=False):
        _complete(kind, named[reference["$ref"].rpartition("/")[2]])
    left = iter(schemas[len(kinds) :])
    found = [[next(left) for _ in options] for options in shapes]
    return [options[0] if len(options) == 1 else {"anyOf": options} for options in found], dict(sorted(named.items()))


def _alternatives(shape: Any) -> tuple[Any, ...]:
    """The structs of a union, which msgspec describes one by one only; anything else as it is."""
    options = parts(shape) if _is_union(shape) else ()
    return options if any(structs_in(option) for option in options) else (shape,)


def _complete(kind: Any, schema: Schema) -> None:
    """What the types alone do not say: needed values of a request, fields of an answer that are always there."""
    hints = typing.get_type_hints(kind, include_extras=True)
    schema.pop("title", None)
    if "description" in schema:
        schema["description"] = sentence(schema["description"])
    if issubclass(kind, Body):
        schema.pop("additionalProperties", None)  # unknown keys are ignored (accounts.md §0)
        for field in msgspec.structs.fields(kind):
            if is_needed(hints[field.name]):
                schema["properties"][field.encode_name].update(_not_zero(bare(hints[field.name])))
        return
    lean = kind.__struct_config__.omit_defaults
    always = [f for f in msgspec.structs.fields(kind) if UnsetType not in parts(hints[f.name]) and not (lean and not f.required)]
    schema["required"] = [f.encode_name for f in always]
    for prop in schema["properties"].values():
        prop.pop("default", None)


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
