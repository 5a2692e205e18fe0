"""The routes as an OpenAPI 3.1 document, made from nothing but their declarations. `docs/openapi.json` is it at the default limits.

What every family of routes shares (credentials, refusals, rules of reading) is said once, in `components` and in the description.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable
from typing import Any

import msgspec

from .. import __version__
from ..kernel.config import Limits
from ..kernel.errors import AppError, BadRequest, Gate
from ..kernel.parts import Kernel
from ..kernel.texts import TextsFull
from .answer import Answer, Redirect, Stored
from .auth import anyone
from .routing import Route, get, json_refusal
from .schemas import Schema, components, parameters, sentence

PATH = "/openapi.json"
_ABOUT = """\
The protocol of Ente's apps, as this server speaks it. Which app asks is decided by the header `X-Client-Package` alone.

Request bodies are JSON whatever their `Content-Type`. Keys match in any case, `null` equals absent, unknown keys are ignored; in a \
query the first of equal names counts. Times are microseconds since 1970, keys and nonces base64. One slash at the end of a path makes no \
difference, and a `GET` answers `HEAD` too. Every request draws on the budget of its address; `x-rate-limit` names what else it draws on."""

_SHAPES: dict[str, Schema] = {
    "Refusal": {"description": "A plain refusal: an empty object.", "type": "object"},
    "CodedRefusal": {
        "description": "A refusal that clients tell from others by its code.",
        "type": "object",
        "required": ["code", "message"],
        "properties": {"code": {"type": "string"}, "message": {"type": "string", "description": "For the person."}},
    },
    "GateRefusal": {
        "description": "A refusal before the handler was asked: credential, app, or budget.",
        "type": "object",
        "required": ["error"],
        "properties": {"error": {"type": ["string", "object"]}},
    },
    "Error": {
        "description": "S3's error, as XML.",
        "type": "object",
        "properties": {"Code": {"type": "string"}, "Message": {"type": "string"}},
    },
}
_PLAIN, _CODED, _GATE = "Refusal", "CodedRefusal", "GateRefusal"
_WORDS = {
    400: "The request does not fit", 401: "Not let in", 402: "No active subscription", 403: "Not allowed", 404: "There is no such thing",
    409: "In conflict with what is there", 410: "Over: expired, used up or deleted", 413: "Too large", 426: "The storage is full", 429: "Too many",
    503: "Cannot be done now; try again", 507: "The disk is full",
}  # fmt: skip


def _json(shape: str) -> Schema:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{shape}"}}}


_RESPONSES: dict[str, Schema] = {
    "BadRequest": {"description": "The body or a parameter does not fit.", "content": _json(_PLAIN)},
    "BadRequestCoded": {"description": "The body or a parameter does not fit: `BAD_REQUEST`.", "content": _json(_CODED)},
    "NotLetIn": {"description": "No credential (401), none that is valid here (403), or none any more (410).", "content": _json(_GATE)},
    "TooLarge": {"description": "The body is larger than `x-body-limit`.", "content": _json(_PLAIN)},
    "TooManyRequests": {"description": "A budget is used up; try later.", "content": _json(_GATE)},
    "Failure": {"description": "The server, its database or its store cannot do it now.", "content": _json(_PLAIN)},
    "Bytes": {"description": "A refusal in the form of S3.", "content": {"application/xml": {"schema": {"$ref": "#/components/schemas/Error"}}}},
}
_SIGNED = {
    "type": "apiKey", "in": "query", "name": "sig",
    "description": "A URL as the server gave it out: the signature covers method, path and every value, and `exp` ends it.",
}  # fmt: skip


def document(routes: Iterable[Route], limits: Limits) -> Schema:
    """The OpenAPI document of these routes, with these request budgets."""
    shown = sorted((r for r in routes if not r.hidden), key=lambda r: (r.path, r.method))
    shapes = [shape for r in shown for shape in (r.signature.body, _json_shape(r)) if shape is not None]
    schemas, named = components(shapes)
    found = iter(schemas)
    paths: dict[str, Schema] = {}
    for route in shown:
        body = None if route.signature.body is None else next(found)
        answer = None if _json_shape(route) is None else next(found)
        paths.setdefault(route.path.replace("...}", "}"), {})[route.method.lower()] = _operation(route, body, answer, limits)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Darkroom", "version": __version__, "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": _tags(shown),
        "paths": paths,
        "components": {"schemas": {**_SHAPES, **named}, "responses": _RESPONSES, "securitySchemes": _schemes(shown)},
    }  # fmt: skip


def encoded(routes: Iterable[Route], limits: Limits) -> bytes:
    """The document as the file in docs/ has it."""
    return msgspec.json.format(msgspec.json.encode(document(routes, limits)), indent=1) + b"\n"


def route(routes: Iterable[Route]) -> Route:
    """The route that answers the document of these routes and of itself. It is made when first asked for."""
    made: dict[Limits, bytes] = {}

    async def openapi(kernel: Kernel) -> Answer:
        """This document."""
        limits = kernel.config.limits
        if limits not in made:
            made[limits] = encoded([*routes, itself], limits)
        return Answer(made[limits])

    itself = get(PATH, anyone, openapi)
    return itself


# --- one route
def _json_shape(route: Route) -> Any:
    """The type of the JSON that a route answers; None where it answers none, or only its handler knows."""
    shape = route.signature.shape
    return None if shape is None or (isinstance(shape, type) and issubclass(shape, Answer)) else shape


def feature(route: Route) -> str:
    """The package that a route belongs to."""
    return str(route.handler.__module__).split(".")[1]


def _operation(route: Route, body: Schema | None, answer: Schema | None, limits: Limits) -> Schema:
    text = inspect.getdoc(route.handler) or ""
    first, _, more = text.partition("\n\n")
    name = getattr(route.handler, "__name__", "")
    said: Schema = {
        "operationId": re.sub(r"\W+", "_", f"{route.method.lower()}{route.path}").rstrip("_"),
        "tags": [feature(route)],
        "summary": sentence(first) or name.strip("_").replace("_", " ").capitalize(),
    }
    if more:
        said["description"] = sentence(more)
    credential = route.guard.credential
    said["security"] = [] if credential is None else [{_scheme(credential): []}]
    if asked := [*_path_parameters(route), *([] if route.signature.query is None else parameters(route.signature.query))]:
        said["parameters"] = asked
    if body is not None:
        said["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    said["responses"] = {**_done(route, answer), **(_refusals(route) if route.refusal is json_refusal else {"default": _response("Bytes")})}
    said["x-guard"] = route.guard.name
    if route.limit is not None:
        limit = getattr(limits, route.limit)
        said["x-rate-limit"] = {"name": route.limit, "requests": limit.count, "seconds": limit.seconds}
    if route.body_limit:
        said["x-body-limit"] = route.body_limit
    return said


def _path_parameters(route: Route) -> list[Schema]:
    schema: dict[str, Schema] = {name: {"type": "integer", "format": "int64"} for name, kind in route.signature.params.items() if kind is int}
    return [
        {"name": name, "in": "path", "required": True, "schema": schema.get(name, {"type": "string"})}
        for name in re.findall(r"\{(\w+)(?:\.\.\.)?\}", route.path)
    ]


def _done(route: Route, answer: Schema | None) -> Schema:
    """The answer of success."""
    shape = route.signature.shape
    if answer is not None:
        return {str(route.status): {"description": "Done.", "content": {"application/json": {"schema": answer}}}}
    if shape is None:
        said: Schema = {"description": "Done."}
        if route.done.body:
            said["content"] = {"application/json": {"schema": {"type": "object"}}}
        return {str(route.done.status): said}
    if issubclass(shape, Redirect):
        return {"307": {"description": "Where the bytes are.", "headers": {"Location": {"schema": {"type": "string", "format": "uri"}}}}}
    media = "application/octet-stream" if issubclass(shape, Stored) else "*/*"
    return {str(route.status): {"description": "Done.", "content": {media: {}}}}


def _refusals(route: Route) -> Schema:
    """What a JSON route answers otherwise: its family's refusals, and its own."""
    signature = route.signature
    refusals: list[type[AppError]] = [*route.errors, *((TextsFull,) if route.fills and route.guard.credential is not None else ())]
    taken = [kind.refusal for kind in (signature.body, signature.query) if kind is not None] or [BadRequest]
    own: dict[int, list[type[AppError]]] = {}
    for error in [*taken, *refusals]:
        own.setdefault(error.status, []).append(error)
    usual: dict[int, str] = {429: "TooManyRequests"}
    if route.guard.credential is not None:
        usual |= dict.fromkeys((401, *route.guard.statuses), "NotLetIn")
    if route.body_limit:
        usual[413] = "TooLarge"
    said = {str(status): _merged(status, own.get(status, []), usual.get(status)) for status in sorted({*own, *usual})}
    return {**said, "5XX": _response("Failure")}


def _merged(status: int, errors: list[type[AppError]], usual: str | None) -> Schema:
    """The response of one status: a shared one where that says it all."""
    kinds = {_kind(e): None for e in errors}
    codes = list({e.code: None for e in errors if e.code is not None})
    if not errors and usual is not None:
        return _response(usual)
    if status == 400 and list(kinds) == [_PLAIN]:
        return _response("BadRequest")
    if status == 400 and codes == ["BAD_REQUEST"] and list(kinds) == [_CODED]:
        return _response("BadRequestCoded")
    if usual is not None:
        kinds[_GATE if usual != "TooLarge" else _PLAIN] = None
    text = f"{_WORDS.get(status, 'Refused')}{': ' if codes else ''}{', '.join(f'`{c}`' for c in codes)}."
    shapes = [{"$ref": f"#/components/schemas/{kind}"} for kind in kinds]
    return {"description": text, "content": {"application/json": {"schema": shapes[0] if len(shapes) == 1 else {"anyOf": shapes}}}}


def _kind(error: type[AppError]) -> str:
    return _GATE if issubclass(error, Gate) else _PLAIN if error.code is None else _CODED


def _response(name: str) -> Schema:
    return {"$ref": f"#/components/responses/{name}"}


# --- all routes
def _scheme(credential: str) -> str:
    return re.sub(r"[^\w.-]+", "-", credential)


def _schemes(routes: Iterable[Route]) -> Schema:
    names = sorted({r.guard.credential for r in routes if r.guard.credential is not None})
    return {_scheme(name): _SIGNED if " " in name else {"type": "apiKey", "in": "header", "name": name} for name in names}


def _tags(routes: Iterable[Route]) -> list[Schema]:
    """A tag for each feature, with what its package says of itself."""
    told = {name: sentence(sys.modules[f"app.{name}"].__doc__ or "") for name in sorted({feature(r) for r in routes})}
    return [{"name": name, "description": text} for name, text in told.items()]
