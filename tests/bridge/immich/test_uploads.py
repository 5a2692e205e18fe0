"""Uploads by form and by raw body: stored, known again, joined to live photos, refused, and never in the clear on the bridge's disk."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from typing import Any

import httpx
import pytest

from bridge.config import Options
from bridge.library.noted import noted
from tests.bridge.conftest import Open, Serve, Server, Tool
from tests.bridge.library.pictures import jpeg

TIMES = {"fileCreatedAt": "2024-05-06T07:08:09.000Z", "fileModifiedAt": "2024-05-06T09:08:09+02:00"}
FORM = "multipart/form-data; boundary=x"
VIDEO = b"\x00\x00\x00\x18ftypmp42" + bytes(range(256)) * 40


async def send(tool: Tool, content: bytes, name: str = "sea.jpg", headers: dict[str, str] | None = None, **fields: str) -> httpx.Response:
    files = {"assetData": (name, content, "application/octet-stream")}
    return await tool.post("/api/assets", data=TIMES | fields, files=files, headers=headers)


async def content(tool: Tool, asset_id: str) -> bytes:
    photo = tool.library.photo_of(asset_id)
    assert photo
    return b"".join([part async for part in tool.library.content(photo.file)])


def sha1(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()


async def test_it_works(immich: Tool, opened: Open) -> None:
    answer = await send(immich, jpeg(), isFavorite="true", visibility="archive", metadata='[{"key": "mobile-app", "value": {"a": 1}}]')
    assert (answer.status_code, answer.json()["status"]) == (201, "created")
    asset_id = answer.json()["id"]
    assert await content(immich, asset_id) == jpeg()
    asset = (await immich.get(f"/api/assets/{asset_id}")).json()
    assert (asset["originalFileName"], asset["isFavorite"], asset["visibility"]) == ("sea.jpg", True, "archive")
    assert (asset["fileCreatedAt"], asset["fileModifiedAt"]) == ("2024-05-06T07:08:09.000Z", "2024-05-06T07:08:09.000Z")
    assert asset["checksum"] == base64.b64encode(bytes.fromhex(sha1(jpeg()))).decode()
    phone = opened("phone")
    await phone.sync()
    photo = phone.photo_of(asset_id)
    assert photo
    assert photo.own["data"] == {"mobile-app": {"a": 1}}
    assert phone.uuid_of(photo) == asset_id


async def test_what_is_there_is_a_duplicate(server: Server, immich: Tool) -> None:
    asset_id = (await send(immich, jpeg())).json()["id"]
    before = server.transport.asked("PUT", "/objects/")
    again = await send(immich, jpeg(), name="other.jpg")
    assert (again.status_code, again.json()) == (200, {"id": asset_id, "status": "duplicate"})
    early = await send(immich, b"not even looked at", headers={"x-immich-checksum": sha1(jpeg())})
    assert (early.status_code, early.json()) == (200, {"id": asset_id, "status": "duplicate"})
    assert server.transport.asked("PUT", "/objects/") == before
    assert list(immich.library.queue.spool.iterdir()) == []


async def test_what_need_not_be_sent(immich: Tool) -> None:
    asset_id = (await send(immich, jpeg())).json()["id"]
    known, new = sha1(jpeg()), sha1(b"new")
    items = [("a", known), ("b", new), ("c", base64.b64encode(bytes.fromhex(known)).decode()), ("d", known.upper())]
    answer = await immich.post("/api/assets/bulk-upload-check", json={"assets": [{"id": n, "checksum": c} for n, c in items]})
    got = {item["id"]: (item["action"], item["reason"], item["assetId"]) for item in answer.json()["results"]}
    there = ("reject", "duplicate", asset_id)
    assert (answer.status_code, got) == (200, {"a": there, "b": ("accept", None, None), "c": there, "d": there})
    assert (await immich.post("/api/assets/bulk-upload-check", json={"assets": [{"id": "a", "checksum": "x"}]})).status_code == 400


async def test_a_raw_body(immich: Tool) -> None:
    headers = {
        "X-Filename": "s%C3%A9a.jpg", "X-File-Created-At": "2024-05-06T07:08:09Z", "X-Is-Favorite": "true", "X-Device-Asset-Id": "A/1",
        "X-Content-Type": "image/jpeg",
    }  # fmt: skip
    answer = await immich.post("/api/assets/background", content=jpeg(), headers=headers)
    assert (answer.status_code, answer.json()["status"], answer.json()["duplicate"]) == (201, "created", False)
    asset = (await immich.get(f"/api/assets/{answer.json()['id']}")).json()
    assert (asset["originalFileName"], asset["isFavorite"], asset["fileCreatedAt"]) == ("séa.jpg", True, "2024-05-06T07:08:09.000Z")
    again = await immich.post("/api/assets/background", content=jpeg(), params={"filename": "b.jpg"})
    assert (again.status_code, again.json()["duplicate"], again.json()["id"]) == (200, True, answer.json()["id"])
    named = await immich.post("/api/assets/background", content=jpeg(3), headers={"content-type": "image/heic"})
    assert (await immich.get(f"/api/assets/{named.json()['id']}")).json()["originalFileName"] == "upload.heic"
    for refused in (
        await immich.post("/api/assets/background", content=jpeg(4)),
        await immich.post("/api/assets/background", content=b"", headers=headers),
        await immich.post("/api/assets/background", content=jpeg(4), headers=headers | {"X-File-Created-At": "soon"}),
    ):
        assert refused.status_code == 400
    assert list(immich.library.queue.spool.iterdir()) == []


async def test_a_live_photo(immich: Tool, opened: Open) -> None:
    video_id = (await send(immich, VIDEO, "sea.MOV", duration="2500")).json()["id"]
    answer = await send(immich, jpeg(), "sea.HEIC", livePhotoVideoId=video_id)
    assert answer.status_code == 201
    asset = (await immich.get(f"/api/assets/{answer.json()['id']}")).json()
    assert (asset["type"], asset["livePhotoVideoId"]) == ("IMAGE", video_id)
    assert asset["checksum"] == base64.b64encode(hashlib.sha1(jpeg()).digest()).decode()
    phone = opened("phone")
    await phone.sync()
    (photo,) = phone.photos.values()
    assert (photo.file.kind, photo.file.hash.count(":")) == (2, 1)
    zipped = zipfile.ZipFile(io.BytesIO(await content(immich, asset["id"])))
    assert {n: zipped.read(n) for n in zipped.namelist()} == {"image.HEIC": jpeg(), "video.MOV": VIDEO}
    again = await send(immich, jpeg(), "sea.HEIC", livePhotoVideoId=video_id)
    assert (again.status_code, again.json()["id"]) == (200, asset["id"])
    checks = [{"id": "a", "checksum": sha1(jpeg())}, {"id": "b", "checksum": sha1(VIDEO)}]
    results = (await immich.post("/api/assets/bulk-upload-check", json={"assets": checks})).json()["results"]
    assert [item["assetId"] for item in results] == [asset["id"], video_id]
    assert (await send(immich, VIDEO, "sea.MOV")).json() == {"id": video_id, "status": "duplicate"}
    assert list(phone.queue.spool.iterdir()) == []


async def test_a_picture_and_a_video_that_are_stored_are_joined(server: Server, immich: Tool, opened: Open) -> None:
    video_id = (await send(immich, VIDEO, "sea.MOV")).json()["id"]
    still_id = (await send(immich, jpeg(), "sea.HEIC", isFavorite="true")).json()["id"]
    album = (await immich.post("/api/albums", json={"albumName": "Sea", "assetIds": [still_id, video_id]})).json()["id"]
    path = f"/api/assets/{still_id}"
    await immich.put(path, json={"description": "waves", "rating": 4})
    answer = await immich.put(path, json={"livePhotoVideoId": video_id})
    assert (answer.status_code, answer.json()["id"], answer.json()["livePhotoVideoId"]) == (200, still_id, video_id)
    assert (answer.json()["exifInfo"]["description"], answer.json()["isFavorite"], answer.json()["exifInfo"]["rating"]) == ("waves", True, 4)
    assert answer.json()["checksum"] == base64.b64encode(hashlib.sha1(jpeg()).digest()).decode()
    assert (await immich.get(f"/api/assets/{video_id}")).json()["type"] == "VIDEO"
    assert (await immich.get(f"/api/albums/{album}")).json()["assetCount"] == 1
    phone = opened("phone")
    await phone.sync()
    (photo,) = phone.photos.values()
    assert (photo.file.kind, photo.file.hash.count(":"), photo.file.title, len(phone.trashed)) == (2, 1, "sea.HEIC", 1)
    assert (await phone.thumbnail(photo.file))[:2] == b"\xff\xd8"
    zipped = zipfile.ZipFile(io.BytesIO(await content(immich, still_id)))
    assert {n: zipped.read(n) for n in zipped.namelist()} == {"image.HEIC": jpeg(), "video.MOV": VIDEO}
    updates = server.transport.asked("PUT", "/files/update")
    for again in (video_id, video_id.upper()):
        assert (await immich.put(path, json={"livePhotoVideoId": again})).json()["livePhotoVideoId"] == video_id
    assert server.transport.asked("PUT", "/files/update") == updates
    assert (await send(immich, jpeg(), "sea.HEIC", livePhotoVideoId=video_id)).json() == {"id": still_id, "status": "duplicate"}
    for refused, text in ((None, "not taken apart"), (still_id, "has a video already"), ("x", "has a video already")):
        answer = await immich.put(path, json={"livePhotoVideoId": refused})
        assert (answer.status_code, text in answer.json()["message"]) == (400, True)
    other = f"/api/assets/{(await send(immich, jpeg(2), 'b.jpg')).json()['id']}"
    for refused in (video_id, still_id, "x", ""):
        assert (await immich.put(other, json={"livePhotoVideoId": refused})).status_code == 400
    assert (await immich.put(other, json={"livePhotoVideoId": None})).status_code == 200
    assert list(immich.library.queue.spool.iterdir()) == []


async def test_a_sidecar(immich: Tool) -> None:
    xmp = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
        <rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:exif="http://ns.adobe.com/exif/1.0/"
        xmp:Rating="4" exif:GPSLatitude="47,30N" exif:GPSLongitude="8,30,0W" exif:DateTimeOriginal="2020-01-02T03:04:05+01:00">
        <dc:description><rdf:Alt><rdf:li>At the sea</rdf:li></rdf:Alt></dc:description>
        <dc:subject><rdf:Bag><rdf:li>sea</rdf:li><rdf:li>blue</rdf:li></rdf:Bag></dc:subject></rdf:Description></rdf:RDF></x:xmpmeta>"""
    files = {"sidecarData": ("a.xmp", xmp.encode(), "application/xml"), "assetData": ("a.jpg", jpeg(), "image/jpeg")}
    answer = await immich.post("/api/assets", data=TIMES, files=files)
    photo = immich.library.photo_of(answer.json()["id"])
    assert photo
    assert (photo.file.caption, photo.file.place, photo.file.taken) == ("At the sea", (47.5, -8.5), 1577930645_000_000)
    assert (noted(photo).rating, noted(photo).tags) == (4, ("blue", "sea"))
    files["sidecarData"] = ("a.xmp", b"<!DOCTYPE x><x/>", "application/xml")
    files["assetData"] = ("b.jpg", jpeg(2), "image/jpeg")
    assert (await immich.post("/api/assets", data=TIMES, files=files)).status_code == 201


def without(name: str) -> dict[str, Any]:
    return {"data": {k: v for k, v in TIMES.items() if k != name}, "files": {"assetData": ("a.jpg", jpeg())}}


@pytest.mark.parametrize(
    "sent",
    [
        {"data": TIMES},
        {"data": TIMES, "files": {"other": ("a.jpg", jpeg())}},
        {"data": TIMES, "files": {"assetData": ("a.jpg", b"")}},
        {"data": TIMES, "files": {"assetData": ("a.exe", jpeg())}},
        {"data": TIMES | {"filename": "a.exe"}, "files": {"assetData": ("a.jpg", jpeg())}},
        {"data": TIMES | {"visibility": "gone"}, "files": {"assetData": ("a.jpg", jpeg())}},
        {"data": TIMES | {"metadata": "{}"}, "files": {"assetData": ("a.jpg", jpeg())}},
        {"data": TIMES | {"livePhotoVideoId": "x"}, "files": {"assetData": ("a.jpg", jpeg())}},
        {"data": TIMES | {"fileCreatedAt": "soon"}, "files": {"assetData": ("a.jpg", jpeg())}},
        {"data": TIMES | {"note": "x" * 300_000}, "files": {"assetData": ("a.jpg", jpeg())}},
        {"data": TIMES, "files": [("assetData", ("a.jpg", jpeg())), ("assetData", ("b.jpg", jpeg(2)))]},
        without("fileCreatedAt"), without("fileModifiedAt"),
        {"content": b"--x\r\nContent-Disposition: form-data; name=assetData; filename=a.jpg\r\n\r\nhalf", "headers": {"content-type": FORM}},
        {"content": b"x", "headers": {"content-type": "multipart/form-data"}},
        {"json": {}},
    ],
)  # fmt: skip
async def test_what_is_refused_leaves_nothing(immich: Tool, sent: dict[str, Any]) -> None:
    refused = await immich.post("/api/assets", **sent)
    assert (refused.status_code, refused.json()["statusCode"]) == (400, 400)
    assert refused.json()["message"]
    assert (immich.library.photos, list(immich.library.queue.spool.iterdir()), immich.library.queue.waiting()) == ({}, [], [])


async def test_a_link_for_reading(server: Server, serve: Serve, opened: Open) -> None:
    tool = serve(opened("frame", read_only=True))
    await tool.library.sync()
    server.transport.sent.clear()
    for refused in (await send(tool, jpeg()), await tool.post("/api/assets/background", content=jpeg(), headers={"X-Filename": "a.jpg"})):
        assert (refused.status_code, "reading only" in refused.json()["message"]) == (403, True)
    assert {request.method for request in server.transport.sent} <= {"GET"}
    assert list(tool.library.queue.spool.iterdir()) == []


async def test_a_key_that_may_only_read(serve: Serve) -> None:
    refused = await send(serve(permissions=("asset.read",)), jpeg())
    assert (refused.status_code, refused.json()["message"]) == (403, "Missing required permission: asset.upload")


async def test_the_server_is_away(server: Server, immich: Tool) -> None:
    await immich.library.uncategorized()
    server.transport.down = True
    refused = await send(immich, jpeg())
    assert refused.status_code == 503
    server.transport.down = False
    again = await send(immich, jpeg())
    assert (again.status_code, len(immich.library.photos), immich.library.queue.waiting()) == (200, 1, [])
    assert await content(immich, again.json()["id"]) == jpeg()


async def test_an_early_answer_is_kept(server: Server, serve: Serve, opened: Open) -> None:
    tool = serve(options=Options(ack="spooled"))
    await tool.library.uncategorized()
    server.transport.down = True
    answer = await send(tool, jpeg())
    assert answer.status_code == 201
    again = await send(tool, jpeg())
    assert (again.status_code, again.json()["id"]) == (200, answer.json()["id"])
    check = {"assets": [{"id": "a", "checksum": sha1(jpeg())}]}
    assert (await tool.post("/api/assets/bulk-upload-check", json=check)).json()["results"][0]["assetId"] == answer.json()["id"]
    await tool.library.close()  # the machine stops
    server.transport.down = False
    after = opened()
    await after.resume()
    photo = after.photo_of(answer.json()["id"])
    assert photo
    assert b"".join([part async for part in after.content(photo.file)]) == jpeg()


async def test_a_full_account_keeps_nothing_for_later(server: Server, immich: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    await immich.library.uncategorized()
    real = server.transport.handle_async_request

    async def full(request: httpx.Request) -> httpx.Response:
        return httpx.Response(426, request=request) if request.url.path == "/files/upload-url" else await real(request)

    monkeypatch.setattr(server.transport, "handle_async_request", full)
    refused = await send(immich, jpeg())
    assert (refused.status_code, "storage is full" in refused.json()["message"]) == (507, True)
    assert (immich.library.queue.waiting(), list(immich.library.queue.spool.iterdir())) == ([], [])


async def test_the_server_never_sees_what_it_must_not(server: Server, immich: Tool) -> None:
    server.transport.whole = True
    picture = jpeg(exif={0x010F: "canary-camera"})
    answer = await send(immich, picture, "canary-name.jpg", metadata=json.dumps([{"key": "canary-key", "value": {"canary": "value"}}]))
    assert answer.status_code == 201
    sent = b"\n".join(b"%s %s\n%s" % (str(r.url).encode(), str(r.headers).encode(), r.content) for r in server.transport.sent)
    assert len(sent) > len(picture)
    for canary in (b"canary", picture[200:260], sha1(picture).encode(), hashlib.sha1(picture).digest(), answer.json()["id"].encode()):
        assert canary not in sent
