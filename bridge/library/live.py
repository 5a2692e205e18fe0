"""Live photos: a picture and the seconds around it. Ente keeps the two in one zip (client.md §9); tools name the video by an id of its own.

Tools send the video first, then the picture that names it. The video is stored like any other until then; joined, the zip takes the place of both,
with the ids and sums that they had.
"""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import PurePath
from typing import BinaryIO

from ..client.shapes import LIVE_PHOTO
from . import media
from .facts import video_key
from .identity import Kind, canonical
from .library import Accepted, Library, New, Photo
from .queue import Intake

BLOCK = 1024 * 1024
LARGE = 2_000_000_000
"""Bytes from which on a zip needs its newer form."""


def video_id(library: Library, photo: Photo) -> str:
    """The id for tools of a live photo's video: the one it was uploaded with, else one made of the photo's number."""
    own = photo.own.get("video") if library.mine(photo) else None
    return (canonical(own) if isinstance(own, str) else None) or library.ids.of(Kind.LIVE_VIDEO, photo.file.id)


def photo_of_video(library: Library, text: str) -> Photo | None:
    """The live photo that has the video with this id."""
    number = library.ids.number(Kind.LIVE_VIDEO, text)
    if number is not None:
        found = library.photos.get(number)
        return found if found and found.file.kind == LIVE_PHOTO else None
    number = library.facts.by_video(canonical(text) or "")
    return library.photos.get(number) if number else None


def id_by_part(library: Library, content_hash: str) -> str | None:
    """The id for tools of the half of one's own live photo with this content, whoever made it."""
    number = library.by_hash(content_hash)
    photo = library.photos.get(number) if number else None
    if photo is None or photo.file.kind != LIVE_PHOTO:
        return None
    return library.uuid_of(photo) if photo.file.hash.startswith(f"{content_hash}:") else video_id(library, photo)


def id_by_video_sha1(library: Library, sha1: str) -> str | None:
    """The id for tools of the video of a live photo that was joined here."""
    number = library.by_hash(video_key(sha1))
    photo = library.photos.get(number) if number else None
    return video_id(library, photo) if photo else None


class _Into(io.RawIOBase):
    """What is written goes into an intake."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    def writable(self) -> bool:
        return True

    def write(self, data: bytes | bytearray | memoryview) -> int:  # type: ignore[override]  # any buffer
        self._intake.feed(bytes(data))
        return len(data)


async def join(library: Library, still: Intake, video: Photo, new: New, seen: media.Found) -> Accepted:
    """A finished intake of a picture and a video that is there become one live photo, in the video's album; the video goes to the trash when the
    server has it. `still` is dropped. Raises whatever stops it, and then both are as they were."""
    if still.sums is None:
        raise ValueError("an intake that is not finished")
    file = video.file
    album = library.albums[min(n for n in video.places if library.albums[n].owner_id == library.keys.user_id)]
    zipped = library.intake()
    try:
        with still.open() as picture:
            names = (f"image{PurePath(new.name).suffix}", f"video{PurePath(file.title).suffix}")
            await _zip(zipped, names, picture, library.content(file), large=file.content_size > LARGE)
        await asyncio.to_thread(zipped.finish)
        own = {**new.own, "video": library.uuid_of(video), "videoSha1": video.own.get("sha1") or ""}
        whole = replace(new, kind=LIVE_PHOTO, hash=f"{still.sums.hash}:{file.hash}", sha1=still.sums.sha1.hex(), own=own)
        accepted = await library.accept(zipped, whole, album, seen, replaces=[file.id])
    except BaseException:
        zipped.drop()
        raise
    still.drop()
    if accepted.ticket:
        await library.deliver(accepted.ticket)
    else:
        await library.trash([file.id])
    return accepted


async def _zip(into: Intake, names: tuple[str, str], picture: BinaryIO, video: AsyncIterator[bytes], *, large: bool) -> None:
    with zipfile.ZipFile(_Into(into), "w", zipfile.ZIP_STORED) as archive:
        with archive.open(names[0], "w") as member:
            while block := await asyncio.to_thread(picture.read, BLOCK):
                await asyncio.to_thread(member.write, block)
        with archive.open(names[1], "w", force_zip64=large) as member:
            async for block in video:
                await asyncio.to_thread(member.write, block)


__all__ = ["id_by_part", "id_by_video_sha1", "join", "photo_of_video", "video_id"]
