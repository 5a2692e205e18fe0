"""The page for a link that no web app of this server opens: `/?t=TOKEN`, `/TOKEN`, `/c/TOKEN`, `/file/?t=TOKEN`.

The same for every token, whether there is such a link or not: nothing is looked up. Where an app is (now) served, the browser is sent there; it
carries along what stands behind the `#`, which nobody else sees.

And the pages `/apps/NAME…` that stand in for apps which clients open themselves (`Config.app_page`): what cannot be done there, and what can instead.
"""

from __future__ import annotations

import re
from html import escape
from importlib import resources
from pathlib import Path
from urllib.parse import quote

from litestar import Controller, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from ..http.pages import Handler, Incoming, html, policy
from ..http.request import Request
from ..kernel.parts import Kernel

_PAGE = resources.files(__package__).joinpath("link.html").read_text(encoding="utf-8")
_POLICY = policy(_PAGE)
_WITHOUT = resources.files(__package__).joinpath("app.html").read_text(encoding="utf-8")
_WITHOUT_POLICY = policy(_WITHOUT)
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


WITHOUT = {
    "accounts": (
        "Passkeys need a page that this server has not",
        (
            "Logging in: go back to the app and choose to recover the account there. With your recovery key it opens without the passkey.",
            "Lost the recovery key too? Whoever runs this server can take the passkey off your account.",
            "A second factor without such a page: in the app's settings, under security, two-factor authentication by codes.",
            "Joining a family, or bringing a deleted account back: open the link of the mail; that works without.",
        ),
    ),
    "family": (
        "Families are in the app",
        (
            "Open the app's settings and there the family: newer apps invite, limit and remove members themselves.",
            "If your app has nothing of the kind, update it, or ask whoever runs this server, who can do it all from the command line.",
        ),
    ),
    "legacy": (
        "A recovery kit is used on a page that this server has not",
        (
            "Ask whoever runs this server to install the page; this address leads to it from then on. Nothing of the kit is lost meanwhile.",
            "Are you a trusted contact with an account of your own? Then recover from the app: settings, account, legacy. That needs no kit.",
        ),
    ),
    "cast": (
        "Albums on a TV need a page that this server has not",
        ("Ask whoever runs this server to install it; open this address on the TV then.",),
    ),
    "embed": (
        "This album cannot be shown inside another page",
        ("Ask whoever sent you here for a link to the album itself, and open it with the Ente app.",),
    ),
    "paste": ("Pastes are opened on a page that this server has not", ("Ask whoever sent you the link to tell you the text in another way.",)),
}
"""What apps open in a browser: the heading, and the ways to go on."""


class WithoutApp(Controller):
    path = "/apps"

    @get("/{app:str}", sync_to_thread=False)
    def show(self, incoming: Incoming, app: FromPath[str]) -> Response[str]:
        return stand_in(incoming, app, "")

    @get("/{app:str}/{rest:path}", sync_to_thread=False)
    def show_below(self, incoming: Incoming, app: FromPath[str], rest: FromPath[Path]) -> Response[str]:
        return stand_in(incoming, app, f"/{str(rest).lstrip('/')}")


def stand_in(incoming: Request, app: str, rest: str) -> Response[str]:
    """Send a browser on to an app that is there by now; else the page that stands in for it."""
    if app not in WITHOUT:
        raise NotFoundException
    address = incoming.kernel.config.app_address(app)
    if address is None or address == incoming.base_url:
        return _without(app)
    query = incoming.scope["query_string"].decode("latin-1")
    place = quote(rest, safe="/") + (f"?{query}" if query else "")
    return Response("", status_code=302, headers={"location": f"{address}{place}", "cache-control": "no-store"})


def _without(app: str) -> Response[str]:
    heading, ways = WITHOUT[app]
    steps = "".join(f"\n    <li>{escape(way)}</li>" for way in ways)
    page = html(_WITHOUT.replace("{heading}", escape(heading)).replace("{app}", app).replace("{ways}", steps), csp=_WITHOUT_POLICY)
    if app == "embed":  # shown in a frame of somebody's page, or not at all
        page.headers["content-security-policy"] = _WITHOUT_POLICY.replace("frame-ancestors 'none'", "frame-ancestors *")
    page.headers["cache-control"] = "no-store"
    page.headers["x-robots-tag"] = "noindex, nofollow"
    return page


def make_pages(_: Kernel) -> list[Handler]:
    return [AlbumOfLocker, OneFile, ByToken, WithoutApp]
