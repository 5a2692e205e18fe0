"""What a linked account has: the albums and photos of the index, found and opened, and brought up to date with the server."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any, Self, TypeVar, cast

import httpx

from ..client import download
from ..client.connection import Connection
from ..client.errors import Damaged, LoggedOut, Refused
from ..client.shapes import Album, File
from ..client.sync import Batch, pull_entities, sync
from . import people
from .cache import Cache
from .contents import Contents
from .holdings import Holdings, Photo
from .identity import Identity, Kind, canonical
from .index import Index
from .one import OneAtATime
from .people import People
from .pictures import Pictures
from .queue import Queue
from .search import Entry, Search
from .vault import Link

T = TypeVar("T")
log = logging.getLogger("darkroom.bridge")


class Holder:
    """What is there, and how it is kept up to date; nothing here writes to the account. See `Library`, which is opened."""

    def __init__(
        self, folder: Path, link: Link, *, transport: httpx.AsyncBaseTransport | None = None, waits: tuple[float, ...] | None = None
    ) -> None:
        options: dict[str, Any] = {} if waits is None else {"waits": waits}
        self.link, self.keys = link, link.keys
        self.queue = Queue(folder, link.own_key)
        self.connection = Connection(link.url, token=link.token, read_only=link.read_only, transport=transport, **options)
        self.index = Index(folder / "index.sqlite", link.own_key)
        self.holdings = Holdings(self.index, link.keys, folder / "facts.sqlite.sealed")
        self.facts, self.search = self.holdings.facts, Search(self.holdings.facts)
        self.albums, self.photos = self.holdings.albums, self.holdings.photos
        self.trashed, self.binned = self.holdings.trashed, self.holdings.binned
        self.cache = Cache(folder / "cache.sqlite", link.own_key)
        self.contents = Contents(self.connection, self.index, self.cache)
        self.pictures = Pictures(self.connection, self.contents, self.cache)
        self.people = People(self.connection, self.index, link.keys, self.facts)
        self.ids = Identity(link.keys)
        self.version = 0
        self._people_changed = True
        self._syncing = asyncio.Lock()
        self._asked = self._reached = 0
        self.alone = OneAtATime()
        self._derived: dict[str, tuple[int, Any]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self.connection.close()
        self.queue.close()
        with contextlib.suppress(OSError, sqlite3.Error):  # the next start takes longer
            self.holdings.keep()
        self.cache.close()
        self.index.close()
        self.facts.close()

    @property
    def damaged(self) -> set[str]:
        """One line for each thing that does not open."""
        return self.holdings.damaged | self.people.damaged

    # -- what is there ----------------------------------------------------------------------------

    async def sync(self) -> int:
        """Brings everything up to what the server had when this was called. Many callers at once are served by one run."""
        self._asked += 1
        mine = self._asked
        async with self._syncing:
            if self._reached >= mine:
                return 0
            begun = self._asked
            changed = await sync(self.connection, self)
            changed += await self._sync_beside()
            self._reached = begun
            return changed

    async def _sync_beside(self) -> int:
        """People, and keys of deleted albums whose files are in the trash: a server that does not have them costs nothing else."""
        changed = 0
        try:
            changed = await pull_entities(self.connection, self, people.KIND)
            if self._people_changed:
                await self.people.refresh()
                self._people_changed = False
            for album_id in self.holdings.unknown_albums():
                self.holdings.learn_key((await self.connection.get(f"/collections/{album_id}"))["collection"])
        except LoggedOut:
            raise
        except (Refused, Damaged, KeyError, TypeError, ValueError) as e:
            log.warning("people or trash are not up to date: %s", e)
        return changed

    def cursor(self, name: str) -> int:
        return self.index.cursor(name)

    def album_marks(self) -> dict[int, int]:
        return self.index.album_marks()

    def apply(self, batch: Batch) -> None:
        self.holdings.apply(batch)
        self.version += bool(len(batch))
        self._people_changed |= bool(batch.entities or batch.gone_entities)

    def derived(self, name: str, make: Callable[[], T]) -> T:
        """What is made of everything that is there, made again only after a change."""
        version, held = self._derived.get(name, (-1, None))
        if version != self.version:
            version, held = self.version, make()
            self._derived[name] = (version, held)
        return cast(T, held)

    def in_album(self, album_id: int) -> list[File]:
        """Oldest first."""
        return [self.photos[n].places[album_id] for n in self.facts.in_album(album_id)]

    def shown(self, photo: Photo) -> bool:
        """Whether tools see it: what a person has hidden, or keeps in a hidden album, they do not."""
        return self.facts.is_shown(photo.file.id)

    def has_people(self) -> bool:
        """Whether Ente's apps have grouped faces into people, as far as this library was asked to know."""
        return self.index.has_entities("cgroup")

    def mine(self, photo: Photo) -> bool:
        return photo.file.owner_id == self.keys.user_id

    def by_hash(self, content_hash: str) -> int | None:
        """One's own file with this content."""
        return self.facts.by_hash(content_hash, self.keys.user_id)

    def by_sha1(self, sha1: str) -> int | None:
        """One's own file with this SHA-1 (hex), where the bridge uploaded or read it."""
        return self.facts.by_sha1(sha1, self.keys.user_id)

    def uuid_of(self, photo: Photo) -> str:
        """The id for tools: the one its upload was answered with, else one made of its number."""
        file = photo.file
        own = photo.own.get("id") if file.owner_id == self.keys.user_id else None
        return (canonical(own) if isinstance(own, str) else None) or self.ids.of(Kind.PHOTO, file.id)

    def uuid_of_entry(self, entry: Entry) -> str:
        """The same of a photo as `search` gives it."""
        return entry.uuid or self.ids.of(Kind.PHOTO, entry.id)

    def number_of(self, text: str) -> int | None:
        """The file with this id for tools, of either sort, there or in the trash."""
        number = self.ids.number(Kind.PHOTO, text)
        return number if number is not None else self.facts.by_uuid(canonical(text) or "")

    def photo_of(self, text: str, *, trash: bool = False) -> Photo | None:
        """The photo with this id for tools, of either sort; `trash`: also one in the trash."""
        number = self.number_of(text)
        if number is None:
            return None
        return self.photos.get(number) or (self.binned.get(number) if trash else None)

    def content(self, file: File) -> AsyncIterator[bytes]:
        return download.content(self.connection, file)

    async def thumbnail(self, file: File) -> bytes:
        return await download.thumbnail(self.connection, file)

    def own_albums(self) -> Iterable[Album]:
        return (album for album in self.albums.values() if album.owner_id == self.keys.user_id)
