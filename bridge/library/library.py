"""A linked account as its person sees it and changes it: albums, photos, uploads. Commands and faces call this; no cryptography above it.

The server's rows are in the index and kept up with what syncs bring (`holder`).
"""

from __future__ import annotations

import hashlib
import math
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import msgspec

from ..client import changes, steps, upload
from ..client.connection import Row
from ..client.crypto import b64
from ..client.errors import ClientError, Conflict, LoggedOut, Refused
from ..client.shapes import VIDEO, VISIBLE, Album, File
from ..client.stream import Sums
from ..client.upload import Ticket
from . import media
from .facts import BRIDGE
from .holder import Holder
from .holdings import Photo
from .queue import Intake

BLOCK = 1024 * 1024


@dataclass(frozen=True)
class New:
    """What is said about an upload. Times in µs; 0: look into the picture, then at the name. `fallback`: a time for when nothing else says one.
    `duration` in seconds. `visibility`: VISIBLE, ARCHIVED or HIDDEN. `own`: what the bridge notes besides id and SHA-1. A live photo has its `kind`,
    and as `hash` and `sha1` not those of the zip."""

    name: str
    created: int = 0
    modified: int = 0
    caption: str = ""
    place: tuple[float, float] | None = None
    fallback: int = 0
    duration: float = 0
    visibility: int = VISIBLE
    own: Mapping[str, Any] = field(default_factory=dict)
    kind: int | None = None
    hash: str = ""
    sha1: str = ""


@dataclass(frozen=True)
class Put:
    """An upload that is stored, or that was there before. `id` is the file's."""

    id: int
    duplicate: bool


@dataclass(frozen=True)
class Accepted:
    """An upload that is not lost any more. `id` is the one for tools. `ticket`: it waits in the journal; else it is the file `file_id`."""

    id: str
    duplicate: bool
    ticket: Ticket | None = None
    file_id: int = 0


class Library(Holder):
    """`async with Library(folder, link) as library`. The caller holds `vault.alone(folder)`.

    `photos`: all that are in an album; `binned`: those in the trash that can be opened. Both are opened one by one when they are asked for: what is
    asked of many is asked of `search`. `version` grows with every change that a sync brought: whoever derives something keeps it until then.
    Any number of tasks of one event loop may use a library at once.
    """

    # -- albums -----------------------------------------------------------------------------------

    async def album_named(self, name: str) -> Album:
        """One's own album of this name, made where there is none."""
        found = [album for album in self.own_albums() if album.name == name and album.kind in ("album", "folder") and not album.hidden]
        return min(found, key=lambda album: album.id) if found else await self.create_album(name)

    async def create_album(self, name: str, kind: str = "album", private: Row | None = None) -> Album:
        row, album = await changes.create_album(self.connection, self.keys, name, kind, private)
        await self.sync()
        return self.albums.get(row["id"], album)

    async def uncategorized(self) -> Album:
        """Where uploads go that name no album; there is one of it."""
        return await self._only("uncategorized", "Uncategorized")

    async def favourites(self) -> Album:
        """The album of favourites; there is one of it."""
        return await self._only("favorites", "Favorites")

    async def _only(self, kind: str, name: str) -> Album:
        async with self.alone(kind):
            for album in self.own_albums():
                if album.kind == kind:
                    return album
            return await self.create_album(name, kind)

    async def rename_album(self, album: Album, name: str) -> None:
        await changes.rename_album(self.connection, album, name)
        await self.sync()

    async def change_album(self, album: Album, edit: Callable[[dict[str, Any]], None], *, public: bool) -> None:
        """Merges a change into the metadata of one's own album."""
        await changes.change_album(self.connection, album, edit, public=public)
        await self.sync()

    async def delete_album(self, album: Album) -> None:
        """The album and none of its photos: those that are nowhere else become uncategorized."""
        await self.remove(self.facts.in_album(album.id), album)
        await changes.delete_album(self.connection, album.id, keep_files=True)
        await self.sync()

    async def remove(self, photo_ids: Iterable[int], album: Album) -> list[int]:
        """Takes photos out of an album, and never out of the library; those that were in it."""
        found = [self.photos[n] for n in photo_ids if n in self.photos and album.id in self.photos[n].places]
        by_target: dict[int, list[File]] = {}
        for photo in found:
            own = photo.file.owner_id == self.keys.user_id and album.owner_id == self.keys.user_id
            elsewhere = [n for n in photo.places if n != album.id and n in self.albums and self.albums[n].owner_id == self.keys.user_id]
            target = min(elsewhere, default=-1) if own else 0
            by_target.setdefault(target, []).append(photo.places[album.id])
        for target, files in by_target.items():
            if target == 0:
                await changes.remove(self.connection, [file.id for file in files], album)
            else:  # the owner's own files leave an album only for another one
                into = await self.uncategorized() if target < 0 else self.albums[target]
                if into.id != album.id:
                    await changes.move(self.connection, files, album.id, into)
        await self.sync()
        return [photo.file.id for photo in found if album.id not in photo.places]

    async def add(self, photo_ids: Iterable[int], album: Album) -> list[int]:
        """Puts one's own photos into one's own album; those that were not there. Those that were only uncategorized are moved."""
        new = [self.photos[n] for n in photo_ids if n in self.photos and album.id not in self.photos[n].places]
        new = [photo for photo in new if photo.file.owner_id == self.keys.user_id]
        by_source: dict[int, list[File]] = {}
        for photo in new:
            only = next(iter(photo.places)) if len(photo.places) == 1 else 0
            loose = only and self.albums[only].kind == "uncategorized"
            by_source.setdefault(only if loose else 0, []).append(photo.file)
        for source, files in by_source.items():
            if source:
                await changes.move(self.connection, files, source, album)
            else:
                await changes.add(self.connection, files, album)
        await self.sync()
        return [photo_id for photo_id in {file.id for files in by_source.values() for file in files} if photo_id in self.photos]

    async def trash(self, photo_ids: Iterable[int]) -> None:
        """One's own photos, out of every album."""
        await changes.trash(self.connection, [self.photos[n].file for n in photo_ids if n in self.photos])
        await self.sync()

    async def restore(self, photo_ids: Iterable[int]) -> list[int]:
        """Out of the trash, into the album each was in, or where that is gone among the uncategorized; those that were in the trash."""
        by_album: dict[int, list[File]] = {}
        for file in [self.binned[n].file for n in photo_ids if n in self.binned]:
            home = self.albums.get(file.album_id)
            target = home if home and home.owner_id == self.keys.user_id else await self.uncategorized()
            by_album.setdefault(target.id, []).append(file)
        for album_id, files in by_album.items():
            await changes.restore(self.connection, files, self.albums[album_id])
        await self.sync()
        return [file.id for files in by_album.values() for file in files]

    async def delete_for_ever(self, photo_ids: Iterable[int]) -> None:
        """Photos in the trash, and nobody gets them back."""
        if there := [n for n in photo_ids if n in self.trashed]:
            await changes.delete_for_ever(self.connection, there)
            await self.sync()

    async def change(self, photo_id: int, edit: Any, *, public: bool) -> None:
        """Merges a change into a photo's metadata (`changes.change_file`)."""
        await self._change(photo_id, edit, public)
        await self.sync()

    async def change_many(self, photo_ids: Iterable[int], edit: Callable[[dict[str, Any]], None], *, public: bool) -> None:
        """The same change for many of one's own photos, in few requests. `edit` may be applied more than once to the same photo."""
        files = [self.photos[n].file for n in dict.fromkeys(photo_ids)]
        for some in changes.batches(files):
            try:
                await changes.change_files(self.connection, some, edit, public=public)
            except Conflict:  # somebody changed one of them in between: each by itself, with what it says now
                await self.sync()
                for file in some:
                    await self._change(file.id, edit, public)
        await self.sync()

    async def _change(self, photo_id: int, edit: Any, public: bool) -> None:
        async def again() -> File:
            await self.sync()
            if photo_id not in self.photos:
                raise ClientError(f"file {photo_id} is gone")
            return self.photos[photo_id].file

        await changes.change_file(self.connection, self.photos[photo_id].file, edit, again, public=public)

    # -- uploads ----------------------------------------------------------------------------------

    def intake(self, key: bytes | None = None) -> Intake:
        """For a content that arrives in pieces; `store` takes it from there. `key`: of the file that it is for. Raises `ReadOnly`."""
        self.connection.may_write()
        return self.queue.intake(str(uuid.uuid4()), key)

    async def put(self, content: BinaryIO, new: New, album: Album, tell: upload.Tell = lambda _: None) -> Put:
        """A content from a file of this machine, unless it is there; then it is only added to the album."""
        if made := await self.put_again(hash_of(content), album, tell):
            return made
        content.seek(0)
        intake = self.intake()
        while block := content.read(BLOCK):
            intake.feed(block)
        intake.finish()
        content.seek(0)
        return await self.store(intake, new, album, media.look(content, new.name), tell)

    async def put_again(self, content_hash: str, album: Album, tell: upload.Tell = lambda _: None) -> Put | None:
        """A content that is there, or on its way, is only added to the album; None: it is not."""
        known = self._known(content_hash)
        if known is None:
            return None
        made = await self._stored(known, tell)
        if made.id in self.photos:
            await self.add([made.id], album)
        return made

    async def store(self, intake: Intake, new: New, album: Album, seen: media.Found, tell: upload.Tell = lambda _: None) -> Put:
        """A finished intake becomes a file of this album; returns when the server has it. What stops it is tried again by `resume`."""
        return await self._stored(await self.accept(intake, new, album, seen), tell)

    async def _stored(self, accepted: Accepted, tell: upload.Tell) -> Put:
        file_id = await self.deliver(accepted.ticket, tell) if accepted.ticket else accepted.file_id
        return Put(file_id, accepted.duplicate)

    async def accept(self, intake: Intake, new: New, album: Album, seen: media.Found, replaces: Iterable[int] = ()) -> Accepted:
        """A finished intake goes into the journal, unless its content is there or waits already: from then on it is not lost. `deliver` sends it, and
        then the files that it `replaces` go to the trash."""
        sums = intake.sums
        kind = new.kind if new.kind is not None else media.kind_of(new.name)
        if sums is None or kind is None:
            raise ValueError("an intake that is not finished, or of no known kind")
        content_hash = new.hash or sums.hash
        if known := self._known(content_hash):
            intake.drop()
            return known
        about = (
            _metadata(new, kind, content_hash, seen),
            seen.public | ({"caption": new.caption} if new.caption else {}),
            _private(new, intake, sums),
        )
        ticket, thumbnail = upload.ticket(intake.id, (album.id, album.key), intake.key, sums, seen.thumbnail, about)
        ticket.hash, ticket.sha1 = content_hash, new.sha1 or ticket.sha1
        ticket.replaces = list(replaces)
        ticket.macs, ticket.details = sums.macs if len(sums.macs) > 8 else b"", seen.details
        self.queue.add(ticket, thumbnail)  # nothing was waited for since `_known`
        intake.kept = True
        return Accepted(ticket.id, duplicate=False, ticket=ticket)

    def _known(self, content_hash: str) -> Accepted | None:
        if number := self.by_hash(content_hash):
            return Accepted(self.uuid_of(self.photos[number]), duplicate=True, file_id=number)
        waiting = next((ticket for ticket in self.queue.waiting() if ticket.hash == content_hash), None)
        return Accepted(waiting.id, duplicate=True, ticket=waiting) if waiting else None

    async def deliver(self, ticket: Ticket, tell: upload.Tell = lambda _: None, *, then_sync: bool = True) -> int:
        """Sends what is left of an upload; the file's id. One whose album is gone becomes uncategorized."""
        async with self.alone(ticket.id):
            if self.queue.find(ticket.id) is None:  # another task has sent it
                await self.sync()
                return self.by_hash(ticket.hash) or ticket.file_id
            try:
                file_id = await self.queue.send(self.connection, ticket, tell)
            except Refused as e:
                if ticket.updates and 400 <= e.status < 500 and e.status not in (401, 402, 408, 426, 429):
                    self.queue.forget(ticket)  # the file is gone or another one by now, and what was to go into it is where it was
                if e.status not in (403, 404) or ticket.updates:
                    raise
                await self.sync()
                if ticket.album_id in self.albums:
                    raise
                album = await self.uncategorized()
                ticket.put_into(album.id, album.key)
                self.queue.save(ticket)
                file_id = await self.queue.send(self.connection, ticket, tell)
            if ticket.replaces:
                await self.sync()
                await self.trash(ticket.replaces)
                steps.reached("replaced trashed")
            self.queue.forget(ticket)
        if ticket.macs:  # so that nobody has to ask for them to seek
            self.index.set_note(file_id, f"macs {ticket.content.header.hex()}", ticket.macs)
        if ticket.details:
            self.index.set_note(file_id, "exif", msgspec.json.encode(ticket.details))
        if then_sync:
            await self.sync()
        return file_id

    async def resume(self, tell: upload.Tell = lambda _: None) -> list[str]:
        """Sends what an earlier run left. What the server refuses waits on, and one line is said of each; the others are not held up."""
        waiting, refused = self.queue.waiting(), []
        for ticket in waiting:
            try:
                await self.deliver(ticket, tell, then_sync=False)
            except LoggedOut:
                raise
            except Refused as e:
                refused.append(f"upload {ticket.id} waits: {e}")
        if waiting:
            await self.sync()
        return refused


def _metadata(new: New, kind: int, content_hash: str, seen: media.Found) -> Row:
    taken = new.created or seen.taken or new.fallback or new.modified
    made: Row = {"title": new.name, "fileType": kind, "creationTime": taken, "modificationTime": new.modified or taken, "hash": content_hash}
    if place := new.place or seen.place:
        made["latitude"], made["longitude"] = place
    if seen.static_thumbnail:
        made["hasStaticThumbnail"] = True
    if (duration := new.duration or seen.duration) and kind == VIDEO:
        made["duration"] = math.ceil(duration)
    return made


def _private(new: New, intake: Intake, sums: Sums) -> Row:
    own = {"id": intake.id, **new.own, "sha1": new.sha1 or sums.sha1.hex()}
    return {BRIDGE: own} | ({"visibility": new.visibility} if new.visibility != VISIBLE else {})


def hash_of(content: BinaryIO) -> str:
    """As Ente's clients write it into a file's metadata."""
    summed = hashlib.blake2b(digest_size=64)
    while block := content.read(BLOCK):
        summed.update(block)
    return b64(summed.digest())


__all__ = ["BRIDGE", "Library", "New", "Photo", "Put", "hash_of"]
