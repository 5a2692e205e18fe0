"""The library of several people as it should be: albums, shares, files, trash, ledger. Plain data, no server, no stamps."""

from __future__ import annotations

from dataclasses import dataclass, field

RANK = {"VIEWER": 1, "COLLABORATOR": 2, "ADMIN": 3, "OWNER": 4}


@dataclass
class Album:
    owner: int
    sharees: dict[int, str] = field(default_factory=dict)
    files: dict[int, str | None] = field(default_factory=dict)  # live file → None, or REMOVE when an admin asked for it
    deleted: bool = False

    def role(self, user: int) -> str | None:
        return "OWNER" if user == self.owner else self.sharees.get(user)


@dataclass
class Photo:
    owner: int
    size: int
    state: str = "live"  # live, trash, gone


@dataclass
class Library:
    """Each method is one request: it answers whether the server must accept it, and then makes the change."""

    albums: dict[int, Album] = field(default_factory=dict)
    photos: dict[int, Photo] = field(default_factory=dict)

    # --- what one person's client shows
    def view(self, user: int) -> dict[int, set[int]]:
        """Visible album → its visible files."""
        out = {}
        for cid, album in self.albums.items():
            if not album.deleted and album.role(user):
                out[cid] = {f for f, asked in album.files.items() if asked is None or self.photos[f].owner == user}
        return out

    def trash(self, user: int) -> set[int]:
        return {f for f, p in self.photos.items() if p.owner == user and p.state == "trash"}

    def usage(self, user: int) -> int:
        return sum(p.size for p in self.photos.values() if p.owner == user and p.state != "gone")

    def may_read(self, user: int, file: int) -> bool:
        p = self.photos[file]
        if p.state == "gone":
            return False
        return p.owner == user or any(file in a.files and not a.deleted and a.role(user) for a in self.albums.values())

    # --- requests
    def rank(self, user: int, cid: int) -> int:
        album = self.albums[cid]
        return 0 if album.deleted else RANK.get(album.role(user) or "", 0)

    def share(self, actor: int, cid: int, other: int, role: str) -> bool:
        ok = self.rank(actor, cid) >= 3 and other not in (actor, self.albums[cid].owner)
        if ok:
            self.albums[cid].sharees[other] = role
        return ok

    def unshare(self, actor: int, cid: int, other: int) -> bool:
        album = self.albums[cid]
        ok = self.rank(actor, cid) >= 3 and other != actor and other in album.sharees  # who is not in it has no account, as far as this tells
        if ok:
            self._part(cid, other)
        return ok

    def leave(self, actor: int, cid: int) -> bool:
        if self.albums[cid].owner == actor:
            return False
        self._part(cid, actor)
        return True

    def _part(self, cid: int, user: int) -> None:
        album = self.albums[cid]
        if album.sharees.pop(user, None):
            album.files = {f: a for f, a in album.files.items() if self.photos[f].owner != user}

    def add(self, actor: int, cid: int, files: list[int]) -> bool:
        ok = self.rank(actor, cid) >= 2 and bool(files) and all(self._mine(actor, f) == "live" for f in files)
        if ok:
            self.albums[cid].files.update(dict.fromkeys(files))
        return ok

    def _mine(self, actor: int, file: int) -> str | None:
        p = self.photos[file]
        return p.state if p.owner == actor else None

    def move(self, actor: int, src: int, dst: int, files: list[int]) -> bool:
        ok = src != dst and self.rank(actor, src) == self.rank(actor, dst) == 4
        ok = ok and bool(files) and all(self._mine(actor, f) == "live" for f in files)
        if ok:
            self.albums[dst].files.update(dict.fromkeys(files))
            for f in files:
                self.albums[src].files.pop(f, None)
        return ok

    def remove(self, actor: int, cid: int, files: list[int], ever: set[tuple[int, int]]) -> bool:
        album, rank = self.albums[cid], self.rank(actor, cid)
        if not rank or any((cid, f) not in ever for f in files):
            return False
        there = [f for f in files if f in album.files and album.files[f] is None]
        owners = {self.photos[f].owner for f in there}
        if (album.owner in owners and rank != 3) or (owners - {actor, album.owner} and rank < 3):
            return False
        for f in there:
            if self.photos[f].owner == album.owner:
                album.files[f] = "REMOVE"
            else:
                del album.files[f]
        return True

    def put_in_trash(self, actor: int, cid: int, files: list[int], ever: set[tuple[int, int]]) -> bool:
        ok = bool(files) and self.albums[cid].owner == actor and not self.albums[cid].deleted
        ok = ok and all(self._mine(actor, f) in ("live", "trash") and (cid, f) in ever for f in files)
        if ok:
            self._trash(files)
        return ok

    def _trash(self, files: list[int]) -> None:
        for f in files:
            self.photos[f].state = "trash"
            for album in self.albums.values():
                album.files.pop(f, None)

    def restore(self, actor: int, cid: int, files: list[int]) -> bool:
        ok = self.rank(actor, cid) == 4 and all(self._mine(actor, f) == "trash" for f in files)
        if ok:
            self.albums[cid].files.update(dict.fromkeys(files))
            for f in files:
                self.photos[f].state = "live"
        return ok

    def delete_forever(self, actor: int, files: list[int]) -> None:
        for f in files:
            if self._mine(actor, f) == "trash":
                self.photos[f].state = "gone"

    def may_copy(self, actor: int, src: int, dst: int, files: list[int]) -> bool:
        album = self.albums[src]
        there = all(f in album.files and album.files[f] is None and self.photos[f].owner != actor for f in files)
        return bool(self.rank(actor, src)) and self.rank(actor, dst) == 4 and bool(files) and there

    def delete_album(self, actor: int, cid: int, keep: bool) -> bool:
        album = self.albums[cid]
        if album.owner != actor or (not album.deleted and keep and album.files):
            return False
        if not album.deleted:
            self._trash([f for f in album.files if self.photos[f].owner == actor])
            album.files.clear()
            album.sharees.clear()
            album.deleted = True
        return True
