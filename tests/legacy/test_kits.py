"""Recovery kits: the owner's side and the finder's (misc.md §7)."""

from __future__ import annotations

import asyncio
import base64
import uuid
from typing import Any

import pytest

from app.closing.deletion import close
from app.kernel.clock import DAY, HOUR, MINUTE
from app.kernel.crypto import b64
from app.legacy import kit_recovery
from tests.inprocess import Person, World
from tests.legacy.scenes import Json, Kit, by_kit, make_kit, proof

LEGACY = "http://darkroom.test/apps/legacy"


async def kits(owner: Person) -> list[Json]:
    found: list[Json] = (await owner.get("/legacy-kits")).json()["kits"]
    return found


# --- the owner
async def test_it_works(world: World, alice: Person) -> None:
    assert await kits(alice) == []
    kit = Kit()
    made = (await alice.post("/legacy-kits", kit.body(24))).json()
    now = world.clock.now()
    assert made == {
        "id": kit.id, "variant": 1, "noticePeriodInHours": 24, "legacyUrl": LEGACY, "encryptedOwnerBlob": "b3duZXI=",
        "createdAt": now, "updatedAt": now,
    }  # fmt: skip
    assert await kits(alice) == [made]
    for path in ("download", "download-content"):
        found = (await alice.get(f"/legacy-kits/{kit.id}/{path}")).json()
        assert found == {"id": kit.id, "variant": 1, "encryptedOwnerBlob": "b3duZXI="}
    assert (await alice.get(f"/legacy-kits/{kit.id}/recovery-session")).json() == {"session": None, "initiators": []}
    assert (await alice.post("/legacy-kits/update-recovery-notice", {"kitID": kit.id, "noticePeriodInHours": 0})).content == b""
    assert (await kits(alice))[0]["noticePeriodInHours"] == 0
    newer = (await alice.post("/legacy-kits", Kit().body())).json()
    assert [k["id"] for k in await kits(alice)] in ([newer["id"], kit.id], [kit.id, newer["id"]])
    assert (await alice.delete(f"/legacy-kits/{kit.id}")).content == b""
    assert await kits(alice) == [newer]
    await alice.delete(f"/legacy-kits/{kit.id}", expect=404)


async def test_kits_of_others_do_not_exist(alice: Person, bob: Person) -> None:
    kit = await make_kit(alice)
    for r in (
        await bob.get(f"/legacy-kits/{kit.id}/download", expect=404),
        await bob.get(f"/legacy-kits/{kit.id}/download-content", expect=404),
        await bob.get(f"/legacy-kits/{kit.id}/recovery-session", expect=404),
        await bob.post("/legacy-kits/update-recovery-notice", {"kitID": kit.id, "noticePeriodInHours": 24}, expect=404),
        await bob.post("/legacy-kits/block-recovery", {"kitID": kit.id}, expect=404),
        await bob.delete(f"/legacy-kits/{kit.id}", expect=404),
    ):
        assert r.json() == {}
    assert await kits(bob) == []
    assert (await bob.post("/legacy-kits", {**Kit().body(), "id": kit.id}, expect=409)).json()["code"] == "CONFLICT"


async def test_the_same_kit_again_is_a_lost_answer(alice: Person) -> None:
    kit = Kit()
    assert (await alice.post("/legacy-kits", kit.body())).json() == (await alice.post("/legacy-kits", kit.body())).json()
    await alice.post("/legacy-kits", kit.body(encryptedOwnerBlob="b3RoZXI="), expect=409)
    await alice.delete(f"/legacy-kits/{kit.id}")
    await alice.post("/legacy-kits", kit.body(), expect=409)


async def test_what_is_no_kit(alice: Person) -> None:
    for change in ({"variant": 2}, {"noticePeriodInHours": 5}, {"authPublicKey": b64(bytes(31))}, {"authPublicKey": b64(bytes(32))},
                   {"authPublicKey": "x"}, {"id": "nonsense"}, {"encryptedOwnerBlob": "no base64"}):  # fmt: skip
        assert (await alice.post("/legacy-kits", Kit().body(**change), expect=400)).json()["code"] == "BAD_REQUEST"
    body = Kit().body()
    for missing in body:
        assert (await alice.post("/legacy-kits", {k: v for k, v in body.items() if k != missing}, expect=400)).json() == {}
    for path in ("/legacy-kits/nonsense/download", "/legacy-kits/nonsense/recovery-session"):
        await alice.get(path, expect=400)
    assert (await alice.post("/legacy-kits/update-recovery-notice", {"kitID": body["id"]}, expect=400)).json() == {}
    assert await kits(alice) == []


async def test_five_are_enough(alice: Person) -> None:
    made = [await make_kit(alice) for _ in range(5)]
    assert (await alice.post("/legacy-kits", Kit().body(), expect=400)).json()["message"] == "legacy kit limit reached"
    await alice.delete(f"/legacy-kits/{made[0].id}")
    await make_kit(alice)


# --- the finder
async def test_a_kit_without_a_notice_opens_at_once(world: World, alice: Person) -> None:
    kit, finder = await make_kit(alice), world.anon()
    opened = await kit.open(finder, usedPartIndexes=[1, 3], email=None)
    session = {"id": opened["session"]["id"], "kitID": kit.id, "status": "READY", "waitTill": 0, "createdAt": world.clock.now()}
    assert opened == {"session": session, "sessionToken": opened["sessionToken"]}
    assert len(opened["sessionToken"]) == 43
    assert (await finder.post("/legacy-kits/recovery/session", proof(opened))).json() == session
    found = (await finder.post("/legacy-kits/recovery/info", proof(opened))).json()
    assert set(found) == {"encryptedRecoveryBlob", "userKeyAttr"}
    assert found["encryptedRecoveryBlob"] == "cmVjb3Zlcnk="
    seen = (await alice.get(f"/legacy-kits/{kit.id}/recovery-session")).json()
    assert seen == {"session": session, "initiators": [{"usedPartIndexes": [1, 3], "ip": finder.ip, "userAgent": ""}]}
    assert (await kits(alice))[0]["activeRecoverySession"] == session
    change = by_kit(finder, opened)
    await change()
    assert await change.logs_in(world)
    await alice.get("/legacy-kits", expect=401)  # every session has ended
    assert (await finder.post("/legacy-kits/recovery/session", proof(opened))).json()["status"] == "RECOVERED"
    assert (await finder.post("/legacy-kits/recovery/info", proof(opened), expect=400)).json()["code"] == "BAD_REQUEST"
    assert (await by_kit(finder, opened).begin()).status == 400


async def test_sessions_stay_when_told_so(world: World, alice: Person) -> None:
    kit, finder = await make_kit(alice), world.anon()
    await by_kit(finder, await kit.open(finder))(logOutOtherDevices=False)
    await alice.get("/legacy-kits")


async def test_a_kit_with_a_notice_waits_and_can_be_blocked(world: World, alice: Person) -> None:
    kit, finder = await make_kit(alice, 24), world.anon()
    first, second = await kit.open(finder), await kit.open(world.anon())
    assert first["session"] == second["session"] == {**first["session"], "status": "WAITING", "waitTill": DAY}
    assert first["sessionToken"] != second["sessionToken"]
    for opened in (first, second):
        assert (await finder.post("/legacy-kits/recovery/info", proof(opened), expect=400)).json()["code"] == "BAD_REQUEST"
        assert (await by_kit(finder, opened).begin()).status == 400
    body = {"kitID": kit.id, "noticePeriodInHours": 0}
    assert "active recovery session" in (await alice.post("/legacy-kits/update-recovery-notice", body, expect=400)).json()["message"]
    seen = (await alice.get(f"/legacy-kits/{kit.id}/recovery-session")).json()
    assert [set(i) for i in seen["initiators"]] == [{"ip", "userAgent"}] * 2
    assert (await alice.post("/legacy-kits/block-recovery", {"kitID": kit.id})).content == b""
    world.clock.advance(2 * DAY)
    assert (await finder.post("/legacy-kits/recovery/session", proof(first))).json()["status"] == "BLOCKED"
    await finder.post("/legacy-kits/recovery/info", proof(first), expect=400)
    assert (await alice.post("/legacy-kits/block-recovery", {"kitID": kit.id}, expect=404)).json() == {}
    again = await kit.open(finder)  # the kit stays usable
    assert again["session"]["id"] != first["session"]["id"]
    world.clock.advance(DAY)
    assert (await finder.post("/legacy-kits/recovery/session", proof(again))).json()["status"] == "READY"
    await finder.post("/legacy-kits/recovery/info", proof(again))


async def test_a_challenge_is_the_kits_own_and_good_once_and_for_an_hour(world: World, alice: Person) -> None:
    kit, other, finder = await make_kit(alice, 24), await make_kit(alice), world.anon()

    async def refused(challenge: str, target: Kit = kit) -> None:
        r = await finder.post("/legacy-kits/recovery/open", {"kitID": target.id, "challenge": challenge}, expect=400)
        assert r.json() == {"code": "BAD_REQUEST", "message": "legacy kit challenge is invalid or expired"}

    good, late = await kit.challenge(finder), await kit.challenge(finder)
    purpose, name, secret, nothing = good.split("\n")
    assert (purpose, name, len(base64.b64decode(secret)), nothing) == ("legacy-kit-open:v1", kit.id, 32, "")
    raw = bytearray(base64.b64decode(secret))
    raw[5] ^= 1
    for wrong in ("nonsense", secret, good + "\n", good.strip(), f"{purpose}\n{kit.id}\n{b64(bytes(raw))}\n",
                  f"{purpose}\n{kit.id}\n{b64(bytes(32))}\n", f"{purpose}\n{other.id}\n{secret}\n", "é" * 40):  # fmt: skip
        world.clock.advance(MINUTE)
        await refused(wrong)
    world.clock.advance(MINUTE)
    await refused(good, other)
    await refused(good.replace(kit.id, other.id), other)
    await finder.post("/legacy-kits/recovery/open", {"kitID": kit.id, "challenge": good})
    await refused(good)
    world.clock.advance(HOUR)
    await refused(late)


async def test_one_challenge_at_once_opens_once(world: World, alice: Person) -> None:
    kit, finder = await make_kit(alice), world.anon()
    body = {"kitID": kit.id, "challenge": await kit.challenge(finder)}
    answers = await asyncio.gather(*(finder.post("/legacy-kits/recovery/open", body, expect=None) for _ in range(4)))
    assert sorted(r.status for r in answers) == [200, 400, 400, 400]


async def test_refusals_of_the_finder(world: World, alice: Person) -> None:
    kit, finder = await make_kit(alice), world.anon()
    for gone in (str(uuid.uuid4()), "nonsense"):
        await finder.post("/legacy-kits/recovery/challenge", {"kitID": gone}, expect=(400, 404))
    assert (await finder.post("/legacy-kits/recovery/challenge", {}, expect=400)).json() == {}
    for parts in ([1], [1, 1], [1, 4], [0, 1], [1, 2, 3]):
        body = {"kitID": kit.id, "challenge": await kit.challenge(finder), "usedPartIndexes": parts}
        assert (await finder.post("/legacy-kits/recovery/open", body, expect=400)).json()["code"] == "BAD_REQUEST"
    world.clock.advance(MINUTE)
    opened = await kit.open(finder)
    other = await (await make_kit(alice)).open(finder)
    for wrong in ({"sessionToken": "nope"}, {"sessionToken": other["sessionToken"]}, {"sessionID": str(uuid.uuid4())}):
        for path in ("session", "info"):
            assert (await finder.post(f"/legacy-kits/recovery/{path}", {**proof(opened), **wrong}, expect=404)).json() == {}
    change = by_kit(finder, {**opened, "sessionToken": "nope"})
    assert (await change.begin()).status == 404


async def test_a_deleted_kit_opens_nothing(world: World, alice: Person) -> None:
    kit, finder = await make_kit(alice), world.anon()
    opened, challenge = await kit.open(finder), await kit.challenge(finder)
    change = by_kit(finder, opened)
    await change.begin()
    await alice.delete(f"/legacy-kits/{kit.id}")
    assert (await finder.post("/legacy-kits/recovery/session", proof(opened))).json()["status"] == "BLOCKED"
    await finder.post("/legacy-kits/recovery/info", proof(opened), expect=(400, 404))
    await finder.post("/legacy-kits/recovery/challenge", {"kitID": kit.id}, expect=404)
    await finder.post("/legacy-kits/recovery/open", {"kitID": kit.id, "challenge": challenge}, expect=404)
    assert (await change.finish()).status in (400, 404)
    rows = await world.kernel.db.read(lambda tx: tx.all("SELECT recovery_blob, owner_blob FROM legacy_kits"))
    assert rows == [(None, None)]


async def test_kits_of_a_deleted_account_open_nothing(world: World, alice: Person) -> None:
    kit, finder = await make_kit(alice), world.anon()
    opened = await kit.open(finder)
    await world.kernel.db.write("test.close", close, world.kernel, alice.user_id, "{}", world.clock.now())
    await finder.post("/legacy-kits/recovery/challenge", {"kitID": kit.id}, expect=404)
    await finder.post("/legacy-kits/recovery/info", proof(opened), expect=400)


async def test_asking_for_challenges_fills_nothing(world: World, alice: Person) -> None:
    kit = await make_kit(alice)
    first = await kit.challenge(world.anon())
    for _ in range(30):
        await kit.challenge(world.anon())
    await world.anon().post("/legacy-kits/recovery/open", {"kitID": kit.id, "challenge": first})  # and pushes out nobody's
    assert await world.kernel.db.read(lambda tx: tx.value("SELECT count(*) FROM legacy_kit_openings")) == 1


async def test_a_kit_opens_only_so_often(world: World, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kit_recovery, "OPENINGS", 2)
    kit, finder = await make_kit(alice), world.anon()
    for _ in range(2):
        await kit.open(finder)
    body: Any = {"kitID": kit.id, "challenge": await kit.challenge(finder)}
    assert (await finder.post("/legacy-kits/recovery/open", body, expect=429)).json() == {}
    world.clock.advance(2 * HOUR)
    await kit.open(finder)


async def test_tokens_are_not_kept(world: World, alice: Person) -> None:
    opened = await (await make_kit(alice)).open(world.anon())
    rows = await world.kernel.db.read(lambda tx: tx.all("SELECT * FROM legacy_kit_openings"))
    assert opened["sessionToken"] not in str(rows)
