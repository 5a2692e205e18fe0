"""Who may read a photo is decided once (`app.kernel.access`): every way of reading it gives the same answer, in every state of its membership."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.collections.scenes import album, diff, items, share
from tests.files.photos import purge, restore, trash
from tests.inprocess import Api, Person, World
from tests.objects.parcels import commit_bytes
from tests.visits.scenes import Visitor, link, token

ROUTES = (
    "/files/download/{}",
    "/files/preview/{}",
    "/files/download/v2/{}",
    "/files/preview/v2/{}",
    "/files/download/v3/{}",
    "/files/thumbnail/v3/{}",
)


class Scene:
    """Alice's album with one photo of hers and its derived data; Bob is its admin, Carol looks on, and somebody has the link."""

    def __init__(self, world: World, alice: Person, bob: Person, carol: Person) -> None:
        self.world, self.alice, self.bob, self.carol = world, alice, bob, carol

    async def set_up(self) -> Scene:
        self.cid = await album(self.alice)
        self.photo = await commit_bytes(self.alice, self.cid, b"photo", b"thumbnail")
        mldata = {"fileID": self.photo, "type": "mldata", "encryptedData": "ZGF0YQ==", "decryptionHeader": "aA=="}
        await self.alice.put("/files/data", mldata)
        await share(self.alice, self.cid, self.bob, "ADMIN")
        await share(self.alice, self.cid, self.carol)
        self.visitor = Visitor(self.world, token(await link(self.alice, self.cid)))
        return self


async def live(s: Scene) -> None:
    """Nothing happened."""


async def removed(s: Scene) -> None:
    other = await album(s.alice)
    await s.alice.post("/collections/move-files", {"fromCollectionID": s.cid, "toCollectionID": other, "files": items(s.photo)})


async def marked(s: Scene) -> None:
    await s.bob.post("/collections/v3/remove-files", {"collectionID": s.cid, "fileIDs": [s.photo]})


async def trashed(s: Scene) -> None:
    await trash(s.alice, (s.photo, s.cid))


async def deleted(s: Scene) -> None:
    await purge(s.alice, s.photo, s.cid)


async def restored(s: Scene) -> None:
    await trashed(s)
    await restore(s.alice, s.cid, s.photo)


async def put_back_after_a_mark(s: Scene) -> None:
    await marked(s)
    await s.alice.post("/collections/add-files", {"collectionID": s.cid, "files": items(s.photo)})


async def album_deleted(s: Scene) -> None:
    await s.alice.delete(f"/collections/v3/{s.cid}?collectionID={s.cid}&keepFiles=false")


State = Callable[[Scene], Awaitable[None]]
STATES: dict[State, tuple[bool, bool]] = {  # → (does the photo's owner read it, do others)
    live: (True, True),
    removed: (True, False),
    marked: (True, False),
    trashed: (True, False),
    deleted: (False, False),
    restored: (True, True),
    put_back_after_a_mark: (True, True),
    album_deleted: (True, False),
}


async def _answers(who: Api, path: str) -> bool:
    return (await who.get(path, expect=None)).status in (200, 307)


async def bytes_and_data(who: Person, s: Scene) -> dict[str, bool]:
    """Every way of reading a photo that is not by an album."""
    ways = {route: await _answers(who, route.format(s.photo)) for route in ROUTES}
    many = await who.post("/files/data/fetch", {"type": "mldata", "fileIDs": [s.photo]}, expect=None)
    ways["data of many"] = many.status == 200 and bool(many.json()["data"])
    ways["data"] = await _answers(who, f"/files/data/fetch?fileID={s.photo}&type=mldata")
    return ways


async def in_the_album(who: Person, s: Scene) -> dict[str, bool]:
    found: dict[str, bool] = {}
    page = await who.get(f"/collections/v2/diff?collectionID={s.cid}&sinceTime=0", expect=None)
    found["diff"] = page.status == 200 and s.photo in {f["id"] for f in page.json()["diff"] if not f["isDeleted"]}
    found["look-up"] = await _answers(who, f"/collections/file?collectionID={s.cid}&fileID={s.photo}")
    return found


async def copied(who: Person, s: Scene) -> bool:
    ask: dict[str, Any] = {"srcCollectionID": s.cid, "dstCollectionID": await album(who), "files": items(s.photo)}
    return (await who.post("/files/copy", ask, expect=None)).status == 200


async def by_the_link(s: Scene) -> dict[str, bool]:
    ways = {
        route: await _answers(s.visitor, route.replace("/files", "/public-collection/files").format(s.photo)) for route in ROUTES if "v2" not in route
    }
    page = await s.visitor.get("/public-collection/diff?sinceTime=0", expect=None)
    ways["diff"] = page.status == 200 and s.photo in {f["id"] for f in page.json()["diff"] if not f["isDeleted"]}
    preview = await s.visitor.get(f"/public-collection/files/data/fetch?fileID={s.photo}&type=vid_preview&preferNoContent=true", expect=None)
    ways["data"] = preview.status == 204
    return ways


@pytest.mark.parametrize("state", STATES, ids=lambda f: f.__name__)
async def test_every_way_of_reading_gives_the_same_answer(world: World, alice: Person, bob: Person, carol: Person, state: State) -> None:
    s = await Scene(world, alice, bob, carol).set_up()
    await state(s)
    owner, others = STATES[state]
    for who in (bob, carol):
        ways = {**await bytes_and_data(who, s), **await in_the_album(who, s), "copy": await copied(who, s)}
        assert ways == dict.fromkeys(ways, others)
    ways = await by_the_link(s)
    assert ways == dict.fromkeys(ways, others)
    ways = await bytes_and_data(alice, s)
    assert ways == dict.fromkeys(ways, owner)


async def test_the_owner_goes_on_seeing_what_was_asked_to_be_removed(world: World, alice: Person, bob: Person, carol: Person) -> None:
    s = await Scene(world, alice, bob, carol).set_up()
    await marked(s)
    assert await in_the_album(alice, s) == {"diff": True, "look-up": True}
    (row,) = await diff(alice, s.cid)
    assert (row["action"], row["actionUser"]) == ("REMOVE", bob.user_id)
