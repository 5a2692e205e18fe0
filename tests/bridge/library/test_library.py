"""A library: uploads, what is there already, crashes, an index that is thrown away, and a link for reading."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import httpx
import pytest

from bridge.client import changes
from bridge.client.errors import ReadOnly, Unreachable
from bridge.library.library import Library, New
from tests.bridge.conftest import Server
from tests.bridge.library.conftest import Open
from tests.bridge.library.pictures import jpeg


async def content(library: Library, photo_id: int) -> bytes:
    return b"".join([part async for part in library.content(library.photos[photo_id].file)])


async def test_it_works(opened: Open) -> None:
    library = opened()
    album = await library.album_named("Sea")
    put = await library.put(io.BytesIO(jpeg()), New("sea.jpg", created=5_000_000, caption="blue", place=(1.5, 2.5)), album)
    other = opened("desktop")
    await other.sync()
    (photo,) = other.photos.values()
    file = photo.file
    assert (file.id, file.title, file.taken, file.caption, file.place) == (put.id, "sea.jpg", 5_000_000, "blue", (1.5, 2.5))
    assert photo.own["sha1"] == hashlib.sha1(jpeg()).hexdigest()
    assert other.by_sha1(photo.own["sha1"]) == put.id
    assert await content(other, put.id) == jpeg()
    assert (await other.thumbnail(file))[:2] == b"\xff\xd8"
    assert [f.id for f in other.in_album(album.id)] == [put.id]
    assert list((opened("desktop").queue.spool).iterdir()) == []


async def test_what_is_there_is_only_added_to_the_album(server: Server, opened: Open) -> None:
    library = opened()
    first, second = await library.album_named("A"), await library.album_named("B")
    put = await library.put(io.BytesIO(jpeg()), New("a.jpg"), first)
    before = server.transport.asked("PUT", "/objects/")
    again = await library.put(io.BytesIO(jpeg()), New("other name.jpg"), second)
    assert (again.id, again.duplicate) == (put.id, True)
    assert set(library.photos[put.id].places) == {first.id, second.id}
    assert server.transport.asked("PUT", "/objects/") == before
    assert (await library.album_named("B")).id == second.id


async def test_an_uncategorized_photo_moves_to_its_first_album(opened: Open) -> None:
    library = opened()
    loose = await library.uncategorized()
    assert (await library.uncategorized()).id == loose.id
    put = await library.put(io.BytesIO(jpeg()), New("a.jpg"), loose)
    album = await library.album_named("A")
    assert await library.add([put.id], album) == [put.id]
    assert set(library.photos[put.id].places) == {album.id}
    assert await library.add([put.id], album) == []


async def test_an_upload_that_is_stopped_is_sent_by_the_next_run(server: Server, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    library = opened()
    album = await library.album_named("A")
    real = server.transport.handle_async_request

    async def broken(request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and request.url.path == "/files":
            await real(request)  # the file is made, and the answer is lost
            raise httpx.ReadError("cut", request=request)
        return await real(request)

    monkeypatch.setattr(server.transport, "handle_async_request", broken)
    with pytest.raises(Unreachable):
        await library.put(io.BytesIO(jpeg()), New("a.jpg"), album)
    monkeypatch.undo()
    await library.close()
    next_run = opened()
    assert len(next_run.queue.waiting()) == 1
    assert await next_run.resume() == []
    assert next_run.queue.waiting() == []
    (photo_id,) = next_run.photos
    assert await content(next_run, photo_id) == jpeg()
    assert server.transport.asked("PUT", "/objects/") == 2
    assert list(next_run.queue.spool.iterdir()) == []


async def test_an_upload_that_is_refused_waits_and_holds_up_no_other(server: Server, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    library = opened()
    album = await library.album_named("A")
    for number in range(2):
        server.transport.down = True
        with pytest.raises(Unreachable):
            await library.put(io.BytesIO(jpeg(number)), New("a.jpg"), album)
    server.transport.down = False
    real, refused = server.transport.handle_async_request, library.queue.waiting()[0]

    async def full(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/files/upload-url" and json.loads(request.content)["contentMD5"] == refused.content.md5:
            return httpx.Response(426, request=request)
        return await real(request)

    monkeypatch.setattr(server.transport, "handle_async_request", full)
    (line,) = await library.resume()
    assert line.startswith("upload ")
    assert library.queue.waiting() == [refused]
    assert len(library.photos) == 1
    monkeypatch.undo()
    assert await library.resume() == []
    assert sorted([await content(library, n) for n in library.photos]) == sorted([jpeg(0), jpeg(1)])


async def test_an_upload_whose_album_is_gone_becomes_uncategorized(server: Server, opened: Open) -> None:
    library = opened()
    gone = await library.album_named("Gone")
    server.transport.down = True
    with pytest.raises(Unreachable):
        await library.put(io.BytesIO(jpeg()), New("a.jpg"), gone)
    server.transport.down = False
    await changes.delete_album(library.connection, gone.id, keep_files=True)
    assert await library.resume() == []
    (photo_id,) = library.photos
    assert await content(library, photo_id) == jpeg()
    assert set(library.photos[photo_id].places) == {(await library.uncategorized()).id}


async def test_what_waits_is_not_queued_again(server: Server, opened: Open) -> None:
    library = opened()
    album = await library.album_named("A")
    for _ in range(2):
        server.transport.down = True
        with pytest.raises(Unreachable):
            await library.put(io.BytesIO(jpeg()), New("a.jpg"), album)
    assert len(library.queue.waiting()) == 1
    server.transport.down = False
    put = await library.put(io.BytesIO(jpeg()), New("a.jpg"), album)
    assert (put.duplicate, list(library.photos), library.queue.waiting()) == (True, [put.id], [])


async def test_nothing_in_spool_or_journal_is_in_the_clear(server: Server, opened: Open, tmp_path: Path) -> None:
    library = opened()
    album = await library.album_named("A")
    server.transport.down = True
    picture = jpeg(exif={0x010F: "Leica"})
    with pytest.raises(Unreachable):
        await library.put(io.BytesIO(picture), New("canary-name.jpg", caption="canary-caption"), album)
    server.transport.down = False
    kept = b"".join(path.read_bytes() for path in (tmp_path / "laptop").rglob("*") if path.is_file())
    for canary in (b"canary", b"Leica", picture[200:260], hashlib.sha1(picture).hexdigest().encode()):
        assert canary not in kept


async def test_the_index_can_be_thrown_away(opened: Open, tmp_path: Path) -> None:
    library = opened()
    put = await library.put(io.BytesIO(jpeg()), New("a.jpg"), await library.album_named("A"))
    before = dict(library.photos)
    await library.close()
    assert dict(opened().photos) == before
    (tmp_path / "laptop/index.sqlite").write_bytes(b"not a database at all" * 100)
    again = opened()
    assert not again.photos
    await again.sync()
    assert dict(again.photos) == before
    assert put.id in again.photos


async def test_changes_keep_what_others_wrote(opened: Open) -> None:
    library = opened()
    put = await library.put(io.BytesIO(jpeg()), New("a.jpg"), await library.album_named("A"))
    phone = opened("phone")
    await phone.sync()
    await phone.change(put.id, lambda v: v.update(unknown={"a": 1}), public=False)
    await library.change(put.id, lambda v: v.update(visibility=1), public=False)
    found = library.photos[put.id]
    assert found.file.private.values["unknown"] == {"a": 1}
    assert found.archived
    assert found.own["sha1"]


async def test_trash(opened: Open) -> None:
    library = opened()
    put = await library.put(io.BytesIO(jpeg()), New("a.jpg"), await library.album_named("A"))
    await library.trash([put.id])
    assert (library.photos, list(library.trashed), library.by_sha1(hashlib.sha1(jpeg()).hexdigest())) == ({}, [put.id], None)


async def test_a_link_for_reading_writes_nothing(server: Server, opened: Open) -> None:
    library = opened()
    album = await library.album_named("A")
    put = await library.put(io.BytesIO(jpeg()), New("a.jpg"), album)
    reading = opened("frame", read_only=True)
    await reading.sync()
    server.transport.sent.clear()
    assert await content(reading, put.id) == jpeg()
    for act in (
        lambda: reading.put(io.BytesIO(jpeg(2)), New("b.jpg"), album), lambda: reading.create_album("B"), lambda: reading.trash([put.id]),
        lambda: reading.change(put.id, lambda v: v.update(caption="x"), public=True),
    ):  # fmt: skip
        with pytest.raises(ReadOnly):
            await act()
    assert {request.method for request in server.transport.sent} == {"GET"}
    assert list(reading.queue.spool.iterdir()) == []
