"""What breaks beside a bridge, through each face: its own form of the error, nothing acknowledged that could be lost, nothing left behind."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest

from bridge.client.errors import Damaged
from bridge.client.stream import Sealer
from bridge.library import queue
from bridge.library.library import New
from bridge.library.noted import noted
from tests.bridge.conftest import Open, Serve, Server, Tool
from tests.bridge.imalink.conftest import V1, photo
from tests.bridge.library.pictures import jpeg

TIMES = {"fileCreatedAt": "2024-05-06T07:08:09Z", "fileModifiedAt": "2024-05-06T07:08:09Z"}
FORM = {"data": TIMES, "files": {"assetData": ("a.jpg", jpeg(), "image/jpeg")}}
SHAPES = {
    "immich": {"message", "error", "statusCode", "correlationId"},
    "connector": {"error", "message"},
    "imalink": {"detail", "status_code"},
}
UPLOADS: dict[str, tuple[str, dict[str, Any]]] = {
    "immich": ("/api/assets", FORM),
    "background": ("/api/assets/background", {"content": jpeg(), "headers": {"X-Filename": "a.jpg"}}),
    "imalink": (f"{V1}/image-files/new-photo", {"json": photo()}),
}
uploads = pytest.mark.parametrize("face", UPLOADS)


async def put(tool: Tool, face: str) -> httpx.Response:
    path, body = UPLOADS[face]
    return await tool.post(path, **body)


def refused(answer: httpx.Response, face: str, status: int) -> str:
    """The sentence; the form is the face's."""
    assert answer.status_code == status, answer.text
    said = answer.json()
    assert set(said) == SHAPES["immich" if face == "background" else face]
    assert said.get("statusCode", said.get("status_code", status)) == status
    return str(said.get("message") or said.get("detail"))


def spool(tool: Tool) -> list[Path]:
    return list(tool.library.queue.spool.iterdir())


@uploads
async def test_the_server_is_away(server: Server, tool: Tool, face: str) -> None:
    await tool.library.uncategorized()
    server.transport.down = True
    assert "try again later" in refused(await put(tool, face), face, 503)
    server.transport.down = False
    assert (await put(tool, face)).status_code in (200, 201)
    await tool.bridge.keeper.round()
    assert (len(tool.library.photos), tool.library.queue.waiting(), spool(tool)) == (1, [], [])


@uploads
async def test_the_session_was_ended(tool: Tool, face: str) -> None:
    await tool.library.uncategorized()
    await tool.library.connection.post("/users/logout")
    assert "link the account again" in refused(await put(tool, face), face, 503)


@uploads
async def test_the_account_is_full(server: Server, tool: Tool, face: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await tool.library.uncategorized()
    real = server.transport.handle_async_request

    async def full(request: httpx.Request) -> httpx.Response:
        return httpx.Response(426, request=request) if request.url.path == "/files/upload-url" else await real(request)

    monkeypatch.setattr(server.transport, "handle_async_request", full)
    assert "storage is full" in refused(await put(tool, face), face, 507)
    assert (tool.library.queue.waiting(), spool(tool)) == ([], [])


def _no_space(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def fill(journal: sqlite3.Connection) -> None:
    """No page more, and no place in those that are there."""
    journal.execute("PRAGMA max_page_count = 1")
    with contextlib.suppress(sqlite3.OperationalError):
        for number in range(1000):
            with journal:
                journal.execute("INSERT INTO uploads VALUES (?, x'', zeroblob(50))", (f"filler {number}",))


@pytest.mark.parametrize(
    ("face", "where"),
    [(face, where) for face in ("immich", "background") for where in ("while it comes", "at its end", "in the journal")]
    + [("imalink", "while it comes"), ("imalink", "at its end")],  # its previews are small and need no journal
)
async def test_the_disk_is_full(tool: Tool, face: str, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await tool.library.uncategorized()
    with monkeypatch.context() as broken:
        if where == "while it comes":
            broken.setattr(Sealer, "feed", _no_space)
        elif where == "at its end":
            broken.setattr(queue.os, "fsync", _no_space)
        else:
            fill(tool.library.queue._db)
        assert "disk is full" in refused(await put(tool, face), face, 507)
    assert (tool.library.queue.waiting(), spool(tool), len(tool.library.photos)) == ([], [], 0)
    tool.library.queue._db.execute("PRAGMA max_page_count = 1000000")
    assert (await put(tool, face)).status_code == 201


async def hang_up(tool: Tool, path: str, headers: dict[str, str], pieces: list[bytes], *, leave: bool) -> list[Any]:
    """Promises a picture, sends these pieces of the body and leaves; `leave` False: it ends there as if it were whole. What the bridge answered."""
    said = {"x-api-key": tool.key, "host": "bridge.test", **headers, "content-length": str(len(jpeg()))}
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": path, "raw_path": path.encode(), "root_path": "", "query_string": b"",
        "headers": [(k.lower().encode(), v.encode()) for k, v in said.items()],
        "client": ("127.0.0.1", 5), "server": ("bridge.test", 80), "state": {},
    }  # fmt: skip
    left = [{"type": "http.request", "body": piece, "more_body": leave or n < len(pieces) - 1} for n, piece in enumerate(pieces)]
    answered: list[Any] = []

    async def receive() -> dict[str, Any]:
        return left.pop(0) if left else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        answered.append(message)

    await tool._transport.app(scope, receive, send)  # type: ignore[attr-defined]
    return answered


MULTIPART = {"content-type": "multipart/form-data; boundary=x"}
HEAD = b'--x\r\nContent-Disposition: form-data; name="assetData"; filename="a.jpg"\r\n\r\n'


@pytest.mark.parametrize("leave", [True, False], ids=["hangs up", "stops short"])
@pytest.mark.parametrize(
    ("path", "headers", "pieces"),
    [
        ("/api/assets", MULTIPART, [HEAD + jpeg()[:500], jpeg()[500:900]]),
        ("/api/assets", MULTIPART, [HEAD[:20]]),
        ("/api/assets/background", {"x-filename": "a.jpg"}, [jpeg()[:500], jpeg()[500:900]]),
    ],
)
async def test_a_body_that_does_not_end(tool: Tool, path: str, headers: dict[str, str], pieces: list[bytes], leave: bool) -> None:
    await tool.library.uncategorized()
    answered = await hang_up(tool, path, headers, pieces, leave=leave)
    assert [m["status"] for m in answered if m["type"] == "http.response.start"] in ([400], [])
    assert (tool.library.queue.waiting(), spool(tool), len(tool.library.photos)) == ([], [], 0)


async def test_a_broken_picture_is_kept_as_it_came(tool: Tool) -> None:
    broken = jpeg()[:700]
    answer = await tool.post("/api/assets", data=TIMES, files={"assetData": ("a.jpg", broken, "image/jpeg")})
    assert answer.status_code == 201
    found = tool.library.photo_of(answer.json()["id"])
    assert found
    assert b"".join([part async for part in tool.library.content(found.file)]) == broken


async def test_somebody_else_wrote_in_between(tool: Tool, opened: Open) -> None:
    """The tool's bridge has not heard of the phone's changes: the server answers 409, and both are there afterwards."""
    asset_id = (await put(tool, "immich")).json()["id"]
    phone = opened("phone")
    await phone.sync()
    (number,) = phone.photos
    await phone.change(number, lambda values: values.update(visibility=1, theirs={"a": 1}), public=False)
    await phone.change(number, lambda values: values.update(editedName="b.jpg"), public=True)
    answer = await tool.put(f"/api/assets/{asset_id}", json={"rating": 4, "description": "ours"})
    assert answer.status_code == 200, answer.text
    found = tool.library.photos[number]
    assert (noted(found).rating, found.file.caption, found.archived) == (4, "ours", True)
    assert found.file.private.values["theirs"] == {"a": 1}
    assert found.file.public.values["editedName"] == "b.jpg"


async def test_a_link_for_reading(server: Server, serve: Serve, opened: Open) -> None:
    tool = serve(opened("frame", read_only=True))
    await tool.library.sync()
    server.transport.sent.clear()
    for face in UPLOADS:
        assert "reading only" in refused(await put(tool, face), face, 403)
    assert {request.method for request in server.transport.sent} <= {"GET"}
    assert spool(tool) == []


async def test_a_journal_that_cannot_be_read(opened: Open, tmp_path: Path) -> None:
    library = opened()
    await library.put(io.BytesIO(jpeg()), New("a.jpg"), await library.album_named("A"))
    await library.close()
    for path in tmp_path.glob("laptop/uploads.sqlite*"):
        path.write_bytes(b"no database" * 1000)
    with pytest.raises(Damaged, match=r"move .* away"):
        opened()
    for path in tmp_path.glob("laptop/uploads.sqlite*"):
        path.unlink()
    again = opened()
    assert len(again.photos) == 1
