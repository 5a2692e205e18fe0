"""The API reference shows every route to a person, and loads nothing."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

from app.http import openapi, reference
from app.kernel.config import Limits
from app.main import TABLE
from tests.inprocess import World


class Page(HTMLParser):
    """Ids, links and what is loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.links += [value for name, value in attrs if name in ("href", "src") and value]


async def test_every_route_is_shown(world: World) -> None:
    got = await world.anon().get("/api-reference")
    assert got.headers["content-type"] == "text/html; charset=utf-8"
    assert re.fullmatch(r"default-src 'none'; .*; style-src 'sha256-[\w+/]+='", got.headers["content-security-policy"])
    page = Page()
    page.feed(got.content.decode())
    document = json.loads((await world.anon().get("/openapi.json")).content)
    assert {op["operationId"] for methods in document["paths"].values() for op in methods.values()} <= set(page.ids)
    assert len(set(page.ids)) == len(page.ids)
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert {link for link in page.links if not link.startswith("#")} == {"/openapi.json"}
    assert not page.tags & {"script", "link", "img", "iframe", "form"}


def test_what_a_docstring_says_is_text() -> None:
    document = openapi.document(TABLE.routes, Limits())
    document["info"]["description"] = "<script>x</script> `<b>` {body}"
    page = reference.render(document)
    assert "<script>" not in page
    assert "&lt;script&gt;x&lt;/script&gt; <code>&lt;b&gt;</code> {body}" in page
