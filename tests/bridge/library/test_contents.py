"""Any part of a content, live photos, thumbnails and previews; and starts from a snapshot."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from bridge.client import changes, stream, upload
from bridge.client.crypto import CHUNK
from bridge.client.errors import ClientError, Damaged
from bridge.client.stream import Sealer
from bridge.library import holdings
from bridge.library.contents import halves, mime_of
from bridge.library.library import Library, New
from bridge.library.pictures import NoPicture
from bridge.library.search import Wanted
from tests.bridge.conftest import Open, Server, Someone
from tests.bridge.library.pictures import jpeg

MOVIE = (bytes(range(251)) * (2 * CHUNK // 251 + 50))[: 2 * CHUNK + 99]


async def movie(library: Library) -> int:
    return (await library.put(io.BytesIO(MOVIE), New("a.mp4", created=1), await library.album_named("A"))).id


async def live(library: Library, someone: Someone, members: dict[str, bytes], folder: Path) -> int:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    album = await library.album_named("Live")
    paths = folder / "content", folder / "thumbnail"
    with paths[0].open("wb") as out:
        sealer = Sealer(b"k" * 32, out.write)
        sealer.feed(held.getvalue())
        sums = sealer.finish()
    about = {"title": "IMG.HEIC", "fileType": 2, "creationTime": 1, "modificationTime": 1}
    ticket, thumb = upload.ticket("live", (album.id, album.key), b"k" * 32, sums, b"no jpeg", (about, {}, {}))
    paths[1].write_bytes(thumb)
    file_id = await upload.send(someone.connection, ticket, paths, lambda _: None)
    await library.sync()
    return file_id


async def test_any_part(server: Server, opened: Open) -> None:
    library, other = opened(), opened("other")
    file_id = await movie(library)
    await other.sync()
    content = await other.contents.original(other.photos[file_id].file)
    assert content.size == len(MOVIE)
    for first, last in ((2 * CHUNK + 5, 2 * CHUNK + 20), (0, 0), (CHUNK - 3, CHUNK + 3), (len(MOVIE) - 1, len(MOVIE) - 1)):
        assert b"".join([piece async for piece in content.read(first, last)]) == MOVIE[first : last + 1]
    await other.close()
    again = opened("other")  # what it takes to seek is remembered
    before = server.transport.asked("GET", "/objects/")
    await (await again.contents.original(again.photos[file_id].file)).read(2 * CHUNK, 2 * CHUNK + 1).__anext__()
    assert server.transport.asked("GET", "/objects/") == before + 1


async def test_a_forged_mac_is_noticed_and_forgotten(opened: Open) -> None:
    library = opened()
    file = library.photos[await movie(library)].file
    library.index.set_note(file.id, f"macs {file.content_header.hex()}", b"x" * 16)
    content = await library.contents.original(file)
    with pytest.raises(Damaged):
        await content.read(2 * CHUNK, 2 * CHUNK + 1).__anext__()
    assert await content.read(2 * CHUNK, 2 * CHUNK + 1).__anext__() == MOVIE[2 * CHUNK : 2 * CHUNK + 2]


async def test_few_readers_keep_chunks(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    library = opened()
    monkeypatch.setattr("bridge.library.contents.WARM", 1)
    album = await library.album_named("A")
    files = [library.photos[(await library.put(io.BytesIO(jpeg(n)), New(f"{n}.jpg"), album)).id].file for n in (1, 2)]
    for file in files:
        await library.contents.reader(file).chunk(0)
    assert [bool(library.contents._readers[(f.id, f.content_header)]._chunks) for f in files] == [False, True]


async def test_live_photos(opened: Open, alice: Someone, tmp_path: Path) -> None:
    library = opened()
    file = library.photos[await live(library, alice, {"image.JPG": jpeg(), "video.MOV": MOVIE[:999]}, tmp_path)].file
    image, film = await library.contents.original(file), await library.contents.film(file)
    assert (image.name, await image.whole()) == ("IMG.JPG", jpeg())
    assert (film.name, await film.whole()) == ("IMG.MOV", MOVIE[:999])
    assert Image.open(io.BytesIO(await library.pictures.thumbnail(file))).size == (64, 48)
    for harm in (b"", b"PK\x03\x04 nothing", MOVIE[:500]):
        with pytest.raises(Damaged):
            halves(io.BytesIO(harm))


async def test_thumbnails_and_previews(server: Server, opened: Open) -> None:
    library = opened()
    album = await library.album_named("A")
    put = await library.put(io.BytesIO(jpeg(1, (2000, 1000))), New("a.jpg"), album)
    file = library.photos[put.id].file
    small, large = Image.open(io.BytesIO(await library.pictures.thumbnail(file))), Image.open(io.BytesIO(await library.pictures.preview(file)))
    assert (small.format, small.size, large.format, large.size) == ("WEBP", (500, 250), "JPEG", (1440, 720))
    before = len(server.transport.sent)
    await library.pictures.thumbnail(file)
    await library.pictures.preview(file)
    assert len(server.transport.sent) == before
    video = library.photos[await movie(library)].file
    assert Image.open(io.BytesIO(await library.pictures.preview(video))).format == "JPEG"  # its uploader's
    with pytest.raises(ClientError):
        await library.contents.film(file)


async def test_a_picture_that_is_none(opened: Open, alice: Someone, tmp_path: Path) -> None:
    library = opened()
    file = library.photos[await live(library, alice, {"image.JPG": b"no picture", "video.MOV": b"x"}, tmp_path)].file
    with pytest.raises(NoPicture):
        await library.pictures.thumbnail(file)


async def test_a_start_from_a_snapshot_and_without(opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = opened()
    album = await library.album_named("A")
    kept, gone = [(await library.put(io.BytesIO(jpeg(n)), New(f"{n}.jpg"), album)).id for n in (1, 2)]
    await library.trash([gone])
    await library.close()
    snapshot = tmp_path / "laptop/facts.sqlite.sealed"
    assert b"1.jpg" not in snapshot.read_bytes()
    loads: list[bool] = []
    load = holdings.Holdings._load
    monkeypatch.setattr(holdings.Holdings, "_load", lambda self: (loads.append(True), load(self))[1])
    for harm in (None, lambda: snapshot.unlink(), lambda: snapshot.write_bytes(b"x" * 99)):
        if harm:
            harm()
        again = opened()
        assert (list(again.photos), list(again.binned), list(again.trashed), again.damaged) == ([kept], [gone], [gone], set())
        await again.close()
    assert len(loads) == 2
    again = opened()
    await again.change(kept, lambda values: values.update(caption="new"), public=True)
    again.facts.close()
    again.index.close()  # killed: the snapshot is older than the index
    assert opened().photos[kept].file.caption == "new"


async def test_facts_of_another_version_are_made_anew(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    library = opened()
    kept = (await library.put(io.BytesIO(jpeg()), New("a.jpg"), await library.album_named("A"))).id
    await library.close()
    monkeypatch.setattr(holdings, "FACTS", 999)
    assert [entry.id for entry in opened().search.entries(Wanted())] == [kept]


async def test_trash_of_an_album_that_is_gone(opened: Open) -> None:
    library = opened()
    album = await library.album_named("A")
    put = await library.put(io.BytesIO(jpeg()), New("a.jpg"), album)
    await changes.delete_album(library.connection, album.id, keep_files=False)
    await library.sync()
    assert (list(library.photos), list(library.binned)) == ([], [put.id])
    assert album.id not in library.albums


def test_types() -> None:
    assert [mime_of(name) for name in ("a.JPG", "a.heic", "a.MOV", "a.mkv", "a.cr2", "a")] == [
        "image/jpeg", "image/heic", "video/quicktime", "video/x-matroska", "image/cr2", "application/octet-stream",
    ]  # fmt: skip
    assert stream.plain_size(17) == 0
