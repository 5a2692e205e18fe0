"""Into the administration by a passkey: who may, and what is no passkey of theirs."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

from app.kernel.clock import MINUTE
from app.kernel.parts import Kernel
from app.passkeys import service as passkeys
from tests.admin.browser import Browser
from tests.admin.test_routes import acts
from tests.inprocess import Person, World
from tests.passkeys.authenticator import PRESENT, Authenticator
from tests.passkeys.conftest import open_page

Offer = tuple[str, dict[str, Any]]


async def key_of(world: World, person: Person) -> Authenticator:
    return await (await open_page(world, person)).register()


async def offered(browser: Browser, email: str) -> Offer:
    """(id of the ceremony, options of the browser's request)."""
    got = await browser.send(await browser.get("/admin/passkey"), "/admin/passkey", expect=200, email=email)
    page = got.content.decode()
    (options,), (ceremony,) = re.findall(r'data-options="([^"]*)"', page), re.findall(r'name="ceremony" value="([^"]*)"', page)
    assert "script-src 'sha256-" in got.headers["content-security-policy"]
    return ceremony, json.loads(unescape(options))


async def finish(browser: Browser, ceremony: str, answer: Any, expect: int = 303) -> None:
    await browser.post("/admin/passkey/finish", {"ceremony": ceremony, "answer": json.dumps(answer)}, expect)


async def test_it_works(governed: World, admin: Person) -> None:
    key, browser = await key_of(governed, admin), Browser(governed)
    assert "/admin/passkey" in await browser.get("/admin", expect=401)
    ceremony, options = await offered(browser, "Admin-1@example.org")
    assert options["userVerification"] == "required"
    answer = key.get(options)
    await finish(browser, ceremony, answer)
    assert browser.cookie
    assert "Log out" in await browser.get("/admin")
    await browser.send(await browser.get("/admin/invites"), "/admin/invites", email="bob@example.org", how="invite")
    me = f"user {admin.user_id}"
    assert await acts(governed) == [(me, "page.enter", admin.user_id), (me, "invite", None)]
    other = Browser(governed)
    await finish(other, ceremony, answer, expect=401)
    assert other.cookie == "", "a challenge is answered once"


async def test_what_is_none(governed: World, admin: Person) -> None:
    key, browser = await key_of(governed, admin), Browser(governed)
    for wrong in ({"flags": PRESENT}, {"origin": "http://evil.test"}, {"rp_id": "evil.test"}, {"spoil": True}, {"challenge": "AAAA"}):
        ceremony, options = await offered(browser, admin.email)
        await finish(browser, ceremony, key.get(options, **wrong), expect=401)
        await finish(browser, ceremony, key.get(options), expect=401)  # the challenge is gone
    ceremony, options = await offered(browser, admin.email)
    for malformed in ({}, [], "x", {"id": 1}):
        await finish(browser, ceremony, malformed, expect=401)
    await finish(browser, "no id", key.get(options), expect=401)
    governed.clock.advance(2 * MINUTE)
    await finish(browser, ceremony, key.get(options), expect=401)
    assert browser.cookie == ""
    await browser.answer("POST", "/admin/passkey", 403, b"email=x", origin="http://evil.test")


async def test_who_is_no_administrator_gets_a_challenge_too(governed: World, admin: Person, bob: Person) -> None:
    key, browser = await key_of(governed, bob), Browser(governed)
    for email in (bob.email, admin.email, "nobody@example.org"):
        ceremony, options = await offered(browser, email)
        again = (await offered(browser, email))[1]
        assert again["allowCredentials"] == options["allowCredentials"], "not made up anew"
        assert key.credential_id not in [c["id"] for c in options["allowCredentials"]]
        await finish(browser, ceremony, key.get(options), expect=401)


async def test_it_ends_with_the_office(governed: World, admin: Person) -> None:
    key, browser = await key_of(governed, admin), Browser(governed)
    ceremony, options = await offered(browser, admin.email)
    late = await offered(browser, admin.email)
    await finish(browser, ceremony, key.get(options))
    await browser.get("/admin")
    _dismiss(governed.kernel)
    await browser.get("/admin", expect=401)
    await finish(Browser(governed), late[0], key.get(late[1]), expect=401)


def _dismiss(kernel: Kernel) -> None:
    admin = kernel.config.admin.model_copy(update={"users": ("somebody@example.org",)})
    object.__setattr__(kernel, "config", kernel.config.model_copy(update={"admin": admin}))


async def test_a_forgotten_passkey(governed: World, admin: Person) -> None:
    key, browser = await key_of(governed, admin), Browser(governed)
    ceremony, options = await offered(browser, admin.email)
    await governed.kernel.db.write("test.forget", passkeys.forget, admin.user_id)
    await finish(browser, ceremony, key.get(options), expect=401)


async def test_where_nobody_is_named_there_is_no_such_page(world: World, alice: Person) -> None:
    browser = Browser(world)
    assert "/admin/passkey" not in await browser.get("/admin", expect=401)
    await browser.get("/admin/passkey", expect=401)
    await browser.post("/admin/passkey", {"email": alice.email}, expect=401)
