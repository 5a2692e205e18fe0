"""The administration page: what it shows and does, and whom it refuses."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from app.admin import access, markup, service, views
from app.cli import admin
from app.kernel.clock import HOUR, MINUTE
from app.kernel.config import Config, Registration, Storage
from tests.admin.browser import FORM, Browser
from tests.inprocess import Person, World, open_world

PLACES = (
    "/admin",
    "/admin/accounts",
    "/admin/invites",
    "/admin/codes",
    "/admin/storage",
    "/admin/backups",
    "/admin/jobs",
    "/admin/audit",
    "/admin/report",
    "/admin/setup",
)


async def acts(world: World) -> list[str]:
    return [a.act for a in reversed(await service.acts(world.kernel)) if a.actor == "page"]


async def test_it_works(world: World, alice: Person) -> None:
    browser = Browser(world)
    assert await browser.log_in() == "/admin"
    for place in PLACES:
        assert "Log out" in await browser.get(place), place
    assert alice.email in await browser.get("/admin/accounts")
    here = f"/admin/accounts/{alice.user_id}"
    await browser.send(await browser.get(here), f"{here}/quota", size="5GiB")
    seen = await browser.get(f"{here}?said=quota")
    assert "The limit is set." in seen
    assert "0B of 5GiB" in seen
    await browser.send(seen, f"{here}/reset-second-factor", name=alice.email)
    await browser.send(seen, f"{here}/end-session")
    await alice.get("/users/details/v2", expect=401)
    await browser.send(seen, f"{here}/close", name=alice.email.upper())
    assert f"account {alice.user_id}" in await browser.get("/admin/accounts")
    await browser.send(await browser.get(here), f"{here}/restore", email=alice.email)
    assert alice.email in await browser.get("/admin/accounts")
    assert await acts(world) == ["page.enter", "account.quota", "second_factor.reset", "sessions.end", "account.close", "account.restore"]
    assert alice.email not in re.sub(r"<style>.*?</style>", "", await browser.get("/admin/audit"))
    await browser.send(seen, "/admin/leave")
    assert browser.cookie == ""
    await browser.get("/admin", expect=401)


async def test_codes_and_invitations(world: World) -> None:
    browser = Browser(world)
    assert await browser.log_in() == "/admin/setup", "an empty server is set up first"
    await browser.send(await browser.get("/admin/setup"), "/admin/setup", email="Alice@example.org")
    await world.anon().post("/users/ott", {"email": "alice@example.org", "purpose": "signup"})
    (code,) = await service.waiting_codes(world.kernel)
    seen = await browser.get("/admin/codes")
    assert code.code in seen
    assert "alice@example.org" in seen
    seen = await browser.get("/admin/invites")
    assert "<svg" in seen
    await browser.send(seen, "/admin/invites", how="invite", email="bob@example.org")
    seen = await browser.get("/admin/invites?said=invited")
    assert "bob@example.org" in seen
    assert b"has an account already" in (await browser.send(seen, "/admin/invites", 409, how="invite", email="alice@example.org")).content
    await browser.send(seen, "/admin/invites/withdraw")
    assert "bob@example.org" not in await browser.get("/admin/invites")


async def test_a_link_for_whoever_has_it(world: World, alice: Person) -> None:
    browser = Browser(world)
    await browser.log_in()
    seen = await browser.get("/admin/invites")
    made = (await browser.send(seen, "/admin/invites", 200, how="code", days="3", size="1GiB")).content.decode()
    link = re.search(r"http://darkroom\.test(/invite\?code=[0-9A-Z-]+)", made)
    assert link is not None
    assert "<svg" in made
    shown = await browser.get("/admin/invites")
    code = link[1].partition("=")[2]
    assert "link 1" in shown and code not in shown, "the code is shown once"
    for fields in ({"days": "0"}, {"days": "x"}, {"size": "much"}, {"days": "99999"}):
        await browser.send(seen, "/admin/invites", 400, how="code", **fields)
    await world.anon().call("POST", "/invite", content=f"code={code}&email=zoe@example.net".encode(), headers=FORM)
    shown = await browser.get("/admin/invites")
    assert "zoe@example.net" in shown
    await browser.send(shown, "/admin/invites/withdraw")
    await world.anon().call("POST", "/invite", content=f"code={code}&email=zoe@example.net".encode(), headers=FORM, expect=404)
    assert [act for act in await acts(world) if act.startswith("invite")] == ["invite.code", "invite.withdraw"]


async def test_a_link_opens_once_and_for_ten_minutes(world: World, alice: Person) -> None:
    browser = Browser(world)
    path = await admin.run(world.kernel, "admin.login", {})
    seen = await browser.get(path)
    assert await browser.get(path) == seen, "looking uses nothing up"
    await browser.send(seen, "/admin/enter")
    other = Browser(world)
    assert b"used already" in (await other.send(seen, "/admin/enter", 401)).content
    await other.get("/admin", expect=401)
    late = await admin.run(world.kernel, "admin.login", {})
    world.clock.advance(11 * MINUTE)
    await other.send(await other.get(late), "/admin/enter", 401)
    for wrong in ("", "x", "é"):
        await other.post("/admin/enter", {"link": wrong}, 401)


async def test_the_cookie_is_for_this_page_alone(world: World, alice: Person) -> None:
    browser = Browser(world)
    seen = await browser.get(await admin.run(world.kernel, "admin.login", {}))
    said = (await browser.send(seen, "/admin/enter")).headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/admin"} <= set(said.split("; "))
    assert "Secure" not in said, "this server's address is plain HTTP: the browser would drop it"
    rows = await world.kernel.db.read(lambda tx: tx.all("SELECT secret_hash FROM admin_entries"))
    assert browser.cookie not in str(rows), "only its hash is kept"


async def test_behind_https_the_cookie_is_secure(engine: str, tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path, public_url="https://photos.example.org/darkroom", storage=(Storage(kind="memory"),))
    async with open_world(engine, tmp_path, config=config) as world:
        browser = Browser(world)
        seen = await browser.get(await admin.run(world.kernel, "admin.login", {}))
        assert 'action="/darkroom/admin/enter"' in seen
        got = await browser.send(seen, "/admin/enter")
        assert {"Secure", "Path=/darkroom/admin"} <= set(got.headers["set-cookie"].split("; "))
        assert got.headers["location"] == "/darkroom/admin/setup"


async def test_sessions_end(world: World, alice: Person) -> None:
    browser = Browser(world)
    await browser.log_in()
    for _ in range(5):
        world.clock.advance(access.IDLE - MINUTE)
        await browser.get("/admin")
    world.clock.advance(access.IDLE + MINUTE)
    await browser.get("/admin", expect=401)
    await browser.log_in()
    for _ in range(12):
        world.clock.advance(HOUR)
        await browser.answer("GET", "/admin", 200 if _ < 11 else 401)


# --- attacks
async def test_no_session_no_page(world: World, alice: Person) -> None:
    anon = Browser(world)
    for place in (*PLACES, f"/admin/accounts/{alice.user_id}"):
        seen = await anon.get(place, expect=401)
        assert alice.email not in seen
        assert "darkroom admin login" in seen
    anon.cookie = alice.token or ""
    await anon.get("/admin", expect=401)
    await alice.get("/admin/accounts", expect=401)  # an ordinary person's token is no session here, nor is an administrator's
    for method in ("PUT", "DELETE", "PATCH"):
        await anon.answer(method, "/admin/accounts", 405)


async def test_a_forged_form_does_nothing(world: World, alice: Person) -> None:
    browser, other = Browser(world), Browser(world)
    await browser.log_in()
    await other.log_in()
    here = f"/admin/accounts/{alice.user_id}"
    token = re.search(r'name="csrf" value="([^"]*)"', await browser.get(here))
    theirs = re.search(r'name="csrf" value="([^"]*)"', await other.get(here))
    assert token
    assert theirs
    assert token[1] != theirs[1]
    fields = {"name": alice.email, "size": "1GiB", "email": "eve@example.org", "how": "account"}
    before = await acts(world)
    for path in (
        *(f"{here}/{act}" for act in ("quota", "close", "end-sessions", "reset-second-factor")),
        "/admin/invites",
        "/admin/setup",
        "/admin/leave",
    ):
        await browser.post(path, fields, 403)
        await browser.post(path, {**fields, "csrf": ""}, 403)
        await browser.post(path, {**fields, "csrf": theirs[1]}, 403)
        good = {**fields, "csrf": token[1]}
        await browser.post(path, good, 403, **{"sec-fetch-site": "cross-site"})
        await browser.post(path, good, 403, **{"sec-fetch-site": "same-site"})
        await browser.post(path, good, 403, origin="https://evil.example.org")
        stranger = Browser(world)
        await stranger.post(path, good, 401)
    assert await acts(world) == before
    await browser.post(f"{here}/quota", {**fields, "csrf": token[1]}, **{"sec-fetch-site": "same-origin", "origin": "null"})


async def test_a_session_that_was_planted_is_not_used(world: World, alice: Person) -> None:
    browser = Browser(world)
    browser.cookie = planted = world.kernel.ids.token()
    await browser.log_in()
    assert browser.cookie != planted
    thief = Browser(world)
    thief.cookie = planted
    await thief.get("/admin", expect=401)


async def test_who_left_is_out(world: World, alice: Person) -> None:
    browser = Browser(world)
    await browser.log_in()
    stolen = Browser(world)
    stolen.cookie = browser.cookie
    await browser.send(await browser.get("/admin"), "/admin/leave")
    await stolen.get("/admin", expect=401)


async def test_destructive_acts_ask_for_the_name(world: World, alice: Person) -> None:
    browser = Browser(world)
    await browser.log_in()
    here = f"/admin/accounts/{alice.user_id}"
    seen = await browser.get(here)
    for act in ("close", "reset-second-factor"):
        for name in ("", "bob@example.org"):
            refused = await browser.send(seen, f"{here}/{act}", 400, name=name)
            assert b"Nothing was done" in refused.content
    for wrong in ("much", "-1", "9" * 40, "1e9", ""):
        await browser.send(seen, f"{here}/quota", 400, size=wrong)
    await browser.post(f"{here}/explode", {}, 403)
    assert await acts(world) == ["page.enter"]
    await alice.get("/users/details/v2")


async def test_what_somebody_typed_is_text(world: World) -> None:
    person = await world.person("alice")
    await person.get("/users/details/v2", headers={"user-agent": "<script>alert(1)</script>"})
    await world.kernel.db.write("test.agent", lambda tx: tx.run("UPDATE sessions SET user_agent = '\"><script>alert(1)</script>'"))
    browser = Browser(world)
    await browser.log_in()
    seen = await browser.get(f"/admin/accounts/{person.user_id}?said=<script>")
    assert "<script" not in seen
    assert "&lt;script&gt;alert(1)" in seen
    assert markup.tag("a", "<b>", href='"><i>') == '<a href="&quot;&gt;&lt;i&gt;">&lt;b&gt;</a>'


async def test_the_report_names_nobody(world: World, alice: Person) -> None:
    browser = Browser(world)
    await browser.log_in()
    seen = await browser.get("/admin/report")
    for secret in (alice.email, alice.token or "-", str(alice.user_id), str(world.kernel.config.data_dir), "darkroom.test"):
        assert secret not in seen


# --- for everybody
class Reader(HTMLParser):
    """Notes what a page lacks for who does not see it, or has no mouse."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.problems: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag == "input" and found.get("type") != "hidden" and "label" not in self.open:
            self.problems.append(f"an input without a label: {found}")
        if tag in ("script", "img", "iframe") or any(name.startswith("on") or name == "style" for name in found):
            self.problems.append(f"<{tag} {found}>")
        if tag not in ("meta", "input", "br", "hr", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> closes something else")


@pytest.mark.parametrize("place", [*PLACES, "/admin/accounts/{}", "/admin/enter?link=x"])
async def test_everybody_can_use_it(world: World, alice: Person, place: str) -> None:
    browser = Browser(world)
    await browser.log_in()
    got = await browser.answer("GET", place.format(alice.user_id), 200)
    reader = Reader()
    reader.feed(got.content.decode())
    names = [tag for tag, _ in reader.tags]
    assert reader.problems == []
    assert reader.open == []
    assert (names.count("h1"), names.count("main"), names.count("title") - names.count("svg")) == (1, 1, 1), "a picture has a title of its own"
    assert dict(reader.tags)["html"]["lang"] == "en"
    assert any(attrs.get("class") == "skip" for tag, attrs in reader.tags if tag == "a")
    assert names.count("table") == names.count("caption")
    csp = got.headers["content-security-policy"]
    assert "script" not in csp
    assert "unsafe" not in csp
    assert csp.startswith("default-src 'none'")
    assert got.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("mode", ["first", "open", "invite", "closed"])
def test_invitations_under_every_mode(mode: str) -> None:
    seen = views.invites(views.Frame("/admin/invites", "token"), [], "http://darkroom.test", mode, "")
    assert ("Anybody may open the first account; after it only who is invited." in seen) == (mode == "first")


async def test_invitations_before_there_is_an_account(engine: str, tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path, storage=(Storage(kind="memory"),), registration=Registration(mode="first"))
    async with open_world(engine, tmp_path, config=config) as w:
        browser = Browser(w)
        await browser.log_in()
        assert "Anybody may open the first account" in await browser.get("/admin/invites")
