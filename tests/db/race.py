"""Many writers and a few readers over the same shared albums, and what a reader may never see: a change missed, a cursor that goes in circles.

Runs over anything that answers `call(person, method, path, body) -> (status, JSON)`. What each writer does follows from a seed; in which order
the server gets to it does not. Readers keep cursors exactly as the apps do (the album list's, one mark an album, the trash's).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
Call = Callable[["Somebody", str, str, Any], Awaitable[tuple[int, Any]]]
FINE = {200, 400, 403, 404, 409}  # writers of one person get in each other's way: a refusal is an answer, a 5xx is not
KEY, NONCE = "a2V5", "bm9uY2U="


@dataclass
class Somebody:
    """A session; `home` and `spare` are the person's own albums, `home` shared with everybody in the race."""

    name: str
    email: str
    user_id: int
    token: str
    home: int = 0
    spare: int = 0
    files: list[int] = field(default_factory=list)  # committed and not yet deleted for good, as far as anybody knows


@dataclass
class Race:
    """The shared state: `said` maps a shared album to the files whose arrival there was acknowledged."""

    call: Call
    stage: Callable[[Somebody], Awaitable[str]]
    owners: list[Somebody]
    seed: int
    said: dict[int, set[int]] = field(default_factory=dict)
    done: bool = False
    counts: dict[str, int] = field(default_factory=dict)

    async def ask(self, who: Somebody, method: str, path: str, body: Any = None, what: str = "") -> tuple[int, Any]:
        status, answer = await self.call(who, method, path, body)
        assert status in FINE, f"{method} {path}: {status} {answer}"
        if what:
            self.counts[f"{what} {status}"] = self.counts.get(f"{what} {status}", 0) + 1
        return status, answer


# --- writers
async def write(race: Race, who: Somebody, number: int, most: int) -> None:
    """Up to `most` changes, as the seed says, until the race is over."""
    chance = random.Random(race.seed * 1000 + number)
    for _ in range(most):
        if race.done:
            return
        await chance.choices([commit, add, move, trash, restore, magic, remove, delete], [30, 15, 12, 8, 8, 14, 6, 2])[0](race, who, chance)


async def commit(race: Race, who: Somebody, chance: random.Random) -> None:
    album = chance.choice([who.home, who.home, who.spare])
    body = {
        "collectionID": album,
        "encryptedKey": KEY,
        "keyDecryptionNonce": NONCE,
        "file": {"objectKey": await race.stage(who), "decryptionHeader": "aA=="},
        "thumbnail": {"objectKey": await race.stage(who), "decryptionHeader": "aA=="},
        "metadata": {"encryptedData": "bQ==", "decryptionHeader": "aA=="},
    }
    status, made = await race.ask(who, "POST", "/files", body, "commit")
    assert status == 200, made
    who.files.append(made["id"])
    race.said.setdefault(album, set()).add(made["id"])


def _items(ids: list[int]) -> list[Json]:
    return [{"id": i, "encryptedKey": KEY, "keyDecryptionNonce": NONCE} for i in ids]


def _some(who: Somebody, chance: random.Random) -> list[int]:
    return chance.sample(who.files, min(len(who.files), chance.choice([1, 1, 2, 5])))


async def add(race: Race, who: Somebody, chance: random.Random) -> None:
    album, ids = chance.choice(race.owners).home, _some(who, chance)
    status, _ = await race.ask(who, "POST", "/collections/add-files", {"collectionID": album, "files": _items(ids)}, "add")
    if status == 200:
        race.said.setdefault(album, set()).update(ids)


async def move(race: Race, who: Somebody, chance: random.Random) -> None:
    source, target = chance.sample([who.home, who.spare], 2)
    ids = _some(who, chance)
    body = {"fromCollectionID": source, "toCollectionID": target, "files": _items(ids)}
    status, _ = await race.ask(who, "POST", "/collections/move-files", body, "move")
    if status == 200:
        race.said.setdefault(target, set()).update(ids)


async def trash(race: Race, who: Somebody, chance: random.Random) -> None:
    items = [{"fileID": i, "collectionID": chance.choice([who.home, who.spare])} for i in _some(who, chance)]
    await race.ask(who, "POST", "/files/trash", {"items": items}, "trash")


async def restore(race: Race, who: Somebody, chance: random.Random) -> None:
    """Somebody who restores looks into the trash first."""
    _, page = await race.ask(who, "GET", "/trash/v2/diff?sinceTime=0")
    there = [r["file"]["id"] for r in page["diff"] if not r["isDeleted"] and not r["isRestored"]]
    ids = chance.sample(there, min(len(there), 2))
    status, _ = await race.ask(who, "POST", "/collections/restore-files", {"collectionID": who.home, "files": _items(ids)}, "restore")
    if status == 200:
        race.said.setdefault(who.home, set()).update(ids)


async def magic(race: Race, who: Somebody, chance: random.Random) -> None:
    path = chance.choice(["/files/magic-metadata", "/files/public-magic-metadata"])
    version = chance.choice([1, 1, 2, 3])
    changes = [{"id": i, "magicMetadata": {"version": version, "count": 1, "data": "ZA==", "header": "aA=="}} for i in _some(who, chance)[:2]]
    await race.ask(who, "PUT", path, {"metadataList": changes}, "magic")


async def remove(race: Race, who: Somebody, chance: random.Random) -> None:
    other = chance.choice([p for p in race.owners if p is not who])
    await race.ask(who, "POST", "/collections/v3/remove-files", {"collectionID": other.home, "fileIDs": _some(who, chance)}, "remove")


async def delete(race: Race, who: Somebody, chance: random.Random) -> None:
    await race.ask(who, "POST", "/trash/delete", {"fileIDs": _some(who, chance)}, "delete")


# --- readers
@dataclass
class Reader:
    """One device. `rows` by (album, file), tombstones included; `times` are the stamps at which each row was ever delivered."""

    race: Race
    who: Somebody
    albums: dict[int, Json] = field(default_factory=dict)
    rows: dict[tuple[int, int], Json] = field(default_factory=dict)
    trash: dict[int, Json] = field(default_factory=dict)
    since: int = 0
    trash_since: int = 0
    marks: dict[int, int] = field(default_factory=dict)
    times: set[tuple[int, int, int]] = field(default_factory=set)
    rounds: int = 0

    async def follow(self) -> None:
        while not self.race.done:
            await self.sync()

    async def sync(self) -> None:
        """One round; whatever was acknowledged before it began is known after it."""
        self.rounds += 1
        said = {album: set(files) for album, files in self.race.said.items()}
        _, listed = await self.race.ask(self.who, "GET", f"/collections/v2?sinceTime={self.since}")
        for album in listed["collections"]:
            assert album["updationTime"] > self.since, "an album from before the cursor"
            self.albums[album["id"]] = album
        self.since = max([self.since, *(a["updationTime"] for a in listed["collections"])])
        for album in list(self.albums.values()):
            await self._diff(album)
        await self._trash()
        for album_id in self.albums:
            unseen = said.get(album_id, set()) - {f for a, f in self.rows if a == album_id}
            assert not unseen, f"{self.who.name} missed {sorted(unseen)[:5]} of album {album_id} in round {self.rounds}"

    async def _diff(self, album: Json) -> None:
        mark = self.marks.get(album["id"], 0)
        if album["updationTime"] <= mark:
            return
        more = True
        while more:
            _, page = await self.race.ask(self.who, "GET", f"/collections/v2/diff?collectionID={album['id']}&sinceTime={mark}")
            more = page["hasMore"]
            assert page["diff"] or not more, "an empty page with more to come goes in circles"
            for row in page["diff"]:
                assert row["updationTime"] > mark, "a row from before the cursor"
                seen = (album["id"], row["id"], row["updationTime"])
                assert seen not in self.times, "the same change twice"
                self.times.add(seen)
                self.rows[album["id"], row["id"]] = _lasting(row, "updationTime")
            stamps = [row["updationTime"] for row in page["diff"]]
            assert stamps == sorted(stamps)
            mark = max([mark, *stamps])
        self.marks[album["id"]] = max(mark, album["updationTime"])

    async def _trash(self) -> None:
        more = True
        while more:
            _, page = await self.race.ask(self.who, "GET", f"/trash/v2/diff?sinceTime={self.trash_since}")
            more = page["hasMore"]
            assert page["diff"] or not more, "an empty page with more to come goes in circles"
            for row in page["diff"]:
                assert row["updatedAt"] > self.trash_since, "a row from before the cursor"
                self.trash[row["file"]["id"]] = _lasting(_as_trashed(row), "updatedAt")
            self.trash_since = max([self.trash_since, *(row["updatedAt"] for row in page["diff"])])

    def state(self) -> tuple[Any, Any, Any]:
        """Everything a device knows, to the last field."""
        return self.albums, self.rows, self.trash


def _as_trashed(row: Json) -> Json:
    """A trash row without the file's metadata: a change of them while it lies there is not sent again (files.md §4.2)."""
    later = {"magicMetadata", "pubMagicMetadata", "updationTime"}
    return {**row, "file": {k: v for k, v in row["file"].items() if k not in later}}


def _lasting(row: Json, time: str) -> Json:
    """A row without what may change behind a cursor: what a tombstone says of its file, which no device reads (files.md §19 W13)."""
    return {"gone": True, time: row[time]} if row["isDeleted"] or row.get("isRestored") else row


async def run(race: Race, readers: list[Reader], writers: list[Somebody], most: int, seconds: float | None = None) -> None:
    """Until every writer has made `most` changes or the time is over; then each reader's mirror equals a fresh full sync."""
    print(f"race: seed {race.seed}")
    async with asyncio.TaskGroup() as group:
        for reader in readers:
            group.create_task(reader.follow())
        writing = [group.create_task(write(race, who, n, most)) for n, who in enumerate(writers)]
        await asyncio.wait(writing, timeout=seconds)
        race.done = True
    print(f"race: {dict(sorted(race.counts.items()))}, rounds {[r.rounds for r in readers]}")
    for reader in readers:
        await reader.sync()
        fresh = Reader(race, reader.who)
        await fresh.sync()
        for mine, theirs, what in zip(reader.state(), fresh.state(), ("albums", "files", "trash"), strict=True):
            assert mine == theirs, f"{what} of {reader.who.name} (seed {race.seed}): {_difference(mine, theirs)}"
        assert reader.rounds > 2


def _difference(mine: dict[Any, Any], theirs: dict[Any, Any]) -> list[tuple[Any, Any, Any]]:
    return [(k, mine.get(k), theirs.get(k)) for k in mine.keys() | theirs.keys() if mine.get(k) != theirs.get(k)][:3]
