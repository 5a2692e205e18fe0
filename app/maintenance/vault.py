"""A folder of backups: snapshots, and one pool of objects that they share.

    backup.json                      whose backups these are
    objects/ab/<key with %2F>        the bytes; one file for all snapshots that name them
    snapshots/20261129T004200Z/      darkroom.db, secrets.toml (unless left out), objects.jsonl, backup.json

A snapshot has its name once everything it names is durable: what is not complete is called `.partial-…`, and the next run removes it.
Objects never change, so a file in the pool is never written twice. Synchronous: runs in threads.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from storage_backends.keys import fan, file_name

from ..kernel.errors import Conflict

FORMAT = 1
BLOCK = 1 << 20
DATABASE = "darkroom.db"
SECRETS = "secrets.toml"
MANIFEST = "objects.jsonl"
FACTS = "backup.json"


class Unfit(Conflict):
    """The folder, or what is in it, cannot be used; the text is for the operator."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An object of a snapshot; `digest` is BLAKE2b-256 in hex."""

    object_id: int
    key: str
    store: str
    size: int
    digest: str

    def line(self) -> str:
        return json.dumps([self.object_id, self.key, self.store, self.size, self.digest], separators=(",", ":")) + "\n"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a snapshot says of itself; `manifest` and `database` are digests of those files. Times in µs."""

    format: int
    instance: str
    taken_at: int
    version: str
    schema: int
    users: int
    files: int
    objects: int
    bytes: int
    secrets: bool
    manifest: str
    database: str


class Vault:
    """The folder; `opened` makes it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pool = folder / "objects"
        self.snapshots = folder / "snapshots"

    def file(self, key: str) -> Path:
        return self.pool / fan(key) / file_name(key)

    def names(self) -> list[str]:
        """Complete snapshots, the oldest first."""
        with contextlib.suppress(FileNotFoundError):
            return sorted(name for name in os.listdir(self.snapshots) if not name.startswith("."))
        return []

    def snapshot(self, name: str | None) -> Path:
        """The folder of a snapshot, without a name the newest; Unfit when there is none."""
        names = self.names()
        if not names or (name is not None and name not in names):
            raise Unfit(log=f"{self.folder} has no backup {name}" if name else f"{self.folder} has no complete backup")
        return self.snapshots / (name or names[-1])

    def facts(self, snapshot: Path) -> Facts:
        """Unfit when they cannot be read, or are of another format."""
        try:
            text = (snapshot / FACTS).read_text(encoding="utf-8")
        except (OSError, ValueError) as e:
            raise Unfit(log=f"{snapshot / FACTS} cannot be read: {e}") from None
        return parsed(text, str(snapshot))

    def instance(self) -> str | None:
        """Whose backups these are; None for a new folder."""
        try:
            return str(json.loads((self.folder / FACTS).read_text(encoding="utf-8"))["instance"])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as e:
            raise Unfit(log=f"{self.folder / FACTS} is damaged: {e}") from None

    def claim(self, instance: str) -> None:
        """Make the folder this installation's; Unfit when it is another's, or has something else in it."""
        found = self.instance()
        if found is None:
            if any(name not in (".lock", f".tmp-{FACTS}", "objects", "snapshots") for name in os.listdir(self.folder)):
                raise Unfit(log=f"{self.folder} is not empty and has no backups: name a folder of its own")
            write(self.folder / FACTS, json.dumps({"format": FORMAT, "instance": instance}) + "\n")
        elif found != instance:
            raise Unfit(log=f"{self.folder} has the backups of another installation")
        for folder in (self.pool, self.snapshots):
            folder.mkdir(mode=0o700, exist_ok=True)
        sync_folder(self.folder)

    def tidy(self) -> None:
        """Remove what an ended run left half made."""
        for left in [*self.snapshots.glob(".*"), *self.pool.glob("*/.tmp-*"), *self.folder.glob(".drill-*")]:
            shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)

    def prune(self, keep: int) -> tuple[list[str], int, int]:
        """Remove all but the newest `keep` snapshots and what only they named: (their names, objects, bytes removed)."""
        names = self.names()
        gone = names[:-keep]
        for name in gone:
            os.rename(self.snapshots / name, self.snapshots / f".removed-{name}")
        sync_folder(self.snapshots)
        self.tidy()
        return gone, *self._drop_unnamed()

    def _drop_unnamed(self) -> tuple[int, int]:
        named = array("Q", sorted(hash_of(e.key) for name in self.names() for e in entries(self.snapshots / name)))
        count = size = 0
        for file in self.pool.glob("*/*"):
            wanted = hash_of(file.name.replace("%2F", "/"))
            at = bisect_left(named, wanted)
            if at == len(named) or named[at] != wanted:
                size += file.stat().st_size
                count += 1
                file.unlink()
        return count, size


def parsed(text: str, snapshot: str) -> Facts:
    """The facts of a snapshot. Unfit when they are damaged, or of another format."""
    try:
        found = Facts(**json.loads(text))
    except (ValueError, TypeError) as e:
        raise Unfit(log=f"{snapshot}/{FACTS} cannot be read: {e}") from None
    if found.format != FORMAT:
        raise Unfit(log=f"{snapshot} was made by another version of Darkroom ({found.version}): use that one")
    return found


def entries(snapshot: Path) -> Iterator[Entry]:
    """The snapshot's objects in the order of their ids."""
    with (snapshot / MANIFEST).open(encoding="utf-8") as lines:
        for line in lines:
            yield Entry(*json.loads(line))


def hash_of(key: str) -> int:
    """64 bits, so that a million keys are 8 MB."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big")


@contextlib.contextmanager
def opened(folder: Path, *, make: bool = False) -> Iterator[Vault]:
    """The vault in this folder, with nobody else writing to it. Unfit when there is none (unless `make`), or it is in use."""
    try:
        if make:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as e:
        raise Unfit(log=f"{folder}: {e.strerror}") from None
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unfit(log=f"{folder} is in use by another backup") from None
        yield Vault(folder)
    finally:
        os.close(fd)


def digest_of(file: Path, *, md5: bool = False) -> tuple[str, str]:
    """(BLAKE2b-256, MD5 if asked for else "") of a file, in hex."""
    digest, second = hashlib.blake2b(digest_size=32), hashlib.md5(usedforsecurity=False)
    with file.open("rb", buffering=0) as source:
        while block := source.read(BLOCK):
            digest.update(block)
            if md5:
                second.update(block)
    return digest.hexdigest(), second.hexdigest() if md5 else ""


def write(file: Path, text: str) -> None:
    """Durably, in the place of an earlier one."""
    temp = file.with_name(f".tmp-{file.name}")
    fd = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(fd, text.encode())
        os.fsync(fd)
    finally:
        os.close(fd)
    os.rename(temp, file)
    sync_folder(file.parent)


def sync(file: Path) -> None:
    fd = os.open(file, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def sync_folder(folder: Path) -> None:
    sync(folder)


def written(facts: Facts) -> str:
    """As FACTS has it."""
    return json.dumps(plain(facts), indent=1) + "\n"


def plain(facts: Facts) -> dict[str, Any]:
    return asdict(facts)
