"""The short public addresses lead where the long ones do (`/public/collections…`, `/public/files/{token}`)."""

from __future__ import annotations

from tests.file_links.test_file_links import link as file_link
from tests.files import photos
from tests.inprocess import Person, World
from tests.objects.parcels import commit_bytes, send
from tests.visits.scenes import INFO, SECRET, Visitor, change, end, link, linked, token
from tests.visits.test_guests import ready


async def test_it_works(world: World, alice: Person) -> None:
    cid = await photos.album(alice)
    file_id = await commit_bytes(alice, cid, b"bytes", b"thumb")
    made = (await alice.post("/public/collections", {"collectionID": cid, "enableCollect": True})).json()["result"]
    assert made == await link(alice, cid)
    address = f"/public/collections/{token(made)}"
    visitor = Visitor(world, token(made))
    told = await world.anon().get(address)
    assert told.json() == (await visitor.get(INFO)).json()
    assert told.headers["x-link-device-token"]
    place = (await world.anon().get(f"{address}/preview/{file_id}", expect=307)).headers["location"]
    assert (await send(world.anon(), "GET", place, expect=200)).content == b"thumb"
    await world.anon().get(f"{address}/preview/none", expect=400)
    await world.anon().get(f"{address}/preview/{file_id + 100}", expect=403)
    new = (await world.anon().post(f"{address}/commit", await ready(world, visitor, cid))).json()["id"]
    assert {f["id"] for f in await visitor.diff()} == {file_id, new}


async def test_a_file(world: World, alice: Person) -> None:
    file_id = await commit_bytes(alice, await photos.album(alice), b"bytes", b"thumb")
    address = f"/public/files/{token(await file_link(alice, file_id))}"
    place = (await world.anon().get(address, expect=307)).headers["location"]
    assert (await send(world.anon(), "GET", place, expect=200)).content == b"bytes"
    await alice.delete(f"/files/share-url/{file_id}")
    await world.anon().get(address, expect=410)


async def test_the_token_in_the_path_is_the_one_that_counts(world: World, alice: Person) -> None:
    """Whoever holds one link opens no other with it."""
    _, one = await linked(world, alice)
    cid, other = await linked(world, alice)
    await end(alice, cid)
    await one.get(f"/public/collections/{other.carried['x-auth-access-token']}", expect=410)
    await one.get("/public/collections/QQQQQQQQQQ", expect=401)
    await one.get("/public/files/QQQQQQQQQQ", expect=401)


async def test_a_password_is_asked_as_on_the_long_addresses(world: World, alice: Person) -> None:
    cid, visitor = await linked(world, alice, enableCollect=True)
    file_id = await commit_bytes(alice, cid, b"bytes", b"thumb")
    photo = await ready(world, visitor, cid)
    await change(alice, cid, **SECRET)
    address = f"/public/collections/{visitor.carried['x-auth-access-token']}"
    await visitor.get(address)
    await visitor.get(f"{address}/preview/{file_id}", expect=401)
    await visitor.post(f"{address}/commit", photo, expect=401)
    await visitor.unlock()
    await visitor.get(f"{address}/preview/{file_id}", expect=307)
    await visitor.post(f"{address}/commit", photo)
    await change(alice, cid, enableCollect=False)
    await visitor.post(f"{address}/commit", photo, expect=405)
