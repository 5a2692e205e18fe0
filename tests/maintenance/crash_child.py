"""Run by test_crash: backs up or restores again and again, each time dying at the next system call that gives or takes a name.

Usage: crash_child backup|restore ROOT; makes ROOT/0, ROOT/5, … and prints beyond which none is. Forks while it has no threads.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

from app.cli import build
from app.db import Tx
from app.kernel.config import Config
from app.maintenance import backup, places, restore
from storage_backends import FilesystemStore
from tests.rows import insert

CALLS = ("link", "rename", "mkdir", "unlink")
STRIDE = 5  # a run costs a second


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


async def _body(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def make(root: Path) -> None:
    """An installation with a photo, and a backup of it beside."""
    async with build.started(Config(data_dir=root / "live")) as kernel:
        await build.check_parts(kernel)

        def person(tx: Tx) -> int:
            cipher, nonce = kernel.crypto.encrypt("alice@example.org")
            alice = insert(tx, "users", email_cipher=cipher, email_nonce=nonce)
            insert(tx, "feeds", user_id=alice, now=9)
            return alice

        alice = await kernel.db.write("test.person", person)
        keys = kernel.crypto.mint_keys(alice, 2)
        for key in keys:
            await kernel.store.put(key, _body(key.encode()), length=len(key), md5=None)

        def photo(tx: Tx) -> None:
            ids = [insert(tx, "objects", object_key=key, owner_id=alice, size=len(key), state="stored") for key in keys]
            sizes = {"file_size": len(keys[0]), "thumb_size": len(keys[1])}
            file_id = insert(tx, "files", owner_id=alice, file_object_id=ids[0], thumb_object_id=ids[1], **sizes)
            album = insert(tx, "collections", owner_id=alice)
            insert(tx, "collection_files", collection_id=album, file_id=file_id, owner_id=alice)
            insert(tx, "usage", user_id=alice, app="photos", bytes=sum(sizes.values()), files=1)

        await kernel.db.write("test.photo", photo)
        await backup.take(kernel, root / "ready")


async def save(root: Path) -> None:
    async with build.started(Config(data_dir=root / "live")) as kernel:
        arm(int(root.name))
        await backup.take(kernel, root / "backups")
    (root / "acknowledged").touch()


async def put_back(root: Path) -> None:
    data = root / "new"
    data.mkdir()
    store = FilesystemStore("main", data)
    async with places.opened(root / "ready") as place:
        arm(int(root.name))
        await restore.restore(place, None, restore.Target(data, {"main": store}))
    await store.close()
    (root / "acknowledged").touch()


def apart(act: Callable[[Path], Coroutine[Any, Any, None]], root: Path) -> None:
    """In a process of its own, however it ends."""
    child = os.fork()
    if not child:
        try:
            asyncio.run(act(root))
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def main(story: str, root: Path) -> int:
    apart(make, root / "template")
    count = 0
    while not count or not (root / str(count - STRIDE) / "acknowledged").exists():
        shutil.copytree(root / "template", root / str(count))
        apart(save if story == "backup" else put_back, root / str(count))
        count += STRIDE
    return count


if __name__ == "__main__":
    print(main(sys.argv[1], Path(sys.argv[2])))
