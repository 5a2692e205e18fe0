"""mldata: written by owners, compared and set, fetched by readers (files.md §8.1, §8.4, §8.5)."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from app.filedata import service
from app.kernel.clock import DAY
from app.objects import deletion
from storage_backends import Unavailable
from tests.inprocess import AUTH, Person, World
from tests.objects.parcels import delete_for_good, make_file, share, stored_bytes, uploaded

UNKNOWN = 1


def body(file_id: object, data: str = "ZGF0YQ==", **more: object) -> dict[str, object]:
    return {"fileID": file_id, "type": "mldata", "encryptedData": data, "decryptionHeader": "aGVhZGVy", **more}


@pytest.fixture
async def photo(world: World, alice: Person) -> int:
    return await make_file(world, alice, await uploaded(alice, b"file"))


async def fetch(person: Person, *file_ids: int, kind: str = "mldata") -> Any:
    return (await person.post("/files/data/fetch", {"type": kind, "fileIDs": list(file_ids)})).json()


async def changes(person: Person, since: int = 0) -> list[dict[str, Any]]:
    return (await person.post("/files/data/status-diff", {"lastUpdatedAt": since})).json()["diff"] or []


async def data_key(world: World) -> str:
    """The object behind the only row there is."""
    found = await world.kernel.db.read(
        lambda tx: tx.value("SELECT o.object_key FROM file_data d JOIN objects o ON o.object_id = d.object_id WHERE NOT d.is_deleted")
    )
    return str(found)


async def test_it_works(world: World, alice: Person, photo: int) -> None:
    assert (await alice.put("/files/data", body(photo), headers={"x-client-version": "1.2"})).json() == {}
    stored = json.loads(await stored_bytes(world, await data_key(world)) or b"")
    assert stored == {"v": 1, "encryptedData": "ZGF0YQ==", "header": "aGVhZGVy", "client": "io.ente.photos.web/1.2"}
    other = await make_file(world, alice, await uploaded(alice, b"other"))
    (row,) = await changes(alice)
    data = {**body(photo), "updatedAt": row["updatedAt"]}
    assert await fetch(alice, other, photo, UNKNOWN) == {"data": [data], "pendingIndexFileIDs": [other, UNKNOWN], "errFileIDs": []}
    for slash in ("", "/"):
        assert (await alice.get(f"/files/data/fetch{slash}?type=mldata&fileID={photo}")).json() == {"data": data}
    nothing = {"fileID": photo, "userID": alice.user_id, "type": "mldata", "isDeleted": False, "objectID": None, "objectNonce": None}
    assert {k: row[k] for k in nothing} == nothing
    assert row["size"] == len(await stored_bytes(world, await data_key(world)) or b"")


async def test_what_is_not_there(alice: Person, photo: int) -> None:
    for file_id in (photo, UNKNOWN):
        for kind in ("mldata", "vid_preview"):
            path = f"/files/data/fetch?fileID={file_id}&type={kind}"
            assert (await alice.get(path, expect=404)).json()["code"] == "NOT_FOUND"
            assert (await alice.get(f"{path}&preferNoContent=true", expect=204)).content == b""
            for no in ("", "false"):
                assert (await alice.get(f"{path}&preferNoContent={no}", expect=404)).json()["code"] == "NOT_FOUND"
    assert (await alice.post("/files/data/status-diff", {"lastUpdatedAt": 0})).json() == {"diff": None}


async def test_last_updated_at_guards_against_overwriting(alice: Person, photo: int) -> None:
    async def refused(at: int) -> None:
        assert (await alice.put("/files/data", body(photo, lastUpdatedAt=at), expect=409)).json()["code"] == "INVALID_VERSION"

    await refused(5)
    await alice.put("/files/data", body(photo, "Zmlyc3Q=", lastUpdatedAt=0))
    await refused(0)
    (first,) = await changes(alice)
    await alice.put("/files/data", body(photo, "c2Vjb25k", lastUpdatedAt=first["updatedAt"]))
    await refused(first["updatedAt"])
    (second,) = await changes(alice, first["updatedAt"])
    await alice.put("/files/data", body(photo, "dGhpcmQ="))  # without it: overwrite
    (third,) = await changes(alice, second["updatedAt"])
    assert third["updatedAt"] > second["updatedAt"]
    assert (await fetch(alice, photo))["data"][0]["encryptedData"] == "dGhpcmQ="


async def test_of_many_writers_at_once_one_wins(world: World, alice: Person, photo: int) -> None:
    asks = [alice.put("/files/data", body(photo, f"d3JpdGVy{n}A==", lastUpdatedAt=0), expect=(200, 409)) for n in range(6)]
    answers = await asyncio.gather(*asks)
    assert sorted(a.status for a in answers) == [200, 409, 409, 409, 409, 409]
    winner = [a.status for a in answers].index(200)
    assert (await fetch(alice, photo))["data"][0]["encryptedData"] == f"d3JpdGVy{winner}A=="
    await deletion.run_deletions(world.kernel)
    states = await world.kernel.db.read(lambda tx: tx.all("SELECT state, count(*) FROM objects WHERE size > 10 GROUP BY state ORDER BY state"))
    assert states[-1] == ("stored", 1)
    assert all(state != "pending" for state, _ in states)


async def test_the_replaced_object_goes_and_the_new_one_stays(world: World, alice: Person, photo: int) -> None:
    await alice.put("/files/data", body(photo, "b2xk"))
    old = await data_key(world)
    await alice.put("/files/data", body(photo, "bmV3"))
    new = await data_key(world)
    assert old != new
    assert await stored_bytes(world, old) is None
    assert (await fetch(alice, photo))["data"][0]["encryptedData"] == "bmV3"


@pytest.mark.parametrize(
    "change",
    [
        {"type": "vid_preview"}, {"type": "img_preview"}, {"type": "zz"}, {"type": ""}, {"encryptedData": ""}, {"decryptionHeader": None},
        {"fileID": 0}, {"fileID": "x"}, {"fileID": None}, {"lastUpdatedAt": "x"}, {"version": "1"}, {"encryptedData": 5},
    ],
)  # fmt: skip
async def test_bad_bodies(alice: Person, photo: int, change: dict[str, object]) -> None:
    assert (await alice.put("/files/data", {**body(photo), **change}, expect=400)).json()["code"] == "BAD_REQUEST"
    assert await changes(alice) == []


async def test_a_reply_has_a_bound_and_the_rest_is_asked_for_again(world: World, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [await make_file(world, alice, await uploaded(alice, b"file%d" % n)) for n in range(4)]
    for file_id in files:
        await alice.put("/files/data", body(file_id, "QUFB" * 250))
    monkeypatch.setattr(service, "BUDGET", 2500)
    found, wanted, rounds = [], files, 0
    while wanted:
        page, rounds = await fetch(alice, *wanted), rounds + 1
        found += [d["fileID"] for d in page["data"]]
        assert page["pendingIndexFileIDs"] == []
        wanted = page["errFileIDs"]
    assert (sorted(found), rounds) == (sorted(files), 2)
    monkeypatch.setattr(service, "BUDGET", 10)
    assert len((await fetch(alice, *files))["data"]) == 1, "never none"


async def test_bad_requests(alice: Person, photo: int) -> None:
    unreadable: tuple[object, ...] = ([], {}, "x")
    for body_ in unreadable:
        assert (await alice.put("/files/data", body_, expect=400)).json()["code"] == "BAD_REQUEST"
    unfit: tuple[object, ...] = (
        {"type": "mldata", "fileIDs": []}, {"type": "mldata"}, {"type": "img_preview", "fileIDs": [photo]}, {"fileIDs": [photo]}, {}, [],
                {"type": "mldata", "fileIDs": list(range(1, 202))}, {"type": "mldata", "fileIDs": ["x"]},
    )  # fmt: skip
    for ask in unfit:
        assert (await alice.post("/files/data/fetch", ask, expect=400)).json()["code"] == "BAD_REQUEST"
    assert (await alice.post("/files/data/fetch", {"type": "mldata", "fileIDs": [photo, photo]}, expect=400)).json() == {}
    await alice.post("/files/data/fetch", {"type": "mldata", "fileIDs": list(range(1, 201))})
    for query in ("", f"fileID={photo}", "type=mldata", "fileID=x&type=mldata", f"fileID={photo}&type=zz", "fileID=0&type=mldata"):
        assert (await alice.get(f"/files/data/fetch?{query}", expect=400)).json()["code"] == "BAD_REQUEST"
    unsure = f"/files/data/fetch?fileID={photo}&type=mldata&preferNoContent=maybe"
    assert (await alice.get(unsure, expect=400)).json()["code"] == "BAD_REQUEST"
    unclear: tuple[object, ...] = ({}, {"lastUpdatedAt": -1}, {"lastUpdatedAt": "x"}, {"lastUpdatedAt": None}, [])
    for ask in unclear:
        assert (await alice.post("/files/data/status-diff", ask, expect=400)).json()["code"] == "BAD_REQUEST"


async def test_only_the_owner_writes(world: World, alice: Person, bob: Person, carol: Person, photo: int) -> None:
    await alice.put("/files/data", body(photo))
    await share(world, alice, bob, photo)
    for who in (bob, carol):
        assert (await who.put("/files/data", body(photo, "bWluZQ=="), expect=403)).json() == {}
        assert await changes(who) == []
    assert (await fetch(bob, photo))["data"][0]["encryptedData"] == "ZGF0YQ=="
    assert (await alice.put("/files/data", body(UNKNOWN), expect=404)).json() == {}


async def test_readers(world: World, alice: Person, bob: Person, carol: Person, photo: int) -> None:
    await alice.put("/files/data", body(photo))
    await share(world, alice, bob, photo)
    mine = await make_file(world, carol, await uploaded(carol, b"x"))
    one = f"/files/data/fetch?fileID={photo}&type=mldata"
    assert (await bob.get(one)).json()["data"]["encryptedData"] == "ZGF0YQ=="
    assert (await carol.get(one, expect=403)).json() == {}
    assert (await carol.post("/files/data/fetch", {"type": "mldata", "fileIDs": [mine, photo]}, expect=403)).json() == {}
    await world.kernel.db.write("test.end", lambda tx: tx.run("UPDATE collection_shares SET is_deleted = TRUE"))
    await bob.get(one, expect=403)
    assert await changes(bob) == []
    codes = await world.in_app(alice, AUTH)
    for method, path in (("PUT", "/files/data"), ("POST", "/files/data/fetch"), ("GET", one), ("POST", "/files/data/status-diff")):
        await codes.call(method, path, {} if method != "GET" else None, expect=403)
        await alice.call(method, path, {} if method != "GET" else None, token=None, expect=401)


async def test_a_file_deleted_for_good(world: World, alice: Person, photo: int) -> None:
    await alice.put("/files/data", body(photo))
    (before,) = await changes(alice)
    key = await data_key(world)
    await delete_for_good(world, photo)
    await world.kernel.db.write("test.forget", service.forget, [photo], world.clock.now(), 7 * DAY)
    (row,) = await changes(alice, before["updatedAt"])
    assert row["isDeleted"] is True
    assert row["updatedAt"] > before["updatedAt"]
    await world.kernel.db.write("test.forget", service.forget, [photo], world.clock.now(), 7 * DAY)
    assert await changes(alice, row["updatedAt"]) == []  # once is enough
    assert await fetch(alice, photo) == {"data": [], "pendingIndexFileIDs": [], "errFileIDs": []}
    await alice.get(f"/files/data/fetch?fileID={photo}&type=mldata", expect=404)
    assert (await alice.put("/files/data", body(photo), expect=404)).json() == {}
    world.clock.advance(7 * DAY)
    await deletion.run_deletions(world.kernel)
    assert await stored_bytes(world, key) is None


async def test_a_store_that_does_not_answer(world: World, alice: Person, photo: int, monkeypatch: pytest.MonkeyPatch) -> None:
    other = await make_file(world, alice, await uploaded(alice, b"other"))
    await alice.put("/files/data", body(photo))
    await alice.put("/files/data", body(other))
    broken = await world.kernel.db.read(
        lambda tx: tx.value("SELECT o.object_key FROM file_data d JOIN objects o ON o.object_id = d.object_id WHERE d.file_id = :id", id=other)
    )
    opened = world.kernel.store.open

    async def fail(key: str, start: int = 0, length: int | None = None) -> Any:
        if key == broken:
            raise Unavailable("away")
        return await opened(key, start, length)

    monkeypatch.setattr(world.kernel.store, "open", fail)
    got = await fetch(alice, photo, other)
    assert [d["fileID"] for d in got["data"]] == [photo]
    assert (got["pendingIndexFileIDs"], got["errFileIDs"]) == ([], [other])
    await alice.get(f"/files/data/fetch?fileID={other}&type=mldata", expect=503)


async def test_a_page_of_changes_never_splits_a_stamp(world: World, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "PAGE", 3)
    files = [await make_file(world, alice, await uploaded(alice, b"%d" % n)) for n in range(7)]
    for file_id in files:
        await alice.put("/files/data", body(file_id))
    await world.kernel.db.write(
        "test.even", lambda tx: tx.run("UPDATE file_data SET updated_at = 1000 + CASE WHEN file_id IN (:ids[]) THEN 0 ELSE 5 END", ids=files[:5])
    )
    seen: list[int] = []
    since, pages = 0, 0
    while page := await changes(alice, since):
        pages += 1
        seen += [row["fileID"] for row in page]
        since = page[-1]["updatedAt"]
    assert (seen, pages) == (files, 2)
