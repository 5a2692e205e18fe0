"""A device's local copy, kept as the real clients keep it: cursors, per-album marks, tombstones (client.md 13).

Knows the wire rows only; keys are the device's business. Raises AssertionError where the server breaks a sync rule.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.clients.api import Api

Row = dict[str, Any]


@dataclass
class Mirror:
    """`files` by (id, album id); `trash` by file id. `fetched` lists the albums the last sync asked a diff for."""

    albums: dict[int, Row] = field(default_factory=dict)
    files: dict[tuple[int, int], Row] = field(default_factory=dict)
    trash: dict[int, Row] = field(default_factory=dict)
    since: int = 0
    trash_since: int = 0
    marks: dict[int, int] = field(default_factory=dict)
    fetched: list[int] = field(default_factory=list)

    def sync(self, api: Api) -> None:
        """Albums, then the diffs of changed albums, then the trash."""
        self.fetched = []
        for album in api.get("/collections/v2", sinceTime=self.since)["collections"]:
            self.since = max(self.since, album["updationTime"])
            if album.get("isDeleted"):
                self._forget(album["id"])
            else:
                self.albums[album["id"]] = album
        for album in list(self.albums.values()):
            self._sync_album(api, album)
        self._sync_trash(api)

    def _forget(self, album_id: int) -> None:
        self.albums.pop(album_id, None)
        self.marks.pop(album_id, None)
        for key in [key for key in self.files if key[1] == album_id]:
            del self.files[key]

    def _sync_album(self, api: Api, album: Row) -> None:
        mark = self.marks.get(album["id"], 0)
        if album["updationTime"] <= mark:
            return
        self.fetched.append(album["id"])
        more = True
        while more:
            page = api.get("/collections/v2/diff", collectionID=album["id"], sinceTime=mark)
            more = page["hasMore"]
            self._apply(page["diff"], mark)
            mark = max([mark, *(row["updationTime"] for row in page["diff"])])
            assert page["diff"] or not more, "hasMore with an empty page would loop for ever"
        newest = self.albums[album["id"]]["updationTime"]
        self.marks[album["id"]] = max(mark, newest)

    def _apply(self, rows: list[Row], after: int) -> None:
        times = [row["updationTime"] for row in rows]
        assert times == sorted(times), "a diff must ascend by updationTime"
        assert all(time > after for time in times), "a diff starts strictly after its cursor"
        for row in rows:
            key = (row["id"], row["collectionID"])
            if row["isDeleted"]:
                self.files.pop(key, None)
            else:
                self.files[key] = row

    def _sync_trash(self, api: Api) -> None:
        more = True
        while more:
            page = api.get("/trash/v2/diff", sinceTime=self.trash_since)
            more = page["hasMore"]
            assert page["diff"] or not more, "hasMore with an empty page would loop for ever"
            for row in page["diff"]:
                self.trash_since = max(self.trash_since, row["updatedAt"])
                if row["isDeleted"] or row["isRestored"]:
                    self.trash.pop(row["file"]["id"], None)
                else:
                    self.trash[row["file"]["id"]] = row

    def in_album(self, album_id: int) -> list[Row]:
        return [row for (_, album), row in sorted(self.files.items()) if album == album_id]

    def state(self) -> tuple[Any, ...]:
        """What two devices of one person must agree on."""
        return sorted(self.albums), sorted(self.files), sorted(self.trash)
