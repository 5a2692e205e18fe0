"""The page where a code is redeemed: `/invite`, and `/invite?code=…`, which an invitation's link leads to.

Apps know nothing of codes, they ask for an address only: so the code is turned into an address that may sign up, before the app is opened.
Looking uses nothing up, as programs look at links before people do. Nothing here tells whether a code is good before an address is named.
"""

from __future__ import annotations

from html import escape
from importlib import resources
from urllib.parse import parse_qsl, urlsplit

from litestar import Controller, Response, get, post
from litestar.params import FromQuery

from ..http.pages import Handler, Incoming, html, policy
from ..http.request import Request
from ..kernel.errors import AppError
from ..kernel.parts import Kernel
from . import service

_PAGE = resources.files(__package__).joinpath("page.html").read_text(encoding="utf-8")
_POLICY = policy(_PAGE)
_LARGEST_FORM = 16 << 10
_FORM = """  <h1>You are invited</h1>
  <p>to keep your photos on this server, encrypted on your device so that nobody else sees them. Which e-mail address do you want to sign up with?</p>
  {problem}<form method="post" action="{action}">
    <label>Invitation code
      <input name="code" value="{code}" required maxlength="64" autocomplete="off" autocapitalize="characters" spellcheck="false"></label>
    <label>Your e-mail address
      <input name="email" type="email" value="{email}" required maxlength="320" autocomplete="email"></label>
    <button>Let me in with this address</button>
  </form>
  <p class="soft">A mistake is no harm: until the account is made, the same code takes another address.</p>"""
_DONE = """  <h1>Welcome</h1>
  <p><strong>{email}</strong> may sign up now:</p>
  <ol>
    <li>Install the Ente Photos app and open it. Stay on its first page.</li>
    <li>Tap the empty space there seven times. In the <em>Developer settings</em> that open, type this address and save: <code>{address}</code></li>
    <li>Create an account with exactly the address above. The code that the app asks for {comes}</li>
  </ol>
  <p class="soft">Was the address wrong? Go back and give another.</p>"""


def _page(body: str, status: int = 200) -> Response[str]:
    page = html(_PAGE.replace("{body}", body), csp=_POLICY, status=status)
    page.headers["cache-control"] = "no-store"
    page.headers["x-robots-tag"] = "noindex, nofollow"
    return page


def _form(request: Request, code: str, email: str = "", problem: str = "", status: int = 200) -> Response[str]:
    said = f'<p class="bad" role="alert">{escape(problem)}</p>\n  ' if problem else ""
    action = urlsplit(request.base_url).path + "/invite"
    return _page(_FORM.format(problem=said, action=escape(action), code=escape(code[:64]), email=escape(email[:320])), status)


class Invitation(Controller):
    path = "/invite"

    @get("/", sync_to_thread=False)
    def show(self, incoming: Incoming, code: FromQuery[str] = "") -> Response[str]:
        return _form(incoming, code)

    @post("/")
    async def redeem(self, incoming: Incoming) -> Response[str]:
        body = await incoming.body.read(_LARGEST_FORM)
        fields = {name: value.strip() for name, value in parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)}
        code, email = fields.get("code", ""), fields.get("email", "")
        try:
            email = await service.redeem(incoming.kernel, incoming.client_ip, code, email)
        except AppError as e:
            return _form(incoming, code, email, e.message or "Too many tries. Wait a minute.", e.status)
        comes = "is sent there." if incoming.kernel.config.mail.host else "is with whoever runs this server: ask for it."
        return _page(_DONE.format(email=escape(email), address=escape(incoming.base_url), comes=comes))


def make_pages(_: Kernel) -> list[Handler]:
    return [Invitation]
