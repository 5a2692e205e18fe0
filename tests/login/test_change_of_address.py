"""A new address, and what happens at the same moment (accounts.md §5.13)."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.inprocess import World
from tests.newcomer import Login, Meet, Newcomer, code_for, details_of, wrong


async def move(who: Newcomer, email: str, **kw: Any) -> Any:
    await who.anon().post("/users/ott", {"email": email, "purpose": "change"})
    return await who.api.post("/users/change-email", {"email": email, "ott": await code_for(who.world, email.strip().lower())}, **kw)


async def test_change_of_address(world: World, dora: Newcomer) -> None:
    old, new = dora.email, "dora.new@example.net"
    assert (await move(dora, f" {new.upper()} ")).content == b""
    assert (await details_of(dora.api))["email"] == new
    await world.anon().get(f"/users/srp/attributes?email={old}", expect=404)
    assert (await world.anon().get(f"/users/srp/attributes?email={new}")).json()["attributes"]["srpUserID"] == dora.srp_user_id
    assert (await Login(dora)()).json()["id"] == dora.user_id
    await world.anon().post("/users/ott", {"email": old, "purpose": "signup"})  # the old one is free


async def test_refused_changes_of_address(world: World, meet: Meet, dora: Newcomer) -> None:
    emil = await meet("emil").sign_up()
    body = {"email": "new@example.net", "ott": "123456"}
    assert (await dora.api.post("/users/change-email", body, expect=410)).json() == {}
    await world.anon().post("/users/ott", {"email": "new@example.net", "purpose": "change"})
    code = await code_for(world, "new@example.net")
    assert (await dora.api.post("/users/change-email", {**body, "ott": wrong(code)}, expect=401)).json() == {}
    await world.anon().post("/users/ott", {"email": emil.email})
    taken = {"email": emil.email, "ott": await code_for(world, emil.email)}
    assert (await dora.api.post("/users/change-email", taken, expect=403)).json() == {}
    assert (await details_of(dora.api))["email"] == dora.email
    assert (await details_of(emil.api))["email"] == emil.email


async def test_one_address_goes_to_one_of_many(world: World, meet: Meet) -> None:
    people = [await meet(f"p{n}").sign_up() for n in range(3)]
    wanted, codes = "wanted@example.net", []
    for purpose in ("change", "change", "change", "signup"):
        await world.anon().post("/users/ott", {"email": wanted, "purpose": purpose})
        codes.append(await code_for(world, wanted))
        world.clock.advance(1)
    moves = [p.api.post("/users/change-email", {"email": wanted, "ott": c}, expect=None) for p, c in zip(people, codes[:3], strict=True)]
    sign_up = world.anon().post("/users/verify-email", {"email": wanted, "ott": codes[3]}, expect=None)
    *moved, came = [r.status for r in await asyncio.gather(*moves, sign_up)]
    assert came == 200  # as a new account, or into that of whoever was first
    assert sorted(moved) in ([200, 403, 403], [403, 403, 403])
    owners = await world.kernel.db.scan(lambda tx: tx.value("SELECT count(*) FROM users WHERE email_hash = :h", h=world.kernel.crypto.hash(wanted)))
    assert owners == 1


async def test_no_log_in_slips_past_a_password_change(dora: Newcomer) -> None:
    logins = [Login(dora) for _ in range(4)]
    for login in logins:
        await login.start()
    changed, *answers = await asyncio.gather(dora.change_password(b"another password"), *(login.finish() for login in logins))
    assert changed.status == 200
    assert {a.status for a in answers} <= {200, 401}
    left = (await dora.api.get("/users/sessions")).json()["sessions"]
    assert [s["token"] for s in left] == [dora.api.token]
