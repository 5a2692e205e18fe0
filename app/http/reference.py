"""The API reference: the OpenAPI document as one page for people, made on the server, without a script."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape
from importlib import resources
from typing import Any

from litestar import Response, Router, get
from litestar.di import NamedDependency, Provide

from ..kernel.config import Limits
from .openapi import document
from .pages import Incoming, html, policy
from .routing import Route
from .schemas import Schema

PATH = "/api-reference"
_PAGE = resources.files(__package__).joinpath("reference.html").read_text(encoding="utf-8")
_POLICY = policy(_PAGE)
Rendered = NamedDependency[str]


@get(sync_to_thread=False)
def show(rendered: Rendered) -> Response[str]:
    return html(rendered, csp=_POLICY)


def router(routes: Iterable[Route]) -> Router:
    """The page of these routes, with the budgets in force. It is made when first asked for."""
    made: dict[Limits, str] = {}

    def rendered(incoming: Incoming) -> str:
        limits = incoming.kernel.config.limits
        if limits not in made:
            made[limits] = render(document(routes, limits))
        return made[limits]

    return Router(PATH, route_handlers=[show], dependencies={"rendered": Provide(rendered, sync_to_thread=False)})


def render(described: Schema) -> str:
    """The page of an OpenAPI document."""
    info, tags = described["info"], described["tags"]
    contents = [*(tag["name"] for tag in tags), "shapes"]
    values = {
        "title": escape(info["title"]),
        "version": escape(info["version"]),
        "about": "".join(f"<p>{_words(text)}</p>" for text in info["description"].split("\n\n")),
        "contents": "".join(f'<div><a href="#{escape(name)}">{escape(name)}</a></div>' for name in contents),
        "body": "\n".join([*(_tag(tag, described["paths"]) for tag in tags), _shapes(described["components"]["schemas"])]),
    }
    return re.sub(r"\{(title|version|about|contents|body)\}", lambda m: values[m[1]], _PAGE)


def _words(text: str) -> str:
    """Text with `code` in it."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))


def _tag(tag: Schema, paths: Schema) -> str:
    operations = [
        _operation(method, path, operation)
        for path, methods in paths.items()
        for method, operation in methods.items()
        if tag["name"] in operation["tags"]
    ]
    return f'<h2 id="{escape(tag["name"])}">{escape(tag["name"])}</h2><p class="soft">{_words(tag["description"])}</p>\n' + "\n".join(operations)


def _operation(method: str, path: str, said: Schema) -> str:
    name = escape(said["operationId"])
    told = [f'<h3><a href="#{name}"><b>{method.upper()}</b> <code>{escape(path)}</code></a></h3>', f"<p>{_words(said['summary'])}</p>"]
    if "description" in said:
        told.append(f"<p>{_words(said['description'])}</p>")
    told.append(f'<p class="soft">{" · ".join(_facts(said))}</p>')
    if "parameters" in said:
        rows = [(p["name"], f"{p['in']}, {_type(p['schema'])}", p["required"], p.get("description", "")) for p in said["parameters"]]
        told.append(_table(rows))
    for title, content in (("takes", said.get("requestBody", {})), *((status, answer) for status, answer in said["responses"].items())):
        if title == "takes" and not content:
            continue
        told.append(f"<p>{escape(title)} {_content(content)}</p>")
    return f'<article id="{name}">{"".join(told)}</article>'


def _facts(said: Schema) -> Iterator[str]:
    credentials = [escape(name) for option in said["security"] for name in option]
    yield f"<code>{'</code>, <code>'.join(credentials)}</code>" if credentials else "no credential"
    if (limit := said.get("x-rate-limit")) is not None:
        yield f"{limit['requests']:,} requests in {limit['seconds']:,} s (<code>limits.{escape(limit['name'])}</code>)"
    if (size := said.get("x-body-limit")) is not None:
        yield f"body up to {size:,} bytes"


def _content(said: Schema) -> str:
    if "$ref" in said:
        return f'<span class="soft">{escape(said["$ref"].rpartition("/")[2])}</span>'
    types = [_type(media["schema"]) for media in said.get("content", {}).values() if "schema" in media]
    return " ".join([*types, f'<span class="soft">{_words(said.get("description", ""))}</span>'])


def _type(schema: Any) -> str:
    """A schema in a few words, with a link to a shape."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#shape-{name}"><code>{name}</code></a>'
    if "anyOf" in schema:
        return " or ".join(_type(s) for s in schema["anyOf"])
    kind = schema.get("type", "anything")
    word = " or ".join(kind) if isinstance(kind, list) else str(kind)
    if word == "array":
        word = f"list of {_type(schema.get('items', {}))}" if schema.get("items") else "list"
    limits = [f"at most {schema[name]:,}" for name in ("maxLength", "maxItems") if name in schema]
    return ", ".join([word, *limits])


def _table(rows: Iterable[tuple[str, str, bool, str]]) -> str:
    """Rows of (name, type as HTML, must be there, what it is)."""
    cells = [
        f"<tr><td><code>{escape(name)}</code></td><td>{kind}</td><td>{'required' if required else ''}</td><td>{_words(text)}</td></tr>"
        for name, kind, required, text in rows
    ]
    return f"<table>{''.join(cells)}</table>"


def _shapes(schemas: Schema) -> str:
    told = ['<h2 id="shapes">shapes</h2>']
    for name, schema in schemas.items():
        needed = schema.get("required", [])
        rows = [(field, _type(of), field in needed, of.get("description", "")) for field, of in schema.get("properties", {}).items()]
        text = f"<p>{_words(schema['description'])}</p>" if "description" in schema else ""
        told.append(f'<article id="shape-{escape(name)}"><h3><code>{escape(name)}</code></h3>{text}{_table(rows)}</article>')
    return "\n".join(told)
