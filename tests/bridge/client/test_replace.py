"""Another content for a file that is there."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from bridge.client import download
from bridge.client.crypto import content_hash
from bridge.client.errors import ReadOnly, Unreachable
from bridge.client.replace import MOST, replace
from bridge.client.shapes import File
from tests.bridge.client.scene import JPEG, Reading, put
from tests.bridge.client.test_transfer import album_of
from tests.bridge.conftest import Server, Someone

THUMBNAIL = JPEG + b"2"


async def whole(reading: Reading, file: File) -> bytes:
    return b"".join([part async for part in download.content(reading.connection, file)])


async def stored(alice: Someone, folder: Path) -> tuple[Reading, File]:
    await put(alice.connection, folder, await album_of(alice), b"first")
    reading = Reading(alice.connection, alice.keys)
    (file,) = await reading.pull()
    return reading, file


async def test_it_works(alice: Someone, tmp_path: Path) -> None:
    reading, file = await stored(alice, tmp_path)
    await replace(alice.connection, file, b"second, and longer", THUMBNAIL, {**file.metadata, "hash": content_hash(b"second, and longer")})
    (after,) = await reading.pull()
    assert (after.id, after.key, after.title, after.public, after.private) == (file.id, file.key, file.title, file.public, file.private)
    assert after.hash == content_hash(b"second, and longer")
    assert await whole(reading, after) == b"second, and longer"
    assert await download.thumbnail(reading.connection, after) == THUMBNAIL


async def test_an_update_whose_answer_was_lost_is_asked_again(
    server: Server, alice: Someone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, file = await stored(alice, tmp_path)
    real, lost = server.transport.handle_async_request, []

    async def once_lost(request: httpx.Request) -> httpx.Response:
        response = await real(request)
        if request.url.path == "/files/update" and not lost:
            lost.append(response)
            raise httpx.ReadError("cut", request=request)
        return response

    monkeypatch.setattr(server.transport, "handle_async_request", once_lost)
    await replace(alice.connection, file, b"second", THUMBNAIL, dict(file.metadata))
    (after,) = await reading.pull()
    assert await whole(reading, after) == b"second"


async def test_stopped_before_the_end_the_file_is_what_it_was(
    server: Server, alice: Someone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    reading, file = await stored(alice, tmp_path)
    real = server.transport.handle_async_request

    async def away(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/files/update":
            raise httpx.ConnectError("down", request=request)
        return await real(request)

    monkeypatch.setattr(server.transport, "handle_async_request", away)
    with pytest.raises(Unreachable):
        await replace(alice.connection, file, b"second", THUMBNAIL, dict(file.metadata))
    monkeypatch.undo()
    (after,) = await reading.pull()
    assert after == file
    assert await whole(reading, after) == b"first"


async def test_nothing_goes_out_in_the_clear_or_through_a_link_for_reading(
    server: Server, alice: Someone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    _, file = await stored(alice, tmp_path)
    real, bodies = server.transport.handle_async_request, []

    async def noted(request: httpx.Request) -> httpx.Response:
        bodies.append(await request.aread())
        return await real(request)

    monkeypatch.setattr(server.transport, "handle_async_request", noted)
    with pytest.raises(ReadOnly):
        await replace(server.connect(alice.connection.token, read_only=True), file, b"second", THUMBNAIL, {})
    with pytest.raises(ValueError):
        await replace(alice.connection, file, bytes(MOST + 1), THUMBNAIL, {})
    assert bodies == []
    await replace(alice.connection, file, b"canary content", b"canary thumbnail", {**file.metadata, "title": "canary title"})
    assert len(bodies) == 5
    assert not any(b"canary" in body for body in bodies)
