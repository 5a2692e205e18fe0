"""Folders of plain files: albums out of the library and into it, with the metadata beside each picture as Google Takeout writes it.

An export goes on where it stopped: a file is whole when it has its name, because it had another until it was.
"""

from __future__ import annotations

import json
import os
import re
import zipfile
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from ..client.errors import ClientError, LoggedOut, Refused, StorageFull
from ..client.shapes import LIVE_PHOTO, Album, File
from . import live, media
from .library import Library, New, Put
from .search import Wanted

LIVE_STILLS, LIVE_VIDEOS, PIXEL = {".heic", ".heif", ".jpg", ".jpeg", ".png", ".dng"}, {".mov", ".mp4", ".m4v"}, {".mp", ".mv"}
LIVE_HALF, LIVE_SECONDS = 20 * 1024 * 1024, 10
"""What a picture or a video may have, in bytes, and a video in seconds, to be half of a live photo: a camera's clips are not."""
Tell = Callable[[str, int, int], None]
"""(what is done, how many, of how many)."""


@dataclass
class Done:
    """What a run did. `failed`: one line each."""

    written: int = 0
    there: int = 0
    failed: list[str] | None = None

    def fail(self, line: str) -> None:
        self.failed = [*(self.failed or []), line]


def safe(name: str) -> str:
    """A name that every file system takes: no separators, no control characters, not hidden, at most 200 bytes with its extension."""
    text = re.sub(r'[\x00-\x1f\x7f/\\:*?"<>|]', "_", name).strip(" .") or "_"
    path = PurePath(text)
    stem = path.stem.encode()[: 200 - len(path.suffix.encode()[:40])].decode(errors="ignore").rstrip(" .")
    return (stem or "_") + path.suffix[:40]


def _names(wanted: list[tuple[int, str]], live: Container[int] = ()) -> dict[int, str]:
    """id → name, none twice on file systems that do not tell case apart: the later one gets its id. Always the same for the same library. Live photos
    become two files: what is before the last dot is theirs alone."""
    taken: set[str] = set()
    found = {}
    for number, name in sorted(wanted, key=lambda one: (one[0] not in live, *one)):
        clean = safe(name)
        stem = PurePath(clean).stem
        if {clean.casefold(), f"{stem.casefold()}/"} & taken:
            clean = f"{stem} ({number}){PurePath(clean).suffix}"
        taken.add(f"{PurePath(clean).stem.casefold()}/" if number in live else clean.casefold())
        found[number] = clean
    return found


async def export(library: Library, folder: Path, tell: Tell = lambda *_: None) -> Done:
    """Every album but hidden ones as a folder. What is there and unchanged is not fetched again."""
    albums = [album for album in library.albums.values() if not album.hidden]
    folders = _names([(album.id, album.name or "album") for album in albums])
    total = sum(library.facts.count_in(album.id) for album in albums)
    done, count = Done(), 0
    for album in albums:
        target = folder / folders[album.id]
        target.mkdir(parents=True, exist_ok=True)
        ids = library.facts.in_album(album.id)
        entries = {entry.id: entry for entry in library.search.entries(Wanted(albums=(album.id,), with_hidden=True))}
        live = {entry.id for entry in entries.values() if entry.kind == LIVE_PHOTO}
        names = _names([(file_id, entries[file_id].title) for file_id in ids], live)
        for file_id in ids:
            file = library.photos[file_id].places[album.id]
            count += 1
            tell(folders[album.id], count, total)
            try:
                if await _export_file(library, file, target, names[file.id]):
                    done.written += 1
                else:
                    done.there += 1
            except ClientError as e:
                done.fail(f"{folders[album.id]}/{names[file.id]}: {e}")
    return done


async def _export_file(library: Library, file: File, folder: Path, name: str) -> bool:
    beside = folder / f"{name}.json"
    said = _read(beside)
    about = describe(file)
    old = said.get("darkroom", {}) if isinstance(said.get("darkroom"), dict) else {}
    whole = old.get("id") == file.id and old.get("header") == about["darkroom"]["header"]
    parts = old.get("parts") if whole else None
    fresh = not (isinstance(parts, dict) and parts and all(_size(folder / safe(part)) == size for part, size in parts.items()))
    if fresh:
        parts = await _fetch(library, file, folder, name)
    about["darkroom"]["parts"] = parts
    if fresh or said != about:
        _write(beside, json.dumps(about, ensure_ascii=False, indent=1).encode())
    return fresh


async def _fetch(library: Library, file: File, folder: Path, name: str) -> dict[str, int]:
    """Writes the content, or the two of a live photo; name → size."""
    part = folder / f".{name[:150]}.part"
    try:
        with part.open("wb") as out:
            async for piece in library.content(file):
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        if file.kind == LIVE_PHOTO:
            return _unpack(part, folder, name)
        size = part.stat().st_size
        part.replace(folder / name)
        return {name: size}
    finally:
        part.unlink(missing_ok=True)


def _unpack(zipped: Path, folder: Path, name: str) -> dict[str, int]:
    written = {}
    try:
        with zipfile.ZipFile(zipped) as archive:
            for member in archive.infolist():
                content = archive.read(member)
                target = safe(PurePath(name).stem + PurePath(member.filename).suffix)
                _write(folder / target, content)
                written[target] = len(content)
    except (zipfile.BadZipFile, OSError) as e:
        raise ClientError(f"a live photo that is no archive: {e}") from None
    return written


def describe(file: File) -> dict[str, Any]:
    """The metadata beside a picture, in the keys that importers know; `darkroom` is what only the export needs."""
    lat, long = file.place or (0.0, 0.0)
    return {
        "title": file.title,
        "description": file.caption,
        "photoTakenTime": {"timestamp": str(file.taken // 1_000_000)},
        "creationTime": {"timestamp": str(file.modified // 1_000_000)},
        "geoData": {"latitude": lat, "longitude": long},
        "darkroom": {
            "id": file.id,
            "header": file.content_header.hex(),
            "hash": file.hash,
            "metadata": dict(file.metadata),
            "public": dict(file.public.values),
        },
    }


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _write(path: Path, content: bytes) -> None:
    new = path.with_name(f".{path.name[:150]}.new")
    with new.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    new.replace(path)


# -- into the library -------------------------------------------------------------------------------


def pictures(folder: Path) -> Iterator[tuple[str, Path]]:
    """(album, file) of every picture and video below: albums are named as the folders that hold the files. Hidden files and links are left out."""
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder).parts
        if not any(part.startswith(".") for part in inner) and path.is_file() and not path.is_symlink() and media.kind_of(path.name) is not None:
            yield path.parent.name if len(inner) > 1 else folder.resolve().name, path


async def import_folder(library: Library, folder: Path, tell: Tell = lambda *_: None) -> Done:
    """Uploads every picture that is not there, and puts those that are into the albums of their folders. Halves of live photos become one."""
    found, done = list(_with_videos(list(pictures(folder)))), Done()
    albums: dict[str, Album] = {}
    for count, (name, path, video) in enumerate(found, 1):
        tell(name, count, len(found))
        if path.stat().st_size == 0:
            done.fail(f"{path}: empty")
            continue
        album = albums.get(name) or await library.album_named(name)
        albums[name] = album
        try:
            puts = await _put(library, path, video, album)
        except (LoggedOut, StorageFull):
            raise
        except Refused as e:
            done.fail(f"{path}: {e}")
            continue
        there = sum(put.duplicate for put in puts)
        done.there, done.written = done.there + there, done.written + len(puts) - there
    return done


async def _put(library: Library, path: Path, video: Path | None, album: Album) -> list[Put]:
    if video and (put := await live.put(library, path, video, said_of(path), album)):
        return [put]
    puts = []
    for one in (path, video):
        if one is not None and media.kind_of(one.name) is not None:
            with one.open("rb") as content:
                puts.append(await library.put(content, said_of(one), album))
    return puts


def _with_videos(found: list[tuple[str, Path]]) -> Iterator[tuple[str, Path, Path | None]]:
    """Each with the video that makes it a live photo: of the same name beside it, as Apple's devices and Google Takeout write them, or a Pixel's
    `a.MP` beside `a.MP.jpg`; short, and small. Of two pictures with that name the HEIC has it."""
    videos = {(path.parent, path.stem.casefold()): path for _, path in found if path.suffix.lower() in LIVE_VIDEOS and _is_short(path)}
    pairs: dict[Path, Path] = {}
    for _, path in sorted(found, key=lambda one: (one[1].suffix.lower() not in media.HEIFS, one[1])):
        if path.suffix.lower() in LIVE_STILLS and 0 < path.stat().st_size <= LIVE_HALF:
            pixel = path.with_name(path.stem)
            if pixel.suffix.lower() in PIXEL and pixel.is_file() and not pixel.is_symlink() and _is_short(pixel):
                pairs[path] = pixel
            elif video := videos.pop((path.parent, path.stem.casefold()), None):
                pairs[path] = video
    taken = set(pairs.values())
    yield from ((name, path, pairs.get(path)) for name, path in found if path not in taken)


def _is_short(path: Path) -> bool:
    if not 0 < path.stat().st_size <= LIVE_HALF:
        return False
    with path.open("rb") as content:
        return media.look(content, path.stem + (path.suffix if media.kind_of(path.name) else ".mp4")).duration <= LIVE_SECONDS


def said_of(path: Path) -> New:
    """What a sidecar and the file system say about a picture."""
    said = next((found for sidecar in _sidecars(path) if (found := _read(sidecar))), {})
    title = said.get("title")
    taken = _seconds(said.get("photoTakenTime")) or _seconds(said.get("creationTime"))
    name = title if isinstance(title, str) and PurePath(title).suffix.lower() == path.suffix.lower() else path.name
    place = _place(said.get("geoData")) or _place(said.get("geoDataExif"))
    modified = int(path.stat().st_mtime * 1_000_000)
    return New(name, taken * 1_000_000, modified, str(said.get("description") or ""), place)


def _sidecars(path: Path) -> Iterator[Path]:
    """Takeout's names for them: the whole name, cut to 46 characters, without the extension, and the newer `.supplemental-metadata`, cut too."""
    for stem in (path.name, path.name[:46], path.stem):
        yield path.with_name(f"{stem}.json")
        full = f"{stem}.supplemental-metadata"
        yield path.with_name(f"{full}.json")
        yield path.with_name(f"{full[:46]}.json")


def _seconds(value: object) -> int:
    try:
        return max(int(value["timestamp"]), 0) if isinstance(value, dict) else 0
    except (KeyError, TypeError, ValueError):
        return 0


def _place(value: object) -> tuple[float, float] | None:
    if not isinstance(value, dict):
        return None
    lat, long = value.get("latitude"), value.get("longitude")
    if not (isinstance(lat, int | float) and isinstance(long, int | float)) or not (lat or long):
        return None
    return float(lat), float(long)


__all__ = ["Done", "export", "import_folder"]
