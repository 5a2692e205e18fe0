"""Uploads, downloads, sync and changes against the application, with real cryptography."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from bridge.client import changes, download, stream, upload
from bridge.client.crypto import CHUNK, b64, seal, unb64
from bridge.client.errors import Damaged, Unreachable
from bridge.client.shapes import Album, open_file
from bridge.client.stream import PART
from tests.bridge.client.scene import JPEG, Reading, put, sealed
from tests.bridge.conftest import Server, Someone

LARGE = (bytes(range(256)) * (PART // 256 + 20_000))[: PART + 4_000_000]


async def album_of(person: Someone, name: str = "Sea") -> Album:
    return (await changes.create_album(person.connection, person.keys, name))[1]


async def whole(reading: Reading, number: int = 0) -> bytes:
    files = await reading.pull()
    return b"".join([part async for part in download.content(reading.connection, files[number])])


async def test_it_works(server: Server, alice: Someone, tmp_path: Path) -> None:
    album = await album_of(alice)
    file_id = await put(alice.connection, tmp_path, album, b"the sea")
    reading = Reading(server.connect(alice.connection.token, read_only=True), alice.keys)
    (file,) = await reading.pull()
    assert (file.id, file.title, file.kind, file.taken, file.public.values) == (file_id, "sea.jpg", 0, 1_000_000, {"w": 640})
    assert file.private.values == {"brg": {"id": "x"}}
    assert reading.album(album.id).name == "Sea"
    assert await whole(reading) == b"the sea"
    assert await download.thumbnail(reading.connection, file) == JPEG


async def test_a_large_file_in_parts_and_any_part_of_it(server: Server, alice: Someone, tmp_path: Path) -> None:
    await put(alice.connection, tmp_path, await album_of(alice), LARGE)
    reading = Reading(alice.connection, alice.keys)
    assert await whole(reading) == LARGE
    (file,) = await reading.pull()
    reader = download.Reader(alice.connection, file)
    assert reader.size == len(LARGE)
    for first, last in ((len(LARGE) - 5, len(LARGE) - 1), (2 * CHUNK - 3, 2 * CHUNK + 3), (0, 0)):
        assert b"".join([part async for part in reader.read(first, last)]) == LARGE[first : last + 1]


@pytest.mark.parametrize("content", [b"small", LARGE], ids=["single", "parts"])
async def test_stopped_after_any_step_it_goes_on_and_nothing_is_put_twice(server: Server, alice: Someone, tmp_path: Path, content: bytes) -> None:
    album = await album_of(alice)
    ticket, paths = sealed(tmp_path, album, content)
    kept = msgspec.json.encode(ticket)
    seen = set()

    class Stopped(Exception):
        pass

    def save(now: upload.Ticket) -> None:
        nonlocal kept
        kept = msgspec.json.encode(now)
        if kept not in seen:
            seen.add(kept)
            raise Stopped

    while True:
        try:
            await upload.send(alice.connection, msgspec.json.decode(kept, type=upload.Ticket), paths, save)
        except Stopped:
            continue
        break
    assert len(seen) > 5
    assert server.transport.asked("PUT", "/objects/") == (1 if len(content) < PART else 2) + 1
    assert await whole(Reading(alice.connection, alice.keys)) == content


async def test_a_commit_whose_answer_was_lost_is_found_again(server: Server, alice: Someone, tmp_path: Path) -> None:
    ticket, paths = sealed(tmp_path, await album_of(alice), b"once")
    saved: list[bytes] = []
    file_id = await upload.send(alice.connection, ticket, paths, lambda now: saved.append(msgspec.json.encode(now)))
    before = next(t for raw in saved if (t := msgspec.json.decode(raw, type=upload.Ticket)).committing and not t.file_id)
    assert await upload.send(alice.connection, before, paths, lambda _: None) == file_id
    assert len(await Reading(alice.connection, alice.keys).pull()) == 1
    assert server.transport.asked("POST", "/files") - server.transport.asked("POST", "/files/") == 1


async def test_urls_that_have_expired_are_asked_for_anew(server: Server, alice: Someone, tmp_path: Path) -> None:
    ticket, paths = sealed(tmp_path, await album_of(alice), b"late")
    ticket.content.object_key, ticket.content.urls = f"{alice.keys.user_id}/gone", ["http://darkroom.test/objects/nothing"]
    await upload.send(alice.connection, ticket, paths, lambda _: None)
    assert await whole(Reading(alice.connection, alice.keys)) == b"late"


async def test_sync_goes_on_from_its_cursors(server: Server, alice: Someone, tmp_path: Path) -> None:
    album = await album_of(alice)
    await put(alice.connection, tmp_path, album, b"1")
    reading = Reading(alice.connection, alice.keys)
    await reading.pull()
    server.transport.sent.clear()
    assert len(await reading.pull()) == 1
    assert server.transport.asked("GET", "/collections/v2/diff") == 0
    server.transport.down = True
    with pytest.raises(Unreachable):
        await reading.pull()
    server.transport.down = False
    await put(alice.connection, tmp_path, album, b"2")
    assert len(await reading.pull()) == 2


async def test_trash_and_back(alice: Someone, tmp_path: Path) -> None:
    album = await album_of(alice)
    file_id = await put(alice.connection, tmp_path, album, b"gone")
    reading = Reading(alice.connection, alice.keys)
    files = await reading.pull()
    await changes.trash(alice.connection, files)
    assert await reading.pull() == []
    assert list(reading.store.trash) == [file_id]
    file = open_file(reading.store.trash[file_id]["file"], album.key)
    await changes.restore(alice.connection, [file], album)
    assert [f.id for f in await reading.pull()] == [file_id]
    assert reading.store.trash == {}


async def test_what_somebody_else_wrote_is_merged(alice: Someone, tmp_path: Path) -> None:
    await put(alice.connection, tmp_path, await album_of(alice), b"1")
    phone, frame = Reading(alice.connection, alice.keys), Reading(alice.connection, alice.keys)
    (on_phone,), (on_frame,) = await phone.pull(), await frame.pull()

    async def again():  # type: ignore[no-untyped-def]
        return (await frame.pull())[0]

    await changes.change_file(alice.connection, on_phone, lambda v: v.update(caption="from the phone"), again, public=True)
    await changes.change_file(alice.connection, on_frame, lambda v: v.update(editedName="b.jpg", w=None), again, public=True)
    (file,) = await frame.pull()
    assert file.public.values == {"w": 0, "caption": "from the phone", "editedName": "b.jpg"}
    assert file.private.values == {"brg": {"id": "x"}}


async def test_an_album_that_was_shared_is_read(server: Server, alice: Someone, bob: Someone, tmp_path: Path) -> None:
    album = await album_of(alice)
    await put(alice.connection, tmp_path, album, b"for bob")
    public = unb64((await alice.connection.get("/users/public-key", email=bob.email))["publicKey"])
    body = {"collectionID": album.id, "email": bob.email, "role": "VIEWER", "encryptedKey": b64(seal(album.key, public))}
    await alice.connection.post("/collections/share", body)
    assert await whole(Reading(bob.connection, bob.keys)) == b"for bob"


async def test_anothers_content_in_its_place_is_refused(alice: Someone, tmp_path: Path) -> None:
    album = await album_of(alice)
    await put(alice.connection, tmp_path, album, b"one")
    await put(alice.connection, tmp_path, album, b"two")
    one, two = await Reading(alice.connection, alice.keys).pull()
    with pytest.raises(Damaged):
        [part async for part in download.content(alice.connection, replace(one, id=two.id))]


def test_the_parts_of_a_large_file_are_whole_chunks() -> None:
    assert PART % stream.SEALED_CHUNK == 0
