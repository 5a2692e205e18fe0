"""Run by test_crash: plays one story again and again, each time dying at the next system call that changes the disk, or, for the sqlite
store, at the next point of a group that the store names.

Usage: crash_child STORY ROOT [sqlite]; makes ROOT/0, ROOT/1, … and prints how many. Forks while it has no threads.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from storage_backends import FilesystemStore, KeyTaken, ObjectStore, SqliteStore
from tests.storage.bodies import ALICE, body, filler, put, upload

SMALL = filler(50_000, 1)
LARGE = filler(2_500_000, 2)
OTHER = filler(50_000, 3)
CALLS = ("open", "write", "copy_file_range", "setxattr", "fsync", "link", "rename", "unlink", "mkdir", "rmdir")


async def _put_small(store: ObjectStore) -> None:
    await put(store, ALICE, SMALL)


async def _put_large(store: ObjectStore) -> None:
    await put(store, ALICE, LARGE)


async def _replace(store: ObjectStore) -> None:
    try:
        await put(store, ALICE, OTHER)
    except KeyTaken as taken:
        await store.publish(taken.staged, ALICE, replace=True)


async def _multipart(store: ObjectStore) -> None:
    upload_id, parts = await upload(store, ALICE, LARGE, SMALL)
    await store.complete_multipart(ALICE, upload_id, parts, length=None)


async def _resend(store: ObjectStore) -> None:
    upload_id, _ = await upload(store, ALICE, OTHER)
    part = await store.put_part(ALICE, upload_id, 1, body(SMALL), length=None, md5=None)
    await store.complete_multipart(ALICE, upload_id, [(1, part.etag)], length=None)


async def _delete(store: ObjectStore) -> None:
    await store.delete(ALICE)


GROUP = [f"{ALICE}{n}" for n in range(3)]


async def _group(store: ObjectStore) -> None:
    await asyncio.gather(*(put(store, key, SMALL) for key in [ALICE, *GROUP]))


STORIES: dict[str, tuple[bytes | None, Callable[[ObjectStore], Any]]] = {
    "put_small": (None, _put_small),
    "put_large": (None, _put_large),
    "replace": (SMALL, _replace),
    "multipart": (None, _multipart),
    "resend": (None, _resend),
    "delete": (SMALL, _delete),
    "group": (None, _group),
}


class Deadly(SqliteStore):
    """Dies by SIGKILL at the point of a group that comes after `left` others."""

    left = 1 << 60

    def _reached(self, point: str) -> None:
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1


def arm(count: int) -> None:
    """Die by SIGKILL just before the call number `count`."""
    left = count

    def deadly(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
            return real(*args, **kwargs)

        return call

    for name in CALLS:
        setattr(os, name, deadly(getattr(os, name)))


async def play(root: Path, story: str, count: int, kind: str) -> None:
    before, act = STORIES[story]
    store = Deadly("small", root) if kind == "sqlite" else FilesystemStore("fs", root)
    if before is not None:
        await put(store, ALICE, before)
    if isinstance(store, Deadly):
        store.left = count
    else:
        arm(count)
    await act(store)
    (root / "acknowledged").touch()
    os._exit(0)


def main(story: str, root: Path, kind: str) -> None:
    for count in range(500):
        child = os.fork()
        if child == 0:
            asyncio.run(play(root / str(count), story, count, kind))
        if os.waitpid(child, 0)[1] == 0:
            print(count + 1)
            return


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else "filesystem")
