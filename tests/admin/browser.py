"""A browser without scripts: keeps cookies as their attributes say, follows nothing by itself, fills in forms that it has seen."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urlencode

from app.admin import access
from app.cli import admin
from tests.inprocess import Api, Response, World

FORM = {"content-type": "application/x-www-form-urlencoded"}


class Browser:
    def __init__(self, world: World) -> None:
        self.world = world
        self.api: Api = world.anon()
        self.cookie = ""

    async def get(self, path: str, expect: int = 200) -> str:
        return (await self.answer("GET", path, expect)).content.decode()

    async def answer(self, method: str, path: str, expect: int, content: bytes | None = None, **headers: str) -> Response:
        sent = {**({"cookie": f"{access.COOKIE}={self.cookie}"} if self.cookie else {}), **(FORM if content is not None else {}), **headers}
        got = await self.api.call(method, path, content=content, expect=expect, headers=sent, token=None)
        if (set_cookie := got.headers.get("set-cookie")) is not None:
            self.cookie = set_cookie.partition(";")[0].partition("=")[2]
        return got

    async def post(self, path: str, fields: dict[str, str] | None = None, expect: int = 303, **headers: str) -> Response:
        return await self.answer("POST", path, expect, urlencode(fields or {}).encode(), **headers)

    async def send(self, seen: str, action: str, expect: int = 303, **fields: str) -> Response:
        """Send a form of a page that was seen, with its hidden fields."""
        forms = re.findall(r'<form method="post" action="([^"]*)".*?>(.*?)</form>', seen, re.DOTALL)
        inside = next(body for where, body in forms if where.endswith(action))
        hidden = {n: unescape(v) for n, v in re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', inside)}
        return await self.post(action, {**hidden, **fields}, expect)

    async def log_in(self) -> str:
        """By a link from the command; the page that it leads to."""
        path = await admin.run(self.world.kernel, "admin.login", {})
        got = await self.send(await self.get(path), "/admin/enter")
        return got.headers["location"]
