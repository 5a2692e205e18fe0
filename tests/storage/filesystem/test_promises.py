"""What only the folder store promises: file names, the order of syncs, full disks, odd file systems."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from storage_backends import (
    FilesystemStore,
    KeyTaken,
    NoSpace,
    Unavailable,
    disk,
)

from ..bodies import ALICE, BOB, MIB, PHOTO, VIDEO, body, filler, keys, md5, put, read, upload
from .faults import break_call, leftovers


async def test_where_an_object_lies(store: FilesystemStore, root: Path) -> None:
    await put(store, ALICE, PHOTO)
    files = [path for path in (root / "objects").rglob("*") if path.is_file()]
    assert files == [store.path(ALICE)]
    assert files[0].name == ALICE.replace("/", "%2F")
    assert len(files[0].relative_to(root).parts) == 3
    assert files[0].stat().st_mode & 0o777 == 0o600
    assert files[0].stat().st_nlink == 1
    assert {path.stat().st_mode & 0o777 for path in root.rglob("*") if path.is_dir()} == {0o700}
    assert leftovers(root) == []


async def test_a_small_body_costs_one_hop(store: FilesystemStore, monkeypatch: pytest.MonkeyPatch) -> None:
    hops = 0
    run = store._threads.run

    async def counted(*args: Any) -> Any:
        nonlocal hops
        hops += 1
        return await run(*args)

    monkeypatch.setattr(store._threads, "run", counted)
    await put(store, ALICE, filler(MIB))
    assert hops == 1
    upload_id = await store.create_multipart(BOB)
    await store.put_part(BOB, upload_id, 1, body(PHOTO), length=None, md5=None)
    assert hops == 3
    await read(store, ALICE)
    assert hops == 4


async def test_everything_is_synced_before_the_answer(store: FilesystemStore, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Power loss cannot be tried here, but the order that survives it can be watched."""
    steps: list[str] = []
    fsync, link, rename, unlink = os.fsync, os.link, os.rename, os.unlink

    def place(path: Any) -> str:
        parts = Path(path).relative_to(root).parts
        return parts[0] + ("/" * (len(parts) - 1))

    def watch_sync(fd: int) -> None:
        steps.append("sync " + place(os.readlink(f"/proc/self/fd/{fd}")))
        fsync(fd)

    def watch(name: str, real: Callable[..., None]) -> Callable[..., None]:
        def call(*paths: Any, **kwargs: Any) -> None:
            if "dir_fd" not in kwargs:  # rmtree's, which come when all is done
                steps.append(f"{name} {place(paths[-1])}")
            real(*paths, **kwargs)

        return call

    monkeypatch.setattr(os, "fsync", watch_sync)
    for name, real in (("link", link), ("rename", rename), ("unlink", unlink)):
        monkeypatch.setattr(os, name, watch(name, real))

    first = ["sync tmp/", "link objects//", "sync objects/", "unlink tmp/"]
    await put(store, ALICE, PHOTO)
    assert steps == first
    steps.clear()
    await put(store, ALICE, PHOTO)
    assert steps == first
    steps.clear()
    await store.delete(ALICE)
    assert steps == ["unlink objects//", "sync objects/"]
    steps.clear()
    await store.delete(ALICE)
    assert steps == ["unlink objects//", "sync objects/"]
    steps.clear()
    store.path(ALICE).parent.rmdir()  # somebody tidied up: the folder comes back with its own name synced
    await put(store, ALICE, PHOTO)
    assert steps == ["sync tmp/", "link objects//", "sync objects/", "sync objects", "unlink tmp/"]
    steps.clear()
    upload_id = await store.create_multipart(BOB)
    part = await store.put_part(BOB, upload_id, 1, body(PHOTO), length=None, md5=None)
    assert steps == ["sync tmp/", "sync tmp/", "rename tmp///", "sync tmp//"]
    steps.clear()
    await store.complete_multipart(BOB, upload_id, [(1, part.etag)], length=None)
    assert steps[: len(first)] == first


# full disks and other trouble


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
@pytest.mark.parametrize(("call", "after"), [("open", 0), ("write", 0), ("write", 1), ("fsync", 0), ("link", 0)])
async def test_a_full_disk(store: FilesystemStore, root: Path, monkeypatch: pytest.MonkeyPatch, call: str, after: int, number: int) -> None:
    with monkeypatch.context() as broken:
        break_call(broken, call, number, after)
        with pytest.raises(NoSpace):
            await put(store, ALICE, VIDEO)
    assert leftovers(root) == []
    assert await keys(store) == []
    await put(store, ALICE, VIDEO)
    assert await read(store, ALICE) == VIDEO


async def test_short_writes_are_continued(store: FilesystemStore, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    with monkeypatch.context() as slow:
        slow.setattr(os, "write", lambda fd, data: write(fd, data[:30_000]))
        await put(store, ALICE, PHOTO)
    assert await read(store, ALICE) == PHOTO


async def test_a_large_body_that_cannot_fit_is_refused_at_its_start(store: FilesystemStore, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "free_bytes", lambda _: 2 * MIB)
    with pytest.raises(NoSpace):
        await put(store, ALICE, VIDEO)
    await put(store, ALICE, PHOTO)
    assert leftovers(root) == []
    assert await store.free_bytes() == 2 * MIB


@pytest.mark.parametrize("write_fails", [False, True], ids=["only the client", "the disk too"])
async def test_a_client_that_leaves_while_a_block_is_written(
    store: FilesystemStore, root: Path, monkeypatch: pytest.MonkeyPatch, write_fails: bool
) -> None:
    """The thread has done with the file before it goes."""
    left, done = threading.Event(), threading.Event()
    write = disk.TempFile.write

    def slow(self: disk.TempFile, block: bytes) -> None:
        assert left.wait(10)
        try:
            write(self, block)
            if write_fails:
                raise Unavailable("no more")
        finally:
            done.set()

    async def leaves() -> AsyncIterator[bytes]:
        yield filler(MIB + 1)
        await asyncio.sleep(0)
        left.set()
        raise ConnectionResetError

    monkeypatch.setattr(disk.TempFile, "write", slow)
    with pytest.raises(ConnectionResetError):
        await store.put(ALICE, leaves(), length=None, md5=None)
    assert done.is_set()
    assert await keys(store) == []
    assert leftovers(root) == []


async def test_a_disk_that_refuses_the_hint(store: FilesystemStore, monkeypatch: pytest.MonkeyPatch) -> None:
    break_call(monkeypatch, "posix_fadvise", errno.EINVAL)
    await put(store, ALICE, VIDEO)
    assert await read(store, ALICE) == VIDEO


async def test_no_room_to_join_parts(store: FilesystemStore, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    upload_id, listed = await upload(store, ALICE, VIDEO, PHOTO)
    before = leftovers(root)
    with monkeypatch.context() as broken:
        break_call(broken, "copy_file_range", errno.ENOSPC, 1)
        with pytest.raises(NoSpace):
            await store.complete_multipart(ALICE, upload_id, listed, length=None)
    assert leftovers(root) == before
    assert await keys(store) == []
    await store.complete_multipart(ALICE, upload_id, listed, length=None)
    assert await read(store, ALICE) == VIDEO + PHOTO


async def test_a_broken_disk(store: FilesystemStore, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await put(store, BOB, VIDEO)
    upload_id = await store.create_multipart(ALICE)
    with monkeypatch.context() as broken:
        break_call(broken, "fsync", errno.EIO)
        with pytest.raises(Unavailable, match="Input/output error"):
            await put(store, ALICE, PHOTO)
        with pytest.raises(Unavailable):
            await store.put_part(ALICE, upload_id, 1, body(PHOTO), length=None, md5=None)
        with pytest.raises(Unavailable):
            await store.delete(BOB)
    with monkeypatch.context() as broken:
        break_call(broken, "open", errno.EIO)
        with pytest.raises(Unavailable):
            await store.check()
    assert leftovers(root) == [f"tmp/mp/{upload_id}.{next((root / 'tmp' / 'mp').iterdir()).suffix[1:]}"]
    await store.check()


async def test_a_failed_sync_of_the_name_can_be_repeated(store: FilesystemStore, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        break_call(broken, "fsync", errno.EIO, 1)
        with pytest.raises(Unavailable):
            await put(store, ALICE, PHOTO)
    assert leftovers(root) == []
    assert (await put(store, ALICE, PHOTO)).size == len(PHOTO)
    assert await read(store, ALICE) == PHOTO


async def test_file_systems_that_do_not_sync_folders(store: FilesystemStore, monkeypatch: pytest.MonkeyPatch) -> None:
    fsync = os.fsync

    def files_only(fd: int) -> None:
        if Path(os.readlink(f"/proc/self/fd/{fd}")).is_dir():
            raise OSError(errno.EINVAL, "no")
        fsync(fd)

    monkeypatch.setattr(os, "fsync", files_only)
    await put(store, ALICE, PHOTO)
    assert await read(store, ALICE) == PHOTO


async def test_file_systems_without_hard_links(store: FilesystemStore, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    break_call(monkeypatch, "link", errno.EPERM)
    bodies = [filler(3000, seed) for seed in range(6)]
    results = await asyncio.gather(*(put(store, ALICE, data) for data in bodies), return_exceptions=True)
    refused = [result for result in results if isinstance(result, KeyTaken)]
    assert len(refused) == 5
    winner = next(data for data, result in zip(bodies, results, strict=True) if not isinstance(result, KeyTaken))
    assert await read(store, ALICE) == winner
    assert (await put(store, ALICE, winner)).md5 == md5(winner)
    for refusal in refused:
        await store.discard(refusal.staged)
    assert leftovers(root) == []


async def test_file_systems_without_attributes(store: FilesystemStore, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    break_call(monkeypatch, "setxattr", errno.EOPNOTSUPP)
    break_call(monkeypatch, "getxattr", errno.EOPNOTSUPP)
    await put(store, ALICE, VIDEO)
    info = await store.head(ALICE)
    assert info is not None
    assert info.etag.endswith("-w")
    assert info == await store.head(ALICE)
    assert (await put(store, ALICE, VIDEO)).etag == md5(VIDEO).hex()
    with pytest.raises(KeyTaken):
        await put(store, ALICE, filler(len(VIDEO), 9))


async def test_systems_without_the_linux_calls(store: FilesystemStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("setxattr", "getxattr", "copy_file_range", "posix_fadvise"):
        monkeypatch.delattr(os, name)
    await put(store, BOB, PHOTO)
    info = await store.head(BOB)
    assert info is not None
    assert info.etag.endswith("-w")
    upload_id, listed = await upload(store, ALICE, VIDEO, PHOTO)
    await store.complete_multipart(ALICE, upload_id, listed, length=None)
    assert await read(store, ALICE) == VIDEO + PHOTO


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EINVAL, errno.ENOSYS])
async def test_copying_inside_the_kernel_is_optional(store: FilesystemStore, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    break_call(monkeypatch, "copy_file_range", number)
    upload_id, listed = await upload(store, ALICE, VIDEO, PHOTO)
    await store.complete_multipart(ALICE, upload_id, listed, length=None)
    assert await read(store, ALICE) == VIDEO + PHOTO


async def test_a_part_that_shrinks_is_an_error(store: FilesystemStore, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    upload_id, listed = await upload(store, ALICE, VIDEO)
    monkeypatch.setattr(os, "copy_file_range", lambda *_: 0)
    monkeypatch.setattr(os, "read", lambda *_: b"")
    with pytest.raises(Unavailable):
        await store.complete_multipart(ALICE, upload_id, listed, length=None)
    assert await keys(store) == []


async def test_an_object_cut_on_disk_is_an_error_to_read(store: FilesystemStore) -> None:
    await put(store, ALICE, VIDEO)
    reader = await store.open(ALICE)
    os.truncate(store.path(ALICE), MIB)
    assert await anext(reader) == VIDEO[:MIB]
    with pytest.raises(Unavailable, match="early"):
        await anext(reader)
    with pytest.raises(KeyTaken):
        await put(store, ALICE, VIDEO)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EACCES, errno.EIO])
async def test_what_cannot_be_read_now_is_not_missing(store: FilesystemStore, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    await put(store, ALICE, b"abc")
    break_call(monkeypatch, "open", number)
    for call in (store.head(ALICE), store.open(ALICE)):
        with pytest.raises(Unavailable):
            await call


async def test_a_store_without_its_mark_neither_misses_nor_takes_objects(store: FilesystemStore, root: Path) -> None:
    await store.mark("ours")
    await put(store, ALICE, b"abc")
    (root / "objects/.instance").unlink()
    for call in (store.head("1/00000000-0000-4000-8000-00000000aaaa"), put(store, ALICE, b"abc"), store.delete(ALICE), store.check()):
        with pytest.raises(Unavailable, match="mounted"):
            await call
    assert await store.head(ALICE) is not None, "what can be read is read"
