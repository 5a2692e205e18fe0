"""What people and administrators are told of accounts' storage."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.db import Tx
from app.kernel.config import Admin, Config, Storage
from tests.contacts.test_contacts import add, know
from tests.contacts.test_pictures import attach, staged
from tests.files import photos
from tests.inprocess import AUTH, LOCKER, Person, World, open_world

PATHS = ("/storage", "/storage/usage", "/storage/detailed-usage")


async def sizes(world: World, who: Person) -> int:
    return int((await who.get("/users/details/v2")).json()["usage"])


async def test_contacts_pictures_are_objects_like_others(world: World, alice: Person, bob: Person) -> None:
    await know(alice, bob)
    await attach(alice, await add(alice, bob), await staged(alice))
    (tier,) = (await alice.get("/storage/tier-quotas")).json()["tiers"]
    assert tier["objects"] == (await alice.get("/storage/replication-info")).json()["objects"] == 1


async def test_it_works(world: World, alice: Person, bob: Person) -> None:
    album = await photos.album(alice)
    made = await photos.commit(world, alice, album)
    stored = await sizes(world, alice)
    assert stored > 0
    for path in PATHS:
        assert (await alice.get(path)).json()["usage"] == stored
        assert (await bob.get(path)).json()["usage"] == 0
    overview = (await alice.get("/storage")).json()
    assert overview["limit"] == 10 << 30 and overview["remaining"] == (10 << 30) - stored and overview["fileCount"] == 1
    detailed = (await alice.get("/storage/detailed-usage")).json()
    assert detailed["originals"] + detailed["thumbnails"] == stored and detailed["trash"] == 0
    (tier,) = (await alice.get("/storage/tier-quotas")).json()["tiers"]
    assert (tier["tier"], tier["objects"], tier["usage"]) == ("primary", 2, stored)
    assert (await alice.get("/storage/replication-info")).json() == {"copies": 1, "objects": 2, "verified": 0, "waiting": 0, "failed": 0}
    await alice.post("/files/trash", {"items": [{"fileID": made["id"], "collectionID": album}]})
    assert (await alice.get("/storage/detailed-usage")).json()["trash"] == stored


async def test_a_refresh_sets_a_ledger_right_that_is_off(world: World, alice: Person, caplog: pytest.LogCaptureFixture) -> None:
    await photos.commit(world, alice, await photos.album(alice))
    stored = await sizes(world, alice)
    assert (await alice.post("/storage/refresh")).json()["usage"] == stored
    assert not caplog.records
    await world.kernel.db.write("test.drift", lambda tx: tx.run("UPDATE usage SET bytes = bytes + 7, files = 9"))
    assert (await alice.post("/storage/refresh")).json()["usage"] == stored
    assert "ledger" in caplog.text


async def test_figures_are_for_accounts(world: World, alice: Person) -> None:
    for path in (*PATHS, "/storage/tier-quotas", "/storage/replication-info"):
        await world.anon().get(path, expect=401)
        await (await world.in_app(alice, AUTH)).get(path, expect=403)
        await (await world.in_app(alice, LOCKER)).get(path)


# --- administrators
@pytest.fixture
async def governed(engine: str, tmp_path: Path) -> AsyncIterator[World]:
    config = Config(
        data_dir=tmp_path, public_url="http://darkroom.test", storage=(Storage(kind="memory"),), admin=Admin(users=("ADMIN-1@example.org", "12"))
    )
    async with open_world(engine, tmp_path, config=config) as w:
        yield w


async def test_administrators_see_and_set_limits(governed: World) -> None:
    admin, bob = await governed.person("admin"), await governed.person("bob")
    assert admin.email == "admin-1@example.org"
    where = f"/storage/admin/{{}}/{bob.user_id}"
    seen = (await admin.get(where.format("usage"))).json()
    assert (seen["quota"], seen["bonus"], seen["limit"], seen["usage"]) == (None, 0, 10 << 30, 0)
    assert (await admin.put(where.format("quota"), {"quota": 1000})).json()["limit"] == 1000
    assert (await admin.post(where.format("bonus"), {"bytes": 50})).json()["limit"] == 1050
    assert (await admin.post(where.format("bonus"), {"bytes": -20})).json()["bonus"] == 30
    details = (await bob.get("/users/details/v2")).json()
    assert (details["subscription"]["storage"], details["storageBonus"]) == (1000, 30)
    assert (await bob.get("/storage")).json()["limit"] == 1030
    assert (await admin.put(where.format("quota"), {"quota": None})).json()["limit"] == (10 << 30) + 30
    assert (await admin.put(where.format("quota"), {"quota": 0})).json()["limit"] == 1 << 52


async def test_administrators_refusals(governed: World) -> None:
    admin, bob = await governed.person("admin"), await governed.person("bob")
    before = await governed.kernel.db.read(_limits)
    for method, path, body in (("PUT", "quota", {"quota": 1}), ("POST", "bonus", {"bytes": 1}), ("GET", "usage", None)):
        where = f"/storage/admin/{path}/{admin.user_id}"
        await governed.anon().call(method, where, body, expect=401)
        refused = await bob.call(method, where, body, expect=403)
        assert refused.json() == {"error": "insufficient permissions"}
        await (await governed.in_app(admin, AUTH)).call(method, where, body, expect=403)
        await admin.call(method, f"/storage/admin/{path}/999", body, expect=404)
    where = f"/storage/admin/{{}}/{bob.user_id}"
    for wrong in (-1, 1 << 53):
        await admin.put(where.format("quota"), {"quota": wrong}, expect=400)
    for wrong in (-1, 1 << 60, 0):
        await admin.post(where.format("bonus"), {"bytes": wrong}, expect=400)
    assert await governed.kernel.db.read(_limits) == before


def _limits(tx: Tx) -> list[tuple[object, ...]]:
    return tx.all("SELECT user_id, quota, bonus FROM users ORDER BY user_id")
