"""Every address that this server hands out to be opened by people opens something that says what to do, also without Ente's web apps."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from app.admin import access
from app.cli import admin
from app.closing import restoring
from app.db import Tx
from app.families import invitations, queries
from app.kernel.config import Apps, Config, Storage
from tests.closing.test_closing import challenge
from tests.collections.scenes import album
from tests.families.scenes import token_of
from tests.file_links.test_file_links import link as file_link
from tests.file_links.test_file_links import photo
from tests.inprocess import LOCKER, Person, Response, World, open_world
from tests.legacy.scenes import make_kit
from tests.memories.test_memories import memory
from tests.newcomer import Newcomer, details_of
from tests.visits.scenes import link

OWN = "http://darkroom.test"
Minted = Callable[[World, Person], Awaitable[str]]


async def album_link(world: World, who: Person) -> str:
    return str((await link(who, await album(who)))["url"])


async def locker_link(world: World, who: Person) -> str:
    who = await world.in_app(who, LOCKER)
    return str((await link(who, await album(who)))["url"])


async def one_photo(world: World, who: Person) -> str:
    return str((await file_link(who, (await photo(world, who))[1]))["url"])


async def one_document(world: World, who: Person) -> str:
    who = await world.in_app(who, LOCKER)
    return str((await file_link(who, (await photo(world, who))[1], app="locker"))["url"])


async def shared_memory(world: World, who: Person) -> str:
    return str((await memory(who, (await photo(world, who))[1]))["url"])


async def passkeys(world: World, who: Person) -> str:
    found = (await who.get("/users/accounts-token")).json()
    return f"{found['accountsUrl']}/passkeys?token={found['accountsToken']}"


async def passkey_login(world: World, who: Person) -> str:
    """Where an app sends a browser with its session."""
    base = (await who.get("/users/accounts-token")).json()["accountsUrl"]
    return f"{base}/passkeys/verify?passkeySessionID=x&redirect=ente%3A%2F%2Fpasskey"


async def family_page(world: World, who: Person) -> str:
    found = (await who.get("/users/families-token")).json()
    return f"{found['familyUrl']}?token={found['familiesToken']}&isFamilyCreated=false"


async def cast_page(world: World, who: Person) -> str:
    return str((await who.get("/remote-store/feature-flags")).json()["castUrl"])


async def embed_page(world: World, who: Person) -> str:
    return str((await who.get("/remote-store/feature-flags")).json()["embedUrl"]) + "/?t=" + "A" * 16


async def kit_page(world: World, who: Person) -> str:
    await make_kit(who)
    return str((await who.get("/legacy-kits")).json()["kits"][0]["legacyUrl"])


async def family_invitation(world: World, who: Person) -> str:
    guest = await world.person("guest")
    await who.post("/family/create")
    await who.post("/family/add-member", {"email": guest.email})

    def look(tx: Tx) -> str:
        row = queries.of_pair(tx, who.user_id, guest.user_id)
        assert row is not None
        return invitations.link(world.kernel, row)

    return await world.kernel.db.read(look)


async def deleted_account(world: World, who: Person) -> str:
    return restoring.mailed(world.kernel, who.user_id, who.email)


async def restore_link(world: World, who: Person) -> str:
    return OWN + restoring.link(world.kernel, who.user_id, who.email)


async def sign_up_invitation(world: World, who: Person) -> str:
    return OWN + str(await admin.run(world.kernel, "invite", {}))


async def administration(world: World, who: Person) -> str:
    return OWN + await access.open_link(world.kernel, "the test")


MINTED: dict[Minted, bytes] = {
    album_link: b"Somebody has sent you a link",
    locker_link: b"Somebody has sent you a link",
    one_photo: b"Somebody has sent you a link",
    one_document: b"Somebody has sent you a link",
    shared_memory: b"Somebody has sent you a link",
    passkeys: b"With your recovery key it opens without the passkey",
    passkey_login: b"With your recovery key it opens without the passkey",
    family_page: b"Families are in the app",
    cast_page: b"open this address on the TV then",
    embed_page: b"cannot be shown inside another page",
    kit_page: b"recovery kit",
    family_invitation: b"Join the family",
    deleted_account: b"The account is back",
    restore_link: b"The account is back",
    sign_up_invitation: b"You are invited",
    administration: b"<form",
}
"""And what whoever opens it reads there."""
SOURCES = {
    "closing/restoring.py", "collections/link_views.py", "families/invitations.py", "file_links/service.py", "legacy/kits.py", "login/service.py",
    "login/tokens.py", "memories/service.py", "passkeys/service.py", "remote_store/service.py",
}  # fmt: skip
"""Where addresses are made that clients or mails are given; each is above."""
NO_LINKS = {
    "kernel/config.py",
    "web/links.py",
    "web/service.py",
    "web/pages.py",
    "cli/web_command.py",
    "paste/service.py",
    "visits/guards.py",
    "cli/doctor_stores.py",
}


def test_no_place_makes_links_that_is_not_tried_here() -> None:
    app = Path(__file__).parents[2] / "app"
    using = {
        str(path.relative_to(app)) for path in app.rglob("*.py") if re.search(r"\b(app_page|app_url|app_address|own_address)\b", path.read_text())
    }
    assert using - NO_LINKS == SOURCES


@pytest.mark.parametrize("mint", MINTED, ids=lambda mint: mint.__name__)
async def test_it_opens_a_page_that_says_what_to_do(world: World, alice: Person, mint: Minted) -> None:
    made = await mint(world, alice)
    assert made.startswith(OWN)
    r = await world.anon().get(made.removeprefix(OWN).partition("#")[0])
    assert r.headers["content-type"] == "text/html; charset=utf-8"
    assert MINTED[mint] in r.content
    assert b"Darkroom is running" not in r.content
    assert b"<script" not in r.content
    assert r.headers["content-security-policy"].startswith("default-src 'none'")
    assert "access-control-allow-origin" not in r.headers or mint in (deleted_account, restore_link)  # answered by routes


async def test_where_an_app_is_the_pages_lead_to_it(engine: str, tmp_path: Path) -> None:
    """Kits on paper, and apps that were not started since."""
    apps = Apps(legacy="https://legacy.example.org", accounts="https://accounts.example.org")
    config = Config(data_dir=tmp_path, public_url="https://photos.example.org", apps=apps, storage=(Storage(kind="memory"),))
    async with open_world(engine, tmp_path, config=config) as w:
        for path, place in (
            ("/apps/legacy", "https://legacy.example.org"),
            ("/apps/accounts/passkeys/verify?a=b&c=%0d%0a", "https://accounts.example.org/passkeys/verify?a=b&c=%0d%0a"),
        ):
            assert (await w.anon().get(path, expect=302)).headers["location"] == place
        alice = await w.person("alice")
        assert (await passkeys(w, alice)).startswith("https://accounts.example.org/passkeys?")
        assert (await family_invitation(w, alice)).startswith("https://accounts.example.org/family#inviteToken=")
        assert (await deleted_account(w, alice)).startswith("https://accounts.example.org/recover-account#recoveryToken=")


@pytest.mark.parametrize("path", ["/apps", "/apps/", "/apps/nothing", "/apps/photos", "/apps/<script>", "/family/x", "/recover-account/x"])
async def test_other_addresses_are_nothing(world: World, path: str) -> None:
    await world.anon().get(path, expect=404)


async def test_only_the_embed_page_is_shown_in_frames(world: World) -> None:
    for app, framed in (("embed", True), ("cast", False)):
        policy = (await world.anon().get(f"/apps/{app}/")).headers["content-security-policy"]
        assert ("frame-ancestors *" in policy, "frame-ancestors 'none'" in policy) == (framed, not framed)


# --- an invitation to a family, without an app
async def form(world: World, body: str, expect: int = 200) -> Response:
    return await world.anon().call("POST", "/family", content=body.encode(), expect=expect)


async def test_an_invitation_is_accepted_on_the_page(world: World, alice: Person, bob: Person) -> None:
    await alice.post("/family/create")
    await alice.post("/family/add-member", {"email": bob.email})
    token = await token_of(world, alice, bob)
    whole = f"https://accounts.example.org/family#inviteToken={quote(token, safe='')}"  # of a mail from when there was an app
    for given in (token, whole):
        page = (await world.anon().get(f"/family?inviteToken={quote(given, safe='')}")).content
        assert alice.email.encode() in page
        assert token.encode() in page
    assert len((await alice.get("/family/members")).json()["members"]) == 2
    assert {m["status"] for m in (await alice.get("/family/members")).json()["members"]} == {"SELF", "INVITED"}
    for _ in range(2):  # pressed twice
        assert b"You are in" in (await form(world, f"token={quote(token, safe='')}")).content
    assert {m["status"] for m in (await alice.get("/family/members")).json()["members"]} == {"SELF", "ACCEPTED"}
    page = (await world.anon().get(f"/family?inviteToken={quote(token, safe='')}", expect=400)).content
    assert b"not open" in page
    assert alice.email.encode() not in page


async def test_invitations_that_are_none(world: World, alice: Person, bob: Person) -> None:
    assert b"Paste the whole link" in (await world.anon().get("/family")).content
    for text in ("x", "%3Cscript%3E", "A" * 300, "%ff"):
        page = await world.anon().get(f"/family?inviteToken={text}", expect=404)
        assert b"<script" not in page.content
        await form(world, f"token={text}", expect=404)
    await form(world, "", expect=404)
    await alice.post("/family/create")
    await alice.post("/family/add-member", {"email": bob.email})
    await bob.post("/family/create")
    assert b"not open" in (await form(world, f"token={quote(await token_of(world, alice, bob), safe='')}", expect=401)).content


async def test_guessing_is_bounded(world: World) -> None:
    guesser = world.anon()
    for _ in range(10):
        await guesser.get("/family?inviteToken=x", expect=404)
    assert b"Wait a minute" in (await guesser.get("/family?inviteToken=x", expect=429)).content


# --- a deleted account, by a mail that was meant for the accounts app
async def test_a_pasted_link_brings_an_account_back(world: World, dora: Newcomer) -> None:
    assert b"Paste the whole link" in (await world.anon().get("/recover-account")).content
    assert await admin.run(world.kernel, "users", {})
    token = restoring.token(world.kernel, dora.user_id, dora.email)
    email = (await details_of(dora.api))["email"]

    await dora.api.delete("/users/delete", {"challenge": await challenge(dora)})
    pasted = quote(f"https://accounts.example.org/recover-account#recoveryToken={quote(token, safe='')}", safe="")
    page = (await world.anon().get(f"/users/recover-account?token={pasted}")).content.decode()
    action = re.search(r'action="([^"]+)"', page)
    assert action is not None
    done = await world.anon().call("POST", f"/users/{action[1]}")
    assert b"is back" in done.content
    assert (await details_of(await dora.second_device()))["email"] == email
