"""Every kind of secret that some step of an account hands out, shown at every other door: none opens anything but its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import quote

from app.closing import restoring
from tests.closing.test_closing import challenge as deletion
from tests.families.scenes import token_of
from tests.inprocess import Person, Response, World
from tests.legacy.scenes import make_kit, start, trust
from tests.newcomer import Login, Newcomer
from tests.passkeys import conftest as passkeys
from tests.second_factor import phone as totp

Door = Callable[[str], Awaitable[Response]]


async def handed_out(world: World, dora: Newcomer, alice: Person, bob: Person) -> tuple[dict[str, str], totp.Phone]:
    """One secret of each kind, unused, by the name of the door it is for."""
    found: dict[str, str] = {}
    found["restore"] = restoring.token(world.kernel, alice.user_id, alice.email)
    found["delete"] = await deletion(dora)
    found["accounts"] = (await dora.api.get("/users/accounts-token")).json()["accountsToken"]
    found["families"] = (await alice.get("/users/families-token")).json()["familiesToken"]
    found["payment"] = (await dora.api.get("/users/payment-token")).json()["paymentToken"]
    await alice.post("/family/create")
    await alice.post("/family/add-member", {"email": bob.email})
    found["invitation"] = await token_of(world, alice, bob)
    kit = await make_kit(alice)
    opened = await kit.open(world.anon())
    found["kit session"], found["kit token"] = opened["session"]["id"], opened["sessionToken"]
    await trust(alice, bob)
    found["recovery"] = (await start(alice, bob))["id"]
    found["setup"] = (await dora.setup_again())[1].json()["setupID"]
    login = Login(dora)
    await login.start()
    found["srp"] = login.session
    phone = await totp.enable(world, dora.api)
    page = await passkeys.open_page(world, dora.api)
    await page.register()
    owed = (await Login(dora)()).json()
    found["passkey"], found["code"] = owed["passkeySessionID"], owed["twoFactorSessionIDV2"]
    found["ceremony"] = (await passkeys.challenge(world, found["passkey"]))[1]
    return found, phone


def doors(world: World, dora: Newcomer, phone: totp.Phone, found: dict[str, str], mallory: Person) -> dict[str, tuple[Door, set[str]]]:
    """Each with the kinds it is for."""
    anon = world.anon

    async def as_session(text: str) -> Response:
        return await anon().get("/users/details/v2", token=text, expect=None)

    async def as_page(text: str) -> Response:
        return await anon(passkeys.ACCOUNTS).get("/passkeys", token=text, expect=None)

    async def as_family_page(text: str) -> Response:
        return await anon().get("/family/members", token=text, expect=None)

    async def code(text: str) -> Response:
        return await totp.verify(world, text, phone.code())

    async def recover(text: str) -> Response:
        return await anon().get(f"/users/two-factor/recover?sessionID={quote(text, safe='')}&twoFactorType=totp", expect=None)

    async def remove(text: str) -> Response:
        return await anon().post("/users/two-factor/remove", {"sessionID": text, "secret": "x", "twoFactorType": "totp"}, expect=None)

    async def passkey(text: str) -> Response:
        return await passkeys.begin(world, text)

    async def poll(text: str) -> Response:
        return await anon().get(f"/users/two-factor/passkeys/get-token?sessionID={quote(text, safe='')}", expect=None)

    async def password(text: str) -> Response:
        body = {"sessionID": text, "srpUserID": dora.srp_user_id, "srpM1": "bm9uc2Vuc2U="}
        return await anon().post("/users/srp/verify-session", body, expect=None)

    async def kit(text: str) -> Response:
        return await anon().post("/legacy-kits/recovery/info", {"sessionID": found["kit session"], "sessionToken": text}, expect=None)

    async def kit_session(text: str) -> Response:
        return await anon().post("/legacy-kits/recovery/info", {"sessionID": text, "sessionToken": found["kit token"]}, expect=None)

    async def recovery(text: str) -> Response:
        return await mallory.get(f"/emergency-contacts/recovery-info/{quote(text, safe='')}", expect=None)

    async def restore(text: str) -> Response:
        return await anon().post("/users/recover-account/validate", {"token": text}, expect=None)

    async def invitation(text: str) -> Response:
        return await anon().post("/family/accept-invite", {"token": text}, expect=None)

    async def delete(text: str) -> Response:
        return await dora.api.delete("/users/delete", {"challenge": text}, expect=None)

    return {
        "session": (as_session, set()), "accounts": (as_page, {"accounts"}), "families": (as_family_page, {"families"}), "code": (code, {"code"}),
        "recover": (recover, set()), "remove": (remove, set()), "passkey": (passkey, {"passkey"}), "poll": (poll, set()),
        "password": (password, set()), "kit": (kit, {"kit token"}), "kit session": (kit_session, {"kit session"}), "recovery": (recovery, set()),
        "restore": (restore, {"restore"}), "invitation": (invitation, {"invitation"}), "delete": (delete, {"delete"}),
    }  # fmt: skip


async def test_none_opens_anything_but_its_own(world: World, dora: Newcomer, alice: Person, bob: Person, carol: Person) -> None:
    found, phone = await handed_out(world, dora, alice, bob)
    opened = set()
    for name, (door, own) in doors(world, dora, phone, found, carol).items():
        for kind, text in sorted(found.items(), key=lambda item: item[0] in own):  # the right one at last: it may be good once
            r = await door(text)
            assert r.status < 500, (name, kind, r.content)
            assert (r.status < 300) == (kind in own), (name, kind, r.status, r.content)
            if r.status < 300:
                opened.add(kind)
    assert opened == {"accounts", "families", "code", "passkey", "kit token", "kit session", "restore", "invitation", "delete"}
    assert (await Login(dora)()).status == 401, "the account is deleted, by its own challenge"
