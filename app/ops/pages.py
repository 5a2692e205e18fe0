"""Pages for a person who opens this address in a browser: what the address is for, and what programs can ask it."""

from __future__ import annotations

from html import escape
from importlib import resources

from litestar import Controller, Response, get

from .. import __version__
from ..http.pages import Handler, Incoming, html, policy
from ..kernel.parts import Kernel
from ..web.service import link_page

_PAGE = resources.files(__package__).joinpath("page.html").read_text(encoding="utf-8")
_POLICY = policy(_PAGE)


class FrontPage(Controller):
    """The address itself."""

    path = "/"

    @get(sync_to_thread=False)
    def show(self, incoming: Incoming) -> Response[str]:
        if "t" in incoming.query:  # an album's link that was made while no web app was there to open it
            return link_page(incoming, "albums", "/?t=", incoming.query["t"])
        return html(page(incoming.base_url), csp=_POLICY)


def page(address: str) -> str:
    """The page that shows this address: the Host header may be in it, so it is escaped."""
    return _PAGE.replace("{address}", escape(address)).replace("{version}", escape(__version__))


def make_pages(_: Kernel) -> list[Handler]:
    return [FrontPage]
