"""The page for a link that no web app of this server opens: `/?t=TOKEN`, `/TOKEN`, `/c/TOKEN`, `/file/?t=TOKEN`.

The same for every token, whether there is such a link or not: nothing is looked up. Where an app is (now) served, the browser is sent there; it
carries along what stands behind the `#`, which nobody else sees.
"""

from __future__ import annotations

import re
from html import escape
from importlib import resources

from litestar import Controller, Response, get
from litestar.params import FromPath

from ..http.pages import Handler, Incoming, html, policy
from ..http.request import Request
from ..kernel.parts import Kernel

_PAGE = resources.files(__package__).joinpath("link.html").read_text(encoding="utf-8")
_POLICY = policy(_PAGE)
TOKEN = re.compile(r"[0-9A-Za-z]{16}|[0-9A-Z]{10}")
"""Tokens of our own links, and of those that another server made and we took over."""


def link_page(incoming: Request, app: str | None, path: str, token: str) -> Response[str]:
    """Send a browser to the app that opens this link, `path` and the token behind the app's address; else the page that explains. What is no
    token gets the page too."""
    address = None if app is None else incoming.kernel.config.app_address(app)
    if address is not None and address != incoming.base_url and TOKEN.fullmatch(token):
        return Response("", status_code=302, headers={"location": f"{address}{path}{token}", "cache-control": "no-store"})
    page = html(_PAGE.replace("{address}", escape(incoming.base_url)), csp=_POLICY)
    page.headers["cache-control"] = "no-store"
    page.headers["x-robots-tag"] = "noindex, nofollow"
    return page


class AlbumOfLocker(Controller):
    path = "/c"

    @get("/{token:str}", sync_to_thread=False)
    def show(self, incoming: Incoming, token: FromPath[str]) -> Response[str]:
        return link_page(incoming, "share", "/c/", token)


class OneFile(Controller):
    path = "/file"

    @get("/", sync_to_thread=False)
    def show(self, incoming: Incoming) -> Response[str]:
        return link_page(incoming, "albums", "/file/?t=", incoming.query.get("t", ""))


class ByToken(Controller):
    """`/TOKEN`: an album, a Locker file or a memory, which nobody can tell by the token; so it goes nowhere by itself."""

    path = "/{token:str}"
    only = TOKEN

    @get(sync_to_thread=False)
    def show(self, incoming: Incoming, token: FromPath[str]) -> Response[str]:
        return link_page(incoming, None, "/", token)


def make_pages(_: Kernel) -> list[Handler]:
    return [AlbumOfLocker, OneFile, ByToken]
