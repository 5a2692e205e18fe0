"""The way into the administration by a passkey: two pages, the second of them with the one script that browsers need for it."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import urlsplit

import msgspec
from litestar import Controller, Response, get, post

from ..http.pages import Incoming, html, policy
from . import access, views
from .access import NotEntered

_HASH = base64.b64encode(hashlib.sha256(views.SCRIPT.encode()).digest()).decode()
_POLICY = f"{policy(f'<style>{views.STYLE}</style>')}; script-src 'sha256-{_HASH}'"


def _page(text: str, status: int = 200) -> Response[str]:
    shown = html(text, csp=_POLICY, status=status)
    shown.headers["cache-control"] = "no-store"
    return shown


class Passkeys(Controller):
    path = "/admin/passkey"

    @get("/", sync_to_thread=False)
    def address(self, incoming: Incoming) -> Response[str]:
        if not access.takes_passkeys(incoming):
            return _page(views.closed("Passkeys are not taken at this address."), 401)
        return _page(views.passkey_address(urlsplit(incoming.base_url).path))

    @post("/")
    async def offer(self, incoming: Incoming) -> Response[str]:
        try:
            ceremony, options = await access.offer_passkey(incoming, (await access.form(incoming)).get("email", ""))
        except NotEntered as e:
            return _page(views.closed(e.message), 401)
        return _page(views.passkey(urlsplit(incoming.base_url).path, ceremony, msgspec.json.encode(options).decode()))

    @post("/finish")
    async def finish(self, incoming: Incoming) -> Response[str]:
        fields, prefix = await access.form(incoming), urlsplit(incoming.base_url).path
        try:
            cookie = await access.enter_by_passkey(incoming, fields.get("ceremony", ""), fields.get("answer", ""))
        except NotEntered as e:
            return _page(views.passkey_address(prefix, e.message), 401)
        return Response("", status_code=303, headers={"location": f"{prefix}/admin", "cache-control": "no-store", "set-cookie": cookie})
