"""Live photos: a picture and the seconds around it. Ente keeps the two in one zip (client.md §9); tools name the video by an id of its own.

Tools send the video first, then the picture that names it. The video is stored like any other until then; joined, the zip takes the place of both,
with the ids and sums that they had. Two that are both stored become one where the picture is (`unite`); two files of a folder are stored as one
(`put`).
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any, BinaryIO

from ..client import upload
from ..client.crypto import b64
from ..client.errors import ClientError, Damaged, NotThere
from ..client.shapes import LIVE_PHOTO, VIDEO, Album, File
from ..client.upload import Ticket
from . import media
from .contents import MOST_LIVE
from .facts import video_key
from .identity import Kind, canonical
from .library import Accepted, Library, New, Photo, Put, hash_of
from .noted import note
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
    found = library.photos.get(number) if number else None
    return found if found and found.file.kind == LIVE_PHOTO else None


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
            await _zip(zipped, names, _blocks(picture), library.content(file), large=file.content_size > LARGE)
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


async def unite(library: Library, photo: Photo, video: Photo) -> None:
    """A picture and a video that are stored become one live photo: the picture's file gets the zip as its content, and keeps its id, its albums and
    all that is said about it; the video goes to the trash when the server has it. Stopped anywhere, the journal or the next call goes on."""
    file, moving = photo.file, video.file
    if file.content_size + moving.content_size > MOST_LIVE:
        raise ClientError("the picture and the video are too large for one live photo")
    async with library.alone(f"live {file.id}"):
        photo = library.photos[file.id]
        if photo.file.kind != LIVE_PHOTO:
            await library.deliver(await _united(library, photo, video))


async def _united(library: Library, photo: Photo, video: Photo) -> Ticket:
    """The journal has it."""
    file, moving = photo.file, video.file
    sums = hashlib.blake2b(digest_size=64), hashlib.blake2b(digest_size=64)
    zipped = library.intake(file.key)
    try:
        names = (f"image{PurePath(file.title).suffix}", f"video{PurePath(moving.title).suffix}")
        await _zip(zipped, names, _summed(library.content(file), sums[0]), _summed(library.content(moving), sums[1]))
        sealed = await asyncio.to_thread(zipped.finish)
        thumbnail = await _thumbnail(library, file)
        hashes = ":".join(b64(one.digest()) for one in sums)
        half = {"video": library.uuid_of(video), "videoSha1": video.own.get("sha1") or ""}
        await note(library, [file.id], lambda own: own.update(half))
        album = library.albums[min(n for n in photo.places if library.albums[n].owner_id == library.keys.user_id)]
        said = {**file.metadata, "fileType": LIVE_PHOTO, "hash": hashes}
        ticket, thumb = upload.ticket(zipped.id, (album.id, album.key), file.key, sealed, thumbnail, (said, {}, {}))
        ticket.hash, ticket.sha1, ticket.updates, ticket.replaces = hashes, "", file.id, [moving.id]
        library.queue.add(ticket, thumb)
        zipped.kept = True
    except BaseException:
        zipped.drop()
        raise
    return ticket


async def _thumbnail(library: Library, file: File) -> bytes:
    try:
        return await library.thumbnail(file)
    except (Damaged, NotThere):
        return media.nothing()


async def put(library: Library, still: Path, video: Path, new: New, album: Album) -> Put | None:
    """Two files of this machine as one live photo, unless it is there; then it is only added to the album. None: one of the two is in the account
    already by itself, and they are to be put one by one."""
    with still.open("rb") as picture, video.open("rb") as moving:
        hashes = await asyncio.to_thread(hash_of, picture), await asyncio.to_thread(hash_of, moving)
        if made := await library.put_again(":".join(hashes), album):
            return made
        if any(library.by_hash(one) for one in hashes):
            return None
        picture.seek(0)
        moving.seek(0)
        sha1s = [hashlib.sha1(), hashlib.sha1()]  # noqa: S324 — a name of the content in Immich's API
        suffix = video.suffix if media.kind_of(video.name) == VIDEO else ".mp4"
        zipped = library.intake()
        try:
            names = (f"image{still.suffix}", f"video{suffix}")
            await _zip(zipped, names, _summed(_blocks(picture), sha1s[0]), _summed(_blocks(moving), sha1s[1]))
            await asyncio.to_thread(zipped.finish)
            picture.seek(0)
            seen = await asyncio.to_thread(media.look, picture, new.name)
            own = {**new.own, "videoSha1": sha1s[1].hexdigest()}
            return await library.store(zipped, replace(new, kind=LIVE_PHOTO, hash=":".join(hashes), sha1=sha1s[0].hexdigest(), own=own), album, seen)
        except BaseException:
            zipped.drop()
            raise


async def _blocks(content: BinaryIO) -> AsyncIterator[bytes]:
    while block := await asyncio.to_thread(content.read, BLOCK):
        yield block


async def _summed(content: AsyncIterator[bytes], sums: Any) -> AsyncIterator[bytes]:
    async for block in content:
        sums.update(block)
        yield block


async def _zip(into: Intake, names: tuple[str, str], picture: AsyncIterator[bytes], video: AsyncIterator[bytes], *, large: bool = False) -> None:
    with zipfile.ZipFile(_Into(into), "w", zipfile.ZIP_STORED) as archive:
        for name, content in zip(names, (picture, video), strict=True):
            with archive.open(name, "w", force_zip64=large) as member:
                async for block in content:
                    await asyncio.to_thread(member.write, block)


__all__ = ["id_by_part", "id_by_video_sha1", "join", "photo_of_video", "put", "unite", "video_id"]
