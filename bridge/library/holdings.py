"""What an account holds, at hand without being in memory: rows of the index are opened when somebody asks, facts are kept for questions.

100,000 photos cost about 40 MB here; opened in full they would cost ten times as much.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from ..client.connection import Row
from ..client.errors import Damaged
from ..client.keys import Keys
from ..client.shapes import VISIBLE, Album, File, open_album, open_file
from ..client.sync import Batch
from . import places
from .facts import BRIDGE, Fact, Facts, fact_of
from .index import TRASH, Index, SealedFact

FACTS = 3
"""Version of what `fact_of` makes of a row."""
OPEN = 512
"""How many opened photos are kept."""
T = TypeVar("T")


@dataclass
class Photo:
    """A file and the albums that it is in: album → the file as that album wraps it."""

    places: dict[int, File] = field(default_factory=dict)

    @property
    def file(self) -> File:
        return self.places[min(self.places)]

    @property
    def own(self) -> dict[str, Any]:
        """What the bridge noted about it."""
        found = self.file.private.values.get(BRIDGE)
        return found if isinstance(found, dict) else {}

    @property
    def archived(self) -> bool:
        return bool(self.file.private.values.get("visibility", VISIBLE) != VISIBLE)


class Opened(Mapping[int, T]):
    """Things by their number, opened when they are asked for."""

    def __init__(self, ids: Callable[[], list[int]], open_one: Callable[[int], T | None]) -> None:
        self._ids, self._open = ids, open_one
        self._kept: OrderedDict[int, T] = OrderedDict()

    def __getitem__(self, number: int) -> T:
        if (kept := self._kept.get(number)) is not None:
            self._kept.move_to_end(number)
            return kept
        found = self._open(number)
        if found is None:
            raise KeyError(number)
        self._kept[number] = found
        if len(self._kept) > OPEN:
            self._kept.popitem(last=False)
        return found

    def __iter__(self) -> Iterator[int]:
        return iter(self._ids())

    def __len__(self) -> int:
        return len(self._ids())

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and (number in self._kept or self._open(number) is not None)

    def forget(self, number: int) -> None:
        self._kept.pop(number, None)

    def forget_all(self) -> None:
        self._kept.clear()


class Photos(Opened[Photo]):
    """Those that are in an album: presence and number are read from facts."""

    def __init__(self, facts: Facts, open_one: Callable[[int], Photo | None]) -> None:
        super().__init__(lambda: list(facts), open_one)
        self._facts = facts

    def __len__(self) -> int:
        return len(self._facts)

    def __contains__(self, number: object) -> bool:
        return number in self._facts


class Holdings:
    """Everything that syncs brought. `photos`, `binned` (in the trash, where it opens) and `trashed` (its rows) are read-only mappings."""

    def __init__(self, index: Index, keys: Keys, snapshot: Path) -> None:
        self.index, self.keys, self._snapshot = index, keys, snapshot
        self.albums: dict[int, Album] = {}
        self.album_keys: dict[int, bytes] = {}
        self.facts = Facts()
        self.photos = Photos(self.facts, self._open)
        self.binned: Opened[Photo] = Opened(self.facts.trashed_ids, self._open_trashed)
        self.trashed: Opened[Row] = Opened(index.trash_ids, index.in_trash)
        self._broken_albums: dict[int, str] = {}
        self._kept_at = -1
        for row in index.albums():
            self._album(row)
        if not self._restore():
            self._load()

    @property
    def damaged(self) -> set[str]:
        """One line for each row that does not open."""
        return {*self._broken_albums.values(), *self.facts.damaged()}

    # -- start ------------------------------------------------------------------------------------

    def _restore(self) -> bool:
        """From the last snapshot, where nothing happened since."""
        try:
            plain = self.index.unseal(self._snapshot.read_bytes())
        except OSError:
            return False
        mark = self._mark()
        if plain is None or plain[: len(mark)] != mark or not self.facts.restore(plain[len(mark) :]):
            return False
        self._kept_at = self.index.generation()
        return True

    def keep(self) -> None:
        """Writes a snapshot where something changed since the last; the next start is quick."""
        if (now := self.index.generation()) == self._kept_at:
            return
        new = self._snapshot.with_name(self._snapshot.name + ".new")
        new.write_bytes(self.index.seal(self._mark() + self.facts.dump()))
        new.replace(self._snapshot)
        self._kept_at = now

    def _mark(self) -> bytes:
        return f"{_version()} {self.index.generation()}\n".encode()

    def _load(self) -> None:
        if self.index.forget_facts(_version()):
            for row in self.index.files():
                self.index.set_facts([self._sealed(row)])
            for row in self.index.trash():
                self.index.set_facts([self._sealed_trash(row)])
        self.facts.load(self._stored())
        for file_id, album_id in self._unread:
            self._explain(file_id, album_id)

    def _stored(self) -> Iterator[tuple[int, Fact]]:
        decoder, unseal = msgspec.msgpack.Decoder(Fact), self.index.unseal
        self._unread: list[tuple[int, int]] = []
        for file_id, album_id, sealed in self.index.facts():
            plain = unseal(sealed) if sealed else None
            if plain is None:
                self._unread.append((file_id, album_id))
            else:
                yield album_id, decoder.decode(plain)

    def _explain(self, file_id: int, album_id: int) -> None:
        """A row without a fact: its album is known by now, or it says again why it does not open."""
        rows = [self.index.in_trash(file_id)] if album_id == TRASH else self.index.places_of(file_id)
        for row in rows:
            if row and (album_id == TRASH or row["collectionID"] == album_id):
                sealed = self._sealed_trash(row) if album_id == TRASH else self._sealed(row)
                if sealed[2]:
                    self.index.set_facts([sealed])
                    self._add(sealed)
                    self.facts.settle([file_id])

    # -- changes ----------------------------------------------------------------------------------

    def apply(self, batch: Batch) -> None:
        """Keeps what a sync brought, on the disk and here."""
        for row in batch.albums:
            self._album(row)
        sealed = [self._sealed(row) for row in batch.files] + [self._sealed_trash(row) for row in batch.trash]
        self.index.apply(batch, sealed)
        for album_id in batch.gone_albums:
            self.albums.pop(album_id, None)
            self._broken_albums.pop(album_id, None)
            self.facts.drop_album(album_id)
        for key in batch.gone_files:
            self.facts.drop(*key)
        for file_id in batch.gone_trash:
            self.facts.drop_trashed(file_id)
        for one in sealed:
            self._add(one)
        touched = {file_id for file_id, _, _ in sealed} | {file_id for file_id, _ in batch.gone_files} | set(batch.gone_trash)
        whole = bool(batch.albums or batch.gone_albums)
        if whole or touched:
            self.facts.settle(None if whole else sorted(touched))
        for kept in (self.photos, self.binned, self.trashed):
            if whole:
                kept.forget_all()
            for file_id in touched:
                kept.forget(file_id)

    def _album(self, row: Row) -> None:
        try:
            album = open_album(row, self.keys)
        except Damaged as e:
            self._broken_albums[row["id"]] = str(e)
            return
        self._broken_albums.pop(album.id, None)
        self.albums[album.id], self.album_keys[album.id] = album, album.key
        self.facts.album(album, own=album.owner_id == self.keys.user_id)

    def unknown_albums(self) -> set[int]:
        """Of files in the trash, whose albums are gone."""
        opened = set(self.facts.trashed_ids())
        rows = (self.trashed[n] for n in self.index.trash_ids() if n not in opened)
        return {row["file"].get("collectionID", 0) for row in rows} - set(self.album_keys) - set(self._broken_albums) - {0}

    def learn_key(self, row: Row) -> None:
        """Of an album that is gone and whose files are in the trash."""
        try:
            self.album_keys[row["id"]] = open_album(row, self.keys).key
        except Damaged as e:
            self._broken_albums[row["id"]] = str(e)
            return
        for one in [row for row in self.index.trash() if row["file"].get("collectionID") not in self.albums]:
            sealed = self._sealed_trash(one)
            if sealed[2]:
                self.index.set_facts([sealed])
                self._add(sealed)
                self.facts.settle([sealed[0]])
                self.binned.forget(sealed[0])

    def _sealed(self, row: Row) -> SealedFact:
        """The fact of a row as it is kept; empty where the row does not open."""
        key = self.album_keys.get(row["collectionID"])
        return self._seal(row["id"], row["collectionID"], lambda: fact_of(open_file(row, key), added=_added(row)) if key else None)

    def _sealed_trash(self, row: Row) -> SealedFact:
        file = row["file"]
        key = self.album_keys.get(file.get("collectionID", 0))
        return self._seal(
            file["id"], TRASH, lambda: fact_of(open_file(file, key), added=_added(file), trashed=int(row.get("updatedAt") or 1)) if key else None
        )

    def _seal(self, file_id: int, album_id: int, make: Callable[[], Fact | None]) -> SealedFact:
        try:
            fact = make()
        except (Damaged, KeyError, TypeError, ValueError) as e:
            self.facts.note_damage(file_id, album_id, str(e) if isinstance(e, Damaged) else f"file {file_id} is no row of a file")
            return file_id, album_id, b""
        self.facts.note_damage(file_id, album_id, "")
        return file_id, album_id, self.index.seal(msgspec.msgpack.encode(fact)) if fact else b""

    def _add(self, one: SealedFact) -> None:
        file_id, album_id, sealed = one
        if not sealed:
            self.facts.drop(file_id, album_id)  # what it said before is not what it says now
        elif plain := self.index.unseal(sealed):
            self.facts.add(album_id, msgspec.msgpack.decode(plain, type=Fact))

    # -- opening ----------------------------------------------------------------------------------

    def _open(self, file_id: int) -> Photo | None:
        photo = Photo()
        if file_id not in self.facts:
            return None
        for row in self.index.places_of(file_id):
            if album := self.albums.get(row["collectionID"]):
                try:
                    photo.places[album.id] = open_file(row, album.key)
                except Damaged:
                    continue  # told by `damaged`
        if not photo.places:
            return None
        newest = max(photo.places.values(), key=lambda file: file.updated)
        for album_id, file in photo.places.items():  # the metadata is the file's, whichever album brought it
            if file.updated < newest.updated:
                photo.places[album_id] = _with_metadata(file, newest)
        return photo

    def _open_trashed(self, file_id: int) -> Photo | None:
        row = self.index.in_trash(file_id)
        key = self.album_keys.get(row["file"].get("collectionID", 0)) if row else None
        if row is None or key is None:
            return None
        try:
            file = open_file(row["file"], key)
        except (Damaged, KeyError):
            return None
        return Photo({file.album_id: file})


def _version() -> int:
    return FACTS * 2 + places.installed()


def _added(row: Row) -> int:
    return int(row.get("collectionAddedAt") or row.get("createdAt") or 0)


def _with_metadata(old: File, new: File) -> File:
    return File(
        old.id, old.album_id, old.owner_id, old.key, new.metadata, new.private, new.public,
        new.content_header, new.thumbnail_header, new.content_size, new.updated,
    )  # fmt: skip


__all__ = ["Holdings", "Photo"]
