"""Many originals at once: how they are parted into archives, and an archive that is made while it is sent, a piece at a time."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator, Iterable
from pathlib import PurePath
from typing import Annotated

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.response import Stream
from msgspec import Meta

from ..client.shapes import LIVE_PHOTO
from ..library import live
from ..library.contents import Content
from ..library.identity import Kind
from ..library.library import Library
from ..library.search import Entry, Wanted
from ..serving.problems import Problem
from ..serving.ranges import attachment
from . import lookup, present
from .shapes import Shape
from .viewing import content_of

Ids = Annotated[list[str], Meta(max_length=50_000)]
ARCHIVE = 4 * 1024**3


class Info(Shape):
    """What to part: photos, an album, or all of a person's."""

    asset_ids: Ids | None = None
    album_id: str | None = None
    user_id: str | None = None
    archive_size: Annotated[int, Meta(ge=1, le=2**53)] | None = None


class Archive(Shape):
    asset_ids: list[str]
    size: int


class Archives(Shape):
    total_size: int
    archives: list[Archive]


class Wish(Shape):
    asset_ids: Annotated[list[str], Meta(min_length=1, max_length=50_000)]
    archive_name: Annotated[str, Meta(max_length=200)] | None = None
    edited: bool | None = None


@post("/api/download/info", permission="asset.download", status_code=200)
async def info(data: JSONBody[Info], library: NamedDependency[Library]) -> Archives:
    """Archives of at most `archiveSize` bytes, or of one photo that is larger. Both halves of a live photo are counted with the picture."""
    parts: list[Archive] = []
    for entry in await _asked(library, data):
        ids = [library.uuid_of_entry(entry)]
        if entry.kind == LIVE_PHOTO and (video := present.live_video(library, entry)):
            ids.append(video)
        if not parts or parts[-1].size + entry.size > (data.archive_size or ARCHIVE):
            parts.append(Archive([], 0))
        parts[-1].asset_ids += ids
        parts[-1].size += entry.size
    return Archives(sum(part.size for part in parts), parts)


async def _asked(library: Library, data: Info) -> list[Entry]:
    if data.asset_ids is not None:
        return [await lookup.entry(library, text, "asset.download") for text in dict.fromkeys(data.asset_ids)]
    if data.album_id is not None:
        return library.search.entries(Wanted(albums=(lookup.album(library, data.album_id).id,)))
    if data.user_id is not None:
        if library.ids.number(Kind.USER, data.user_id) != library.keys.user_id:
            raise Problem(400, "Not found or no timeline.download access")
        return library.search.entries(Wanted(owner=library.keys.user_id))
    raise Problem(400, "assetIds, albumId, or userId is required")


@post("/api/download/archive", permission="asset.download", status_code=200)
async def archive(data: JSONBody[Wish], library: NamedDependency[Library]) -> Stream:
    """A zip, stored and not compressed. Every id is looked up before the first byte goes out; a name that comes twice gets a number."""
    texts = list(dict.fromkeys(data.asset_ids))
    for text in texts:
        if not live.photo_of_video(library, text):
            await lookup.entry(library, text, "asset.download")
    name = PurePath(data.archive_name or "photos").name.removesuffix(".zip") + ".zip"
    return Stream(_zip(library, texts), media_type="application/octet-stream", headers={"Content-Disposition": attachment(name)})


async def _zip(library: Library, texts: Iterable[str]) -> AsyncIterator[bytes]:
    out, used = _Outgoing(), set[str]()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as packed:
        for text in texts:
            content = await content_of(library, text, "asset.download")
            with packed.open(zipfile.ZipInfo(_free(PurePath(content.name).name or "photo", used)), "w", force_zip64=content.size >= 2**31) as member:
                async for piece in _pieces(content):
                    member.write(piece)
                    yield out.take()
            yield out.take()
    yield out.take()


async def _pieces(content: Content) -> AsyncIterator[bytes]:
    if content.size:
        async for piece in content.read(0, content.size - 1):
            yield piece


def _free(name: str, used: set[str]) -> str:
    """The name, or with "+1", "+2" before its suffix where it is taken."""
    path, made, count = PurePath(name), name, 0
    while made.casefold() in used:
        count += 1
        made = f"{path.stem}+{count}{path.suffix}"
    used.add(made.casefold())
    return made


class _Outgoing(io.RawIOBase):
    """What was written and is not sent yet."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes | bytearray | memoryview) -> int:  # type: ignore[override]  # any buffer
        self._held += data
        return len(data)

    def take(self) -> bytes:
        made, self._held = bytes(self._held), bytearray()
        return made


HANDLERS = [info, archive]
