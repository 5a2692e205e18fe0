"""The page where an invitation to a family is accepted, for servers without Ente's accounts app: `/family?inviteToken=…`.

Looking changes nothing, as programs look at links before people do. A link that was made for the accounts app carries its token behind the `#`,
which no server sees: then the whole link is to be pasted.
"""

from __future__ import annotations

import re
from html import escape
from importlib import resources
from urllib.parse import parse_qsl, unquote, urlsplit

from litestar import Controller, Response, get, post

from ..http.pages import Handler, Incoming, html, policy
from ..http.request import Request
from ..kernel.errors import AppError, Gate
from ..kernel.parts import Kernel
from . import invitations, joining
from .wire import Acceptance

_PAGE = resources.files(__package__).joinpath("page.html").read_text(encoding="utf-8")
_POLICY = policy(_PAGE)
_LARGEST_FORM = 16 << 10
_LONGEST = 256
_PASTED = re.compile(r"[?#&]inviteToken=([^&#\s]+)")
_ASK = """  <h1>Join {admin}'s family?</h1>
  <p>You store on one plan. Nobody sees the other's photos unless they are shared.</p>
  <form method="post" action="{action}">
    <input type="hidden" name="token" value="{token}">
    <button>Join the family</button>
  </form>
  <p class="soft">If you do not want to, close this page. You can leave again at any time, in the app.</p>"""
_PASTE = """  <h1>An invitation to a family</h1>
  {problem}<p>Paste the whole link that you were sent, with everything behind the sign <b>#</b>.</p>
  <form method="get" action="{action}">
    <label>The link
      <input name="inviteToken" required autocomplete="off" spellcheck="false"></label>
    <button>Go on</button>
  </form>"""
_DONE = """  <h1>You are in {admin}'s family</h1>
  <p>What you store counts on their plan from now on. There is nothing more to do; the app shows it the next time it is opened.</p>"""
_OVER = "This invitation is not open: it was accepted or taken back, or the link is not whole."
_ELSEWHERE = "You are in a family already. Leave it first, in the app."


class Invitation(Controller):
    path = invitations.PATH
    alone = True

    @get("/")
    async def show(self, incoming: Incoming) -> Response[str]:
        token = _token(incoming.query.get("inviteToken", ""))
        if not token:
            return _form(incoming)
        try:
            await _allow(incoming)
            found = await joining.invite_info(incoming.kernel, token)
        except AppError as e:
            return _refused(incoming, e)
        return _page(_ASK.format(admin=escape(found.admin_email), action=_action(incoming), token=escape(token)))

    @post("/")
    async def join(self, incoming: Incoming) -> Response[str]:
        body = await incoming.body.read(_LARGEST_FORM)
        token = _token(dict(parse_qsl(body.decode("utf-8", "replace"))).get("token", ""))
        try:
            await _allow(incoming)
            joined = await joining.accept_invite(incoming.kernel, Acceptance(token=token))
        except AppError as e:
            return _refused(incoming, e)
        return _page(_DONE.format(admin=escape(joined.admin_email)))


async def _allow(request: Request) -> None:
    await request.kernel.limiter.allow("sensitive", f"ip {request.client_ip} {invitations.PATH}")


def _token(text: str) -> str:
    """A token as it is, or out of a whole link."""
    pasted = _PASTED.search(text)
    return (unquote(pasted[1]) if pasted else text.strip())[:_LONGEST]


def _action(request: Request) -> str:
    return escape(urlsplit(request.base_url).path + invitations.PATH)


def _form(request: Request, problem: str = "", status: int = 200) -> Response[str]:
    said = f'<p class="bad" role="alert">{escape(problem)}</p>\n  ' if problem else ""
    return _page(_PASTE.format(problem=said, action=_action(request)), status)


def _refused(request: Request, e: AppError) -> Response[str]:
    if isinstance(e, Gate):
        return _form(request, "Too many tries. Wait a minute.", e.status)
    return _form(request, _ELSEWHERE if e.status == 406 else _OVER, e.status)


def _page(body: str, status: int = 200) -> Response[str]:
    page = html(_PAGE.replace("{body}", body), csp=_POLICY, status=status)
    page.headers["cache-control"] = "no-store"
    page.headers["x-robots-tag"] = "noindex, nofollow"
    return page


def make_pages(_: Kernel) -> list[Handler]:
    return [Invitation]
