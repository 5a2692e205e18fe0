"""Folders in and out: byte for byte, resumable, safe names, sidecars."""

from __future__ import annotations

import io
import json
import os
import zipfile
from dataclasses import replace
from pathlib import Path

from bridge.client import upload
from bridge.client.stream import Sealer
from bridge.library.folders import export, import_folder, safe, said_of
from bridge.library.library import Library, New
from tests.bridge.conftest import Server, Someone
from tests.bridge.library.conftest import Open
from tests.bridge.library.pictures import jpeg


def files(folder: Path, suffix: str = ".jpg") -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.suffix == suffix}


def source(folder: Path) -> Path:
    (folder / "Sea" / "Deep").mkdir(parents=True)
    (folder / "Sea/a.jpg").write_bytes(jpeg(1))
    (folder / "Sea/Deep/b.jpg").write_bytes(jpeg(2))
    (folder / "c.jpg").write_bytes(jpeg(3))
    (folder / "Sea/note.txt").write_text("no picture")
    (folder / "Sea/.hidden.jpg").write_bytes(jpeg(4))
    (folder / "Sea/empty.jpg").write_bytes(b"")
    return folder


async def test_it_works(server: Server, opened: Open, tmp_path: Path) -> None:
    library = opened()
    done = await import_folder(library, source(tmp_path / "in"))
    assert (done.written, done.there, [f"{tmp_path}/in/Sea/empty.jpg: empty"]) == (3, 0, done.failed)
    assert {album.name for album in library.albums.values()} == {"Sea", "Deep", "in"}
    other = opened("backup", read_only=True)
    await other.sync()
    first = await export(other, tmp_path / "out")
    assert (first.written, first.there, first.failed) == (3, 0, None)
    assert files(tmp_path / "out") == {"Sea/a.jpg": jpeg(1), "Deep/b.jpg": jpeg(2), "in/c.jpg": jpeg(3)}
    again = await import_folder(library, tmp_path / "out")
    assert (again.written, again.there) == (0, 3)
    server.transport.sent.clear()
    second = await export(other, tmp_path / "out")
    assert (second.written, second.there) == (0, 3)
    assert server.transport.sent == []


async def test_an_export_goes_on_where_it_stopped(opened: Open, tmp_path: Path) -> None:
    library = opened()
    await import_folder(library, source(tmp_path / "in"))
    out = tmp_path / "out"
    await export(library, out)
    (out / "Sea/a.jpg").write_bytes(b"half")
    (out / "Deep/b.jpg.json").write_bytes(b'{"dark')
    (out / "Sea/.a.jpg.part").write_bytes(b"left by a power cut")
    done = await export(library, out)
    assert (done.written, done.there) == (2, 1)
    assert files(out) == {"Sea/a.jpg": jpeg(1), "Deep/b.jpg": jpeg(2), "in/c.jpg": jpeg(3)}
    assert files(out, ".part") == {}


async def test_names_that_are_taken_or_that_lead_elsewhere(opened: Open, tmp_path: Path) -> None:
    library = opened()
    album = await library.album_named("../../up")
    for number, name in enumerate(("../x.jpg", "A.jpg", "a.jpg")):
        await library.put(io.BytesIO(jpeg(number)), New(name), album)
    await export(library, tmp_path / "out")
    assert sorted(files(tmp_path / "out").values()) == sorted(jpeg(number) for number in range(3))
    assert not (tmp_path / "up").exists()


def test_safe_names() -> None:
    assert [safe(name) for name in ("..", "/etc/passwd", "a\0b.jpg", ".x", "")] == ["_", "_etc_passwd", "a_b.jpg", "x", "_"]
    long = safe("ä" * 300 + ".jpeg")
    assert len(long.encode()) <= 200
    assert long.endswith(".jpeg")


async def test_what_the_sidecar_says_is_kept(opened: Open, tmp_path: Path) -> None:
    folder = tmp_path / "Takeout"
    folder.mkdir()
    said = {
        "title": "IMG.jpg", "description": "the bay", "photoTakenTime": {"timestamp": "1577923200"},
        "geoData": {"latitude": 0.0, "longitude": 0.0}, "geoDataExif": {"latitude": 48.5, "longitude": -4.5},
    }  # fmt: skip
    for number, sidecar in enumerate(("IMG.jpg.json", "IMG(1).jpg.supplemental-metadata.json"), 1):
        (folder / (sidecar.partition(".jpg")[0] + ".jpg")).write_bytes(jpeg(number))
        (folder / sidecar).write_text(json.dumps(said))
    library = opened()
    await import_folder(library, folder)
    for photo in library.photos.values():
        assert (photo.file.title, photo.file.taken, photo.file.caption, photo.file.place) == ("IMG.jpg", 1577923200_000_000, "the bay", (48.5, -4.5))
    out = tmp_path / "out"
    await export(library, out)
    back = said_of(out / "Takeout/IMG.jpg")
    assert (back.caption, back.created, back.place) == ("the bay", 1577923200_000_000, (48.5, -4.5))


def test_a_sidecar_that_is_nonsense(tmp_path: Path) -> None:
    picture = tmp_path / "a.jpg"
    picture.write_bytes(b"x")
    os.utime(picture, (1000, 1000))
    for text in ("[]", "{", '{"title": 5, "photoTakenTime": {"timestamp": "x"}, "geoData": {"latitude": "1"}}'):
        (tmp_path / "a.jpg.json").write_text(text)
        assert said_of(picture) == New("a.jpg", 0, 1_000_000_000)


async def live_photo(library: Library, alice: Someone, members: dict[str, bytes], folder: Path) -> None:
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
    ticket, thumb = upload.ticket("live", (album.id, album.key), b"k" * 32, sums, b"thumb", (about, {}, {}))
    paths[1].write_bytes(thumb)
    await upload.send(alice.connection, ticket, paths, lambda _: None)
    await library.sync()


async def test_a_live_photo_comes_out_as_two_files(opened: Open, alice: Someone, tmp_path: Path) -> None:
    library = opened()
    await live_photo(library, alice, {"image.HEIC": b"the image", "video.MOV": b"the video"}, tmp_path)
    out = tmp_path / "out"
    assert (await export(library, out)).written == 1
    assert (out / "Live/IMG.HEIC").read_bytes() == b"the image"
    assert (out / "Live/IMG.MOV").read_bytes() == b"the video"
    assert (await export(library, out)).there == 1


async def test_the_halves_of_a_live_photo_become_one(server: Server, opened: Open, tmp_path: Path) -> None:
    folder = tmp_path / "in/Sea"
    folder.mkdir(parents=True)
    live = {
        "IMG_1.HEIC": b"apple",
        "IMG_1.MOV": b"moves",
        "IMG_2(1).jpg": jpeg(2),
        "IMG_2(1).MP4": b"takeout",
        "PXL_3.MP.jpg": jpeg(3),
        "PXL_3.MP": b"pixel",
    }
    alone = {"IMG_1.JPG": jpeg(1), "IMG_4.mp4": b"a film", "IMG_5.jpg": jpeg(5)}
    for name, content in (live | alone).items():
        (folder / name).write_bytes(content)
    (folder / "IMG_2(1).jpg.supplemental-metadata.json").write_text(
        json.dumps({"description": "waves", "photoTakenTime": {"timestamp": "1577923200"}})
    )
    library = opened()
    done = await import_folder(library, tmp_path / "in")
    assert (done.written, done.there, done.failed) == (6, 0, None)
    found = {photo.file.title: photo.file for photo in library.photos.values()}
    assert {name: file.kind for name, file in found.items()} == {
        "IMG_1.HEIC": 2, "IMG_2(1).jpg": 2, "PXL_3.MP.jpg": 2, "IMG_1.JPG": 0, "IMG_4.mp4": 1, "IMG_5.jpg": 0,
    }  # fmt: skip
    assert (found["IMG_2(1).jpg"].caption, found["IMG_2(1).jpg"].taken) == ("waves", 1577923200_000_000)
    again = await import_folder(library, tmp_path / "in")
    assert (again.written, again.there) == (0, 6)
    other = opened("backup", read_only=True)
    await other.sync()
    out = tmp_path / "out"
    assert (await export(other, out)).written == 6
    number = found["IMG_1.JPG"].id
    back = {str(path.relative_to(out / "Sea")): path.read_bytes() for path in out.rglob("*") if path.is_file() and path.suffix != ".json"}
    assert back == {
        "IMG_1.HEIC": b"apple", "IMG_1.MOV": b"moves", "IMG_2(1).jpg": jpeg(2), "IMG_2(1).MP4": b"takeout", "PXL_3.MP.jpg": jpeg(3),
        "PXL_3.MP.mp4": b"pixel", f"IMG_1 ({number}).JPG": jpeg(1), "IMG_4.mp4": b"a film", "IMG_5.jpg": jpeg(5),
    }  # fmt: skip
    assert (await import_folder(library, out)).written == 0, "what came out is known"


async def test_halves_that_are_there_already_stay_as_they_are(opened: Open, tmp_path: Path) -> None:
    library = opened()
    await library.put(io.BytesIO(jpeg(1)), New("a.jpg"), await library.album_named("in"))
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(jpeg(1))
    (folder / "a.mov").write_bytes(b"moves")
    (folder / "b.jpg").write_bytes(jpeg(2))
    (folder / "b.mov").write_bytes(b"")
    done = await import_folder(library, folder)
    assert (done.written, done.there, done.failed) == (2, 1, [f"{folder}/b.mov: empty"])
    assert sorted(photo.file.kind for photo in library.photos.values()) == [0, 0, 1]


async def test_one_damaged_file_does_not_stop_the_others(server: Server, opened: Open, tmp_path: Path) -> None:
    library = opened()
    await import_folder(library, source(tmp_path / "in"))
    victim = min(library.photos)
    photo = library.photos[victim]
    other = library.photos[max(library.photos)].file
    for album_id, file in photo.places.items():
        photo.places[album_id] = replace(file, content_header=other.content_header)
    done = await export(library, tmp_path / "out")
    assert done.written == 2
    assert done.failed is not None
    assert "does not open" in done.failed[0]
