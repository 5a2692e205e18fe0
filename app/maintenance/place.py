"""What a place of backups can do, be it a folder or a bucket, and the values that cross it."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from storage_backends import ObjectStore

from .queries import Stock
from .vault import Entry, Facts


class Damaged(Exception):
    """An object of a backup is gone, or is not what it was."""


@dataclass(frozen=True, slots=True)
class Brought:
    """An object that is in the place now: as a link, by its bytes, or (`sent` False) found there."""

    entry: Entry
    linked: bool = False
    sent: bool = True


class Place(Protocol):
    """Backups of one installation: snapshots, and objects that they share. Unfit, with a text for the operator, when it cannot be used.

    `where`: as the operator writes it. `local`: objects are files here, and may be linked. `untrusted`: secrets come here sealed or not at all.
    """

    where: str
    local: bool
    untrusted: bool

    async def claim(self, instance: str) -> None:
        """Make the place this installation's; Unfit when it is another's, or has something else in it."""
        ...

    async def tidy(self) -> None:
        """Remove what an ended run left half made."""
        ...

    async def names(self) -> list[str]:
        """Complete snapshots, the oldest first."""
        ...

    async def facts(self, name: str) -> Facts:
        """What a snapshot says of itself. Unfit when that cannot be read, or is of another format."""
        ...

    def fetched(self, name: str, *files: str) -> AbstractAsyncContextManager[Path]:
        """A folder with the files of a snapshot (all, or these), not to be written to."""
        ...

    def begun(self, name: str) -> AbstractAsyncContextManager[Path]:
        """A folder for the files of a new snapshot."""
        ...

    def scratch(self) -> AbstractAsyncContextManager[Path]:
        """A folder for a while; on the file system of the objects where these are files."""
        ...

    async def have(self, row: Stock, digest: str | None) -> Entry | None:
        """The row's object when it is there; `digest`: what a snapshot before says of it."""
        ...

    async def bring(self, store: ObjectStore, row: Stock, *, as_it_is: bool = False) -> Brought | None:
        """A row's object out of this store, durably. None when the store has it not, or, unless `as_it_is`, other bytes than the row says.

        StoreError is the store's; what goes wrong on this side is Unfit.
        """
        ...

    async def discard(self, key: str) -> None:
        """An object that is no snapshot's, and should be in none."""
        ...

    async def finish(self, partial: Path, name: str) -> None:
        """Make the files of `begun` a snapshot: from here on it is a backup."""
        ...

    async def deliver(self, entry: Entry, store: ObjectStore | None) -> bool:
        """An object into a store, whether as a link; for None, and always, every byte is compared. Damaged; Unfit when the store refuses."""
        ...

    async def prune(self, keep: int) -> tuple[list[str], int, int]:
        """Remove all but the newest `keep` snapshots and what only they named: (their names, objects, bytes removed)."""
        ...
