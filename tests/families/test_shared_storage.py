"""What a family stores counts together, against its admin's plan and each member's part of it (files.md §11)."""

from __future__ import annotations

import asyncio

from app.kernel import quota
from tests.families.scenes import join, place, set_quota
from tests.files import photos
from tests.inprocess import LOCKER, Person, World

SIZE = 1100  # bytes of one photo of `photos`
SLACK = 50 << 20


async def charge(world: World, who: Person, size: int, app: str = "photos", files: int = 1) -> None:
    await world.kernel.db.write("test.charge", quota.charge, who.user_id, app, size, files)


async def test_everybody_stores_on_the_admins_plan(world: World, alice: Person, bob: Person) -> None:
    await join(world, alice, bob)
    await set_quota(world, alice, 1 << 30)
    await set_quota(world, bob, 1)
    await charge(world, bob, 1 << 29)
    album = await photos.album(bob)
    await photos.commit(world, bob, album)
    await charge(world, alice, (1 << 29) + SLACK)
    for who in (alice, bob):
        body = await photos.body(world, who, await photos.album(who))
        await who.post("/files", body, expect=426)
    assert [(await place(alice, who))["usage"] for who in (alice, bob)] == [(1 << 29) + SLACK, (1 << 29) + SIZE]
    await bob.delete("/family/leave")
    await photos.commit(world, alice, await photos.album(alice))


async def test_a_members_part(world: World, alice: Person, bob: Person) -> None:
    await join(world, alice, bob)
    where = (await place(alice, bob))["id"]
    await charge(world, bob, 5000)
    await alice.post("/family/modify-storage", {"id": where, "storageLimit": 4999}, expect=400)
    await alice.post("/family/modify-storage", {"id": where, "storageLimit": 5000})
    await charge(world, bob, SLACK)
    await bob.post("/files", await photos.body(world, bob, await photos.album(bob)), expect=426)
    await photos.commit(world, alice, await photos.album(alice))


async def test_members_who_store_at_once_do_not_pass_the_plan(world: World, alice: Person, bob: Person, carol: Person) -> None:
    await join(world, alice, bob, carol)
    await set_quota(world, alice, 1 << 30)
    await charge(world, alice, (1 << 30) + SLACK - 2 * SIZE)  # room for two more
    people = [alice, bob, carol] * 2
    bodies = [await photos.body(world, who, await photos.album(who)) for who in people]
    answers = await asyncio.gather(*(who.post("/files", body, expect=None) for who, body in zip(people, bodies, strict=True)))
    assert sorted(a.status for a in answers) == [200, 200, 426, 426, 426, 426]


async def test_lockers_figures_are_the_familys(world: World, alice: Person, bob: Person) -> None:
    await join(world, alice, bob)
    await charge(world, alice, 100, "locker", 2)
    await charge(world, bob, 30, "locker", 1)
    found = (await bob.get("/users/locker-usage")).json()
    assert {k: found[k] for k in ("isFamily", "usedFileCount", "usedStorage", "userFileCount", "userStorage")} == {
        "isFamily": True, "usedFileCount": 3, "usedStorage": 130, "userFileCount": 1, "userStorage": 30,
    }  # fmt: skip
    locker = await world.in_app(bob, LOCKER)
    assert (await locker.get("/users/details/v2")).json()["lockerFamilyUsage"] == {"familyFileCount": 3}
