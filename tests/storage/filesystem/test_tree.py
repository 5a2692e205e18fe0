"""What the folder store makes of a tree that others have been at: lost attributes, strangers, leftovers, things that go meanwhile."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from storage_backends import (
    FilesystemStore,
    InvalidPart,
    KeyTaken,
    NoSuchUpload,
    NotFound,
    Staged,
    Unavailable,
    disk,
)

from ..bodies import ALICE, BOB, LATER, OTHER, PHOTO, VIDEO, body, filler, keys, put, read, upload
from .faults import break_call, leftovers

# attributes and restored backups


async def test_an_etag_that_is_no_etag_is_not_believed(store: FilesystemStore) -> None:
    await put(store, ALICE, PHOTO)
    os.setxattr(store.path(ALICE), "user.darkroom.etag", b'"quoted"\r\nSet-Cookie: x')
    info = await store.head(ALICE)
    assert info is not None
    assert info.etag.endswith("-w")
    assert (await put(store, ALICE, PHOTO)).size == len(PHOTO)


async def test_single_and_multipart_of_the_same_bytes_are_the_same(store: FilesystemStore) -> None:
    upload_id, listed = await upload(store, ALICE, VIDEO)
    done = await store.complete_multipart(ALICE, upload_id, listed, length=None)
    assert (await put(store, ALICE, VIDEO)).etag == done.etag
    with pytest.raises(KeyTaken):
        await put(store, ALICE, filler(len(VIDEO), 8))


# folders that vanish, strangers in the tree, sweeping


async def test_an_empty_folder_removed_by_someone_is_made_again(store: FilesystemStore) -> None:
    await put(store, ALICE, PHOTO)
    await store.delete(ALICE)
    store.path(ALICE).parent.rmdir()
    await store.delete(ALICE)
    await put(store, ALICE, PHOTO)
    assert await read(store, ALICE) == PHOTO


async def test_strangers_in_the_tree_are_not_listed(store: FilesystemStore, root: Path) -> None:
    await put(store, ALICE, PHOTO)
    (root / "objects" / "README").write_text("hello")
    (root / "objects" / "00").mkdir(exist_ok=True)
    (root / "objects" / "00" / "file").write_text("hello")
    for name in ("a%2fb", "a%2F%2Fb", "..%2Fx", "with space", "%2F"):
        (store.path(ALICE).parent / name).write_text("hello")
    assert await keys(store) == [ALICE]


async def test_objects_that_go_while_listing(store: FilesystemStore, monkeypatch: pytest.MonkeyPatch) -> None:
    await put(store, ALICE, PHOTO)
    await put(store, BOB, PHOTO)
    head = store._head

    def gone(key: str, file: Path) -> Any:
        if key == BOB:
            file.unlink()
        return head(key, file)

    monkeypatch.setattr(store, "_head", gone)
    assert await keys(store) == [ALICE]
    with monkeypatch.context() as broken:
        break_call(broken, "listdir", errno.ENOENT)
        assert await keys(store) == []


async def test_the_sweep_takes_leftovers_of_a_crash(store: FilesystemStore, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("0123-4", "mp/0123.key/1.md5", "mp/gone.4567.key/1.md5"):
        (root / "tmp" / name).parent.mkdir(exist_ok=True)
        (root / "tmp" / name).write_bytes(b"left")
    (root / "tmp" / "link").symlink_to("/etc/passwd")
    for path in [*(root / "tmp" / "mp").iterdir(), root / "tmp" / "0123-4"]:
        os.utime(path, (100, 100))
    assert await store.sweep(100_000_000) == 0
    assert await store.sweep(100_000_001) == 3
    assert leftovers(root) == ["tmp/link"]
    assert await store.sweep(LATER) == 1
    assert Path("/etc/passwd").exists()
    await store.check()


async def test_the_sweep_and_files_that_go_meanwhile(store: FilesystemStore, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "tmp" / "left").write_bytes(b"left")
    scandir = os.scandir

    def raced(path: Any) -> Any:
        entries = list(scandir(path))
        (root / "tmp" / "left").unlink(missing_ok=True)
        return entries

    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", raced)
        assert await store.sweep(LATER) == 0


async def test_parts_that_go_during_a_completion(store: FilesystemStore, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = disk.TempFile.copy
    upload_id, listed = await upload(store, ALICE, VIDEO)
    folder = next((root / "tmp" / "mp").iterdir())

    def lose_part(temp: disk.TempFile, files: Any) -> None:
        for file in files:
            file.unlink()
        copy(temp, files)

    def lose_upload(temp: disk.TempFile, files: Any) -> None:
        disk.remove_tree(folder)
        copy(temp, files)

    monkeypatch.setattr(disk.TempFile, "copy", lose_part)
    with pytest.raises(InvalidPart):
        await store.complete_multipart(ALICE, upload_id, listed, length=None)
    await store.put_part(ALICE, upload_id, 1, body(VIDEO), length=None, md5=None)
    monkeypatch.setattr(disk.TempFile, "copy", lose_upload)
    with pytest.raises(NoSuchUpload):
        await store.complete_multipart(ALICE, upload_id, listed, length=None)
    assert leftovers(root) == []


async def test_an_upload_that_ends_under_a_part(store: FilesystemStore, root: Path) -> None:
    upload_id = await store.create_multipart(ALICE)

    async def slow() -> AsyncIterator[bytes]:
        yield PHOTO
        await store.abort_multipart(ALICE, upload_id)
        yield PHOTO

    with pytest.raises(NoSuchUpload):
        await store.put_part(ALICE, upload_id, 1, slow(), length=None, md5=None)
    assert leftovers(root) == []


async def test_a_cancelled_put_leaves_nothing(store: FilesystemStore, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside, written = asyncio.Event(), threading.Event()
    write = disk.TempFile.write

    def noticed(self: disk.TempFile, block: bytes) -> None:
        write(self, block)
        written.set()

    monkeypatch.setattr(disk.TempFile, "write", noticed)

    async def stalled() -> AsyncIterator[bytes]:
        yield VIDEO
        inside.set()
        await asyncio.Event().wait()

    task = asyncio.ensure_future(store.put(ALICE, stalled(), length=None, md5=None))
    await inside.wait()
    assert await asyncio.to_thread(written.wait, 10)
    assert len(leftovers(root)) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert leftovers(root) == []


async def test_a_thread_outlasts_its_cancelled_caller(store: FilesystemStore) -> None:
    """The caller goes on only when the thread is done, however often it is cancelled: nothing is closed under the thread."""
    loop = asyncio.get_running_loop()
    started, release = asyncio.Event(), asyncio.Event()
    done: list[str] = []

    def work() -> None:
        loop.call_soon_threadsafe(started.set)
        asyncio.run_coroutine_threadsafe(release.wait(), loop).result()
        done.append("thread")
        raise OSError("nobody hears this")

    task = asyncio.ensure_future(store._threads.run(work))
    await started.wait()
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
        assert not task.done()
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done == ["thread"]


async def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable):
        FilesystemStore("fs", tmp_path / "file")


async def test_published_twice(store: FilesystemStore) -> None:
    await put(store, ALICE, PHOTO)
    with pytest.raises(KeyTaken) as refusal:
        await put(store, ALICE, OTHER)
    staged: Staged = refusal.value.staged
    await store.publish(staged, BOB)
    with pytest.raises(NotFound):
        await store.publish(staged, BOB, replace=True)
    assert await read(store, BOB) == OTHER
