"""What one client keeps, built from diffs alone by the rules of the real clients (client.md §13)."""

from __future__ import annotations

from typing import Any

from tests.inprocess import Person


class Mirror:
    def __init__(self, who: Person) -> None:
        self.who = who
        self.cursor = self.trash_cursor = 0
        self.albums: dict[int, dict[str, Any]] = {}
        self.seen: dict[int, int] = {}
        self.files: dict[int, dict[int, dict[str, Any]]] = {}
        self.trash: set[int] = set()

    async def sync(self) -> None:
        for album in (await self.who.get(f"/collections/v2?sinceTime={self.cursor}")).json()["collections"]:
            assert album["updationTime"] > self.cursor or album["updationTime"] > 0
            cid = album["id"]
            if album.get("isDeleted"):
                for kept in (self.albums, self.seen, self.files):
                    kept.pop(cid, None)
            else:
                self.albums[cid] = album
        versions = [a["updationTime"] for a in self.albums.values()]
        self.cursor = max([self.cursor, *versions])
        for cid, album in self.albums.items():
            if album["updationTime"] > self.seen.get(cid, 0):
                await self._sync_files(cid, album["updationTime"])
        await self._sync_trash()

    async def _sync_files(self, cid: int, version: int) -> None:
        since, more = self.seen.get(cid, 0), True
        kept = self.files.setdefault(cid, {})
        while more:
            page = (await self.who.get(f"/collections/v2/diff?collectionID={cid}&sinceTime={since}")).json()
            more = page["hasMore"]
            stamps = [f["updationTime"] for f in page["diff"]]
            assert stamps == sorted(stamps)
            assert all(s > since for s in stamps)
            assert all(s <= version for s in stamps), "an album is never older than what is in it"
            for f in page["diff"]:
                kept.pop(f["id"], None)
                if not f["isDeleted"]:
                    kept[f["id"]] = f
            since = max([since, *stamps])
        self.seen[cid] = max(since, version)

    async def _sync_trash(self) -> None:
        page = (await self.who.get(f"/trash/v2/diff?sinceTime={self.trash_cursor}")).json()
        assert page["hasMore"] is False
        for t in page["diff"]:
            assert t["updatedAt"] > self.trash_cursor
            self.trash.discard(t["file"]["id"])
            if not t["isDeleted"] and not t["isRestored"]:
                self.trash.add(t["file"]["id"])
        self.trash_cursor = max([self.trash_cursor, *(t["updatedAt"] for t in page["diff"])])

    def view(self) -> dict[int, set[int]]:
        return {cid: set(self.files.get(cid, {})) for cid in self.albums}
