"""The page `/recover-account`, for links of mails that were meant for the accounts app: what they carry behind their `#` no server sees, so the
whole link has to be pasted."""

from __future__ import annotations

from html import escape
from urllib.parse import urlsplit

from litestar import Controller, Response, get

from ..http.pages import Handler, Incoming, html
from ..kernel.parts import Kernel
from . import restoring

_PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    '<meta name="robots" content="noindex, nofollow"><title>A deleted account</title><main><h1>Bring a deleted account back</h1>'
    "<p>Paste the whole link of the mail that told of the deletion, with everything behind the sign <b>#</b>.</p>"
    '<form method="get" action="{action}"><label>The link <input name="token" required autocomplete="off" spellcheck="false"></label> '
    "<button>Go on</button></form>"
    "<p>No mail? Who runs this server can make another link, for seven days after the deletion.</p></main></html>"
)


class FromMail(Controller):
    path = restoring.APP_PATH
    alone = True

    @get("/", sync_to_thread=False)
    def show(self, incoming: Incoming) -> Response[str]:
        return html(_PAGE.format(action=escape(urlsplit(incoming.base_url).path + restoring.PATH)))


def make_pages(_: Kernel) -> list[Handler]:
    return [FromMail]
