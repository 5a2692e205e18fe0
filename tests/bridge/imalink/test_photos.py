"""Photos and their files: made, found, changed, replaced, deleted, and the same after everything local is gone."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bridge.library.library import New
from tests.bridge.conftest import Open, Serve, Server, Tool
from tests.bridge.imalink.conftest import V1, form, hothash, login, made, photo
from tests.bridge.library.pictures import jpeg

_LISTED = "hothash width height taken_at gps_latitude gps_longitude rating author_id stack_id created_at updated_at"
_FILE = "id filename file_size file_type width height photo_hothash exif_dict taken_at gps_latitude gps_longitude created_at updated_at"
LISTED, FILE = set(_LISTED.split()), set(_FILE.split())


async def get(client: Tool, path: str, status: int = 200) -> Any:
    answer = await client.get(V1 + path)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_it_works(client: Tool) -> None:
    answer = await client.post(f"{V1}/image-files/new-photo", json=photo(import_session_id=5))
    assert answer.status_code == 201
    said, wanted = answer.json(), hothash(jpeg())
    assert said == {
        "image_file_id": said["image_file_id"], "photo_hothash": wanted, "photo_created": True, "message": "ImageFile and Photo created successfully",
    }  # fmt: skip
    found = await get(client, f"/photos/{wanted}")
    assert set(found) == LISTED | {"author", "image_files"}
    assert (found["hothash"], found["width"], found["height"], found["taken_at"]) == (wanted, 4000, 3000, "2025-10-01T14:30:00Z")
    assert (found["gps_latitude"], found["gps_longitude"], found["rating"], found["author_id"], found["author"]) == (59.9139, 10.7522, 0, None, None)
    assert found["image_files"] == [{"id": said["image_file_id"], "filename": "IMG_001.jpg", "file_size": 2048576, "file_type": "jpeg"}]
    file = await get(client, f"/image-files/{said['image_file_id']}")
    assert set(file) >= FILE
    assert (file["exif_dict"], file["photo_hothash"], file["import_session_id"]) == ({"Make": "Canon", "Model": "EOS R5"}, wanted, 5)
    listed = await get(client, "/photos")
    assert [set(one) for one in listed["data"]] == [LISTED]
    assert (listed["meta"], listed["links"]) == ({"total": 1, "offset": 0, "limit": 100, "page": 1, "pages": 1}, None)
    picture = await client.get(f"{V1}/photos/{wanted}/hotpreview")
    assert (picture.status_code, picture.content) == (200, jpeg())
    assert (picture.headers["content-type"], picture.headers["cache-control"]) == ("image/jpeg", "public, max-age=3600")
    assert picture.headers["content-disposition"] == f"inline; filename=hotpreview_{wanted}.jpg"
    assert (await client.get(f"{V1}/image-files/{said['image_file_id']}/hotpreview")).content == jpeg()


async def test_it_is_a_file_of_the_account(client: Tool) -> None:
    """What Ente's apps see."""
    await made(client, filename="IMG_001.CR2", file_type="raw")
    (found,) = client.library.photos.values()
    file = found.file
    assert (file.title, file.kind, file.place) == ("IMG_001.jpg", 0, (59.9139, 10.7522))
    assert {name: file.public.values[name] for name in ("w", "h", "cameraMake", "cameraModel")} == {
        "w": 4000, "h": 3000, "cameraMake": "Canon", "cameraModel": "EOS R5",
    }  # fmt: skip
    assert await client.library.thumbnail(file) == jpeg()
    assert b"".join([part async for part in client.library.content(file)]) == jpeg()


async def test_pages_newest_first(client: Tool) -> None:
    hothashes = [await made(client, seed) for seed in (1, 2, 3)]
    page = await get(client, "/photos?offset=1&limit=1")
    assert page["meta"] == {"total": 3, "offset": 1, "limit": 1, "page": 2, "pages": 3}
    assert [one["hothash"] for one in page["data"]] == [hothashes[1]]
    assert (await get(client, "/photos?offset=9"))["data"] == []
    files = await get(client, f"/image-files?limit=2&photo_hothash={hothashes[0]}")
    assert [file["filename"] for file in files["data"]] == ["IMG_001.jpg"]
    assert (await get(client, "/image-files?limit=2"))["meta"]["pages"] == 2
    assert (await get(client, "/image-files?photo_hothash=nothing"))["data"] == []
    for query in ("offset=-1", "limit=0", "limit=1001", "limit=many"):
        for path in ("/photos", "/image-files", "/authors", "/import-sessions", "/photo-stacks"):
            refused = await get(client, f"{path}?{query}", 400)
            assert refused["status_code"] == 400
            assert query.partition("=")[0] in refused["detail"]


LARGE = jpeg(4, (1240, 930))
MISFITS: list[dict[str, Any]] = [
    {}, {"filename": ""}, {"filename": None}, {"hotpreview": ""}, {"hotpreview": "&&"}, {"hotpreview": base64.b64encode(b"no picture").decode()},
    {"hotpreview": 7}, {"file_size": -1}, {"width": 0}, {"gps_latitude": 91}, {"gps_longitude": None}, {"taken_at": "yesterday"},
    {"exif_dict": []}, {"filename": "a" * 256}, {"exif_dict": {"note": "x" * 200_000}},
]  # fmt: skip


async def test_a_new_photo_that_does_not_fit(client: Tool, server: Server) -> None:
    server.transport.sent.clear()
    for body in MISFITS:
        answer = await client.post(f"{V1}/image-files/new-photo", json=photo(**body) if body else {})
        assert (answer.status_code, set(answer.json())) == (400, {"detail", "status_code"}), body
    assert server.transport.asked("PUT", "/") == 0


async def test_bodies_that_are_no_json_or_too_much(client: Tool) -> None:
    path = f"{V1}/image-files/new-photo"
    for content in (b"{", b"[]", b"\xff", b"[" * 100_000, b'{"filename": "\\ud800", "hotpreview": "x"}'):
        answer = await client.post(path, content=content, headers={"Content-Type": "application/json"})
        assert (answer.status_code, set(answer.json())) == (400, {"detail", "status_code"})
    assert (await client.post(path, json=photo(hotpreview="A" * 9_000_000))).status_code == 413
    assert (await client.post(f"{V1}/authors", json={"name": "a", "bio": "x" * 300_000})).status_code == 413


async def test_the_same_photo_again(client: Tool) -> None:
    wanted = await made(client)
    again = await client.post(f"{V1}/image-files/new-photo", json=photo())
    assert (again.status_code, again.json()["status_code"]) == (409, 409)
    other = await client.post(f"{V1}/image-files", json=photo(filename="copy.png", file_type=None))
    assert other.status_code == 201
    assert {name: other.json()[name] for name in ("filename", "photo_hothash", "photo_created")} == {
        "filename": "copy.png", "photo_hothash": wanted, "photo_created": False,
    }  # fmt: skip
    new = (await client.post(f"{V1}/image-files", json=photo(2))).json()
    assert (new["photo_created"], new["message"]) == (True, "ImageFile and Photo created successfully")
    assert len((await get(client, "/photos"))["data"]) == 2


async def test_a_raw_companion_and_where_files_lie(client: Tool) -> None:
    wanted = await made(client)
    body = {"photo_hothash": wanted, "filename": "IMG_001.CR2", "file_size": 25000000, "file_type": "raw", "width": 5472, "height": 3648}
    answer = await client.post(f"{V1}/image-files/add-to-photo", json=body)
    assert answer.status_code == 201
    image = answer.json()["image_file_id"]
    assert answer.json() == {
        "image_file_id": image, "photo_hothash": wanted, "photo_created": False, "message": "ImageFile added to existing Photo",
    }  # fmt: skip
    found = await get(client, f"/photos/{wanted}")
    assert [file["filename"] for file in found["image_files"]] == ["IMG_001.jpg", "IMG_001.CR2"]
    assert (found["width"], (await get(client, f"/image-files/{image}"))["width"]) == (4000, 5472)
    where = {"storage_path": "/mnt/photos/2025/10/IMG_001.CR2", "storage_type": "local", "checksum": "sha256:abc123"}
    assert await get(client, f"/image-files/{image}/storage-info") == {
        "id": image, "storage_path": None, "storage_type": None, "checksum": None, "last_verified": None,
    }  # fmt: skip
    put = await client.put(f"{V1}/image-files/{image}/storage-info", json=where)
    assert (put.status_code, put.json()["status"], put.json()["message"], put.json()["data"]) == (
        200, "success", "Storage info updated", {"id": image} | where,
    )  # fmt: skip
    kept = await get(client, f"/image-files/{image}/storage-info")
    assert (kept | {"last_verified": None}, kept["last_verified"][-1]) == ({"id": image, "last_verified": None} | where, "Z")
    for path in ("/image-files/7", "/image-files/7/hotpreview", "/image-files/7/storage-info", f"/image-files/{image + 1}", "/image-files/similar/7"):
        assert "not found" in (await get(client, path, 404))["detail"]
    assert (await client.put(f"{V1}/image-files/7/storage-info", json=where)).status_code == 404
    for wrong in ({}, {"storage_path": 5}, {"checksum": "x" * 300}):
        assert (await client.put(f"{V1}/image-files/{image}/storage-info", json=wrong)).status_code == 400
    assert (await client.post(f"{V1}/image-files/add-to-photo", json=body | {"photo_hothash": "0" * 64})).status_code == 404
    assert (await client.post(f"{V1}/image-files/add-to-photo", json={"filename": "a.jpg"})).status_code == 400
    assert (await client.get(f"{V1}/image-files/none")).status_code == 404


async def test_change_a_photo(client: Tool) -> None:
    wanted = await made(client)
    author = (await client.post(f"{V1}/authors", json={"name": "Jane Smith", "email": "jane@example.com"})).json()["id"]
    path = f"{V1}/photos/{wanted}"
    changed = await client.put(path, json={"rating": 5, "author_id": author, "gps_latitude": 60.0, "gps_longitude": 11.0})
    assert changed.status_code == 200
    found = await get(client, f"/photos/{wanted}")
    assert changed.json() == found
    assert (found["rating"], found["author_id"], found["gps_latitude"], found["gps_longitude"]) == (5, author, 60.0, 11.0)
    assert found["author"] == {"id": author, "name": "Jane Smith", "email": "jane@example.com"}
    assert (await get(client, f"/photos?author_id={author}"))["meta"]["total"] == 1
    assert (await client.put(path, json={"gps_latitude": None, "gps_longitude": None, "author_id": None})).json()["gps_latitude"] is None
    for wrong in (
        {"rating": 6},
        {"rating": -1},
        {"rating": "good"},
        {"author_id": 99},
        {"gps_latitude": 1},
        {"gps_latitude": 100, "gps_longitude": 1},
        {"title": "x"},
    ):
        assert (await client.put(path, json=wrong)).status_code == 400, wrong
    assert (await client.put(f"{V1}/photos/nothing", json={"rating": 1})).status_code == 404
    after = await get(client, f"/photos/{wanted}")
    assert (after["rating"], after["author_id"], after["author"]) == (5, None, None)


async def test_search(client: Tool) -> None:
    hothashes = [await made(client, seed, filename=f"{name}.jpg") for seed, name in ((1, "sunset beach"), (2, "harbour"), (3, "sunset hill"))]
    await client.put(f"{V1}/photos/{hothashes[2]}", json={"rating": 4})

    async def found(**ask: Any) -> list[str]:
        answer = await client.post(f"{V1}/photos/search", json=ask)
        assert answer.status_code == 200, answer.text
        assert answer.json()["meta"]["total"] == len(answer.json()["data"])
        return [one["hothash"] for one in answer.json()["data"]]

    one, two, three = hothashes
    assert await found() == [three, two, one]
    assert await found(query="SUNSET") == [three, one]
    assert await found(query="sunset beach") == [one]
    assert await found(rating_min=3, rating_max=5) == [three]
    assert await found(taken_after="2025-10-02T00:00:00Z", taken_before="2025-10-02T23:59:59+00:00") == [two]
    assert await found(author_id=99) == []
    assert await found(has_gps=True, has_raw=False, sort_by="rating", sort_order="asc", query="canon") == [two, one, three]
    page = (await client.post(f"{V1}/photos/search", json={"offset": 2, "limit": 2})).json()
    assert ([p["hothash"] for p in page["data"]], page["meta"]) == ([one], {"total": 3, "offset": 2, "limit": 2, "page": 2, "pages": 2})
    for wrong in (
        {"rating_min": 10},
        {"taken_after": "soon"},
        {"limit": 0},
        {"limit": 1001},
        {"offset": -1},
        {"sort_by": "colour"},
        {"sort_order": "up"},
        {"colour": 1},
    ):
        assert (await client.post(f"{V1}/photos/search", json=wrong)).status_code == 400, wrong


async def test_coldpreview(client: Tool, server: Server) -> None:
    wanted, large = await made(client), jpeg(9, (500, 400))
    path = f"{V1}/photos/{wanted}/coldpreview"
    assert (await client.get(path)).status_code == 404
    assert (await client.delete(path)).status_code == 404
    put = await client.put(path, files=form(large))
    assert put.status_code == 200, put.text
    assert (put.json()["status"], put.json()["message"]) == ("success", "Coldpreview uploaded successfully")
    assert put.json()["data"] == {"hothash": wanted, "coldpreview_path": path}
    got = await client.get(path)
    assert (got.content, got.headers["content-type"], got.headers["cache-control"]) == (large, "image/jpeg", "public, max-age=3600")
    assert got.headers["content-disposition"] == f"inline; filename=coldpreview_{wanted}.jpg"
    for query, size in (("width=200", (200, 160)), ("height=100", (125, 100)), ("width=200&height=100", (125, 100)), ("width=2000", (500, 400))):
        assert Image.open(io.BytesIO((await client.get(f"{path}?{query}")).content)).size == size
    for query in ("width=99", "height=2001", "width=wide"):
        assert (await client.get(f"{path}?{query}")).status_code == 400
    other = await client.put(path, files=form(jpeg(10), "application/octet-stream"))
    assert (other.status_code, (await client.get(path)).content) == (200, jpeg(10))
    assert (await client.put(path, files=form(jpeg()))).status_code == 200
    assert (await client.get(path)).content == jpeg(), "the same picture as the hotpreview is one that was sent, too"
    assert (await client.delete(path)).json()["message"] == "Coldpreview deleted successfully"
    assert (await client.get(path)).status_code == 404
    assert (await client.get(f"{V1}/photos/{wanted}/hotpreview")).content == jpeg()
    (found,) = client.library.photos.values()
    assert b"".join([part async for part in client.library.content(found.file)]) == jpeg()


async def test_a_coldpreview_that_does_not_fit(client: Tool, server: Server) -> None:
    wanted = await made(client)
    path = f"{V1}/photos/{wanted}/coldpreview"
    server.transport.sent.clear()
    for files in (form(b""), form(b"no picture"), form(jpeg(), "text/plain"), form(jpeg(), field="picture")):
        assert (await client.put(path, files=files)).status_code == 400
    assert (await client.put(path, json={})).status_code == 400
    assert (await client.put(path, content=b"--x", headers={"Content-Type": "multipart/form-data; boundary=x"})).status_code == 400
    assert (await client.put(path, files=form(bytes(17 * 1024 * 1024)))).status_code == 413
    assert (await client.put(f"{V1}/photos/nothing/coldpreview", files=form(jpeg()))).status_code == 404
    assert server.transport.asked("PUT", "/") == 0


async def test_an_original_is_shown_and_not_replaced(client: Tool) -> None:
    library = client.library
    await library.sync()
    put = await library.put(io.BytesIO(LARGE), New("sea.jpg", caption="blue sea"), await library.album_named("Sea"))
    (one,) = (await get(client, "/photos"))["data"]
    path = f"{V1}/photos/{one['hothash']}"
    assert len(one["hothash"]) == 64
    cold, hot = (await client.get(f"{path}/coldpreview")).content, (await client.get(f"{path}/hotpreview")).content
    assert (Image.open(io.BytesIO(cold)).size, Image.open(io.BytesIO(hot)).size) == ((1200, 900), (300, 225))
    assert (await client.put(f"{path}/coldpreview", files=form(jpeg()))).status_code == 400
    assert (await client.delete(f"{path}/coldpreview")).status_code == 400
    assert b"".join([part async for part in library.content(library.photos[put.id].file)]) == LARGE
    (file,) = (await get(client, "/image-files"))["data"]
    assert (file["filename"], file["file_size"], file["width"]) == ("sea.jpg", len(LARGE), 1240)
    added = await client.post(f"{V1}/image-files/add-to-photo", json={"photo_hothash": one["hothash"], "filename": "sea.nef"})
    assert added.status_code == 201
    assert [f["filename"] for f in (await client.get(path)).json()["image_files"]] == ["sea.jpg", "sea.nef"]
    assert (await client.post(f"{V1}/photos/search", json={"query": "blue", "has_raw": True})).json()["meta"]["total"] == 1
    assert library.photos[put.id].file.caption == "blue sea"


async def test_similar(client: Tool) -> None:
    hothashes = [
        await made(client, seed, perceptual_hash=bits) for seed, bits in ((1, "00000000000000ff"), (2, "00000000000000fe"), (3, "ff00000000000000"))
    ]
    odd = await made(client, 4, perceptual_hash="a1b2c3d4e5f6g7h8")
    ids = {one["photo_hothash"]: one["id"] for one in (await get(client, "/image-files"))["data"]}
    first = ids[hothashes[0]]
    assert await get(client, f"/image-files/similar/{first}?threshold=5&limit=10") == [
        {"id": ids[hothashes[1]], "filename": "IMG_002.jpg", "photo_hothash": hothashes[1], "hamming_distance": 1}
    ]
    assert [one["hamming_distance"] for one in await get(client, f"/image-files/similar/{first}?threshold=16")] == [1, 16]
    assert len(await get(client, f"/image-files/similar/{first}?threshold=16&limit=1")) == 1
    assert isinstance(await get(client, f"/image-files/similar/{ids[odd]}"), list)
    for query in ("threshold=17", "threshold=-1", "limit=0", "limit=101"):
        await get(client, f"/image-files/similar/{first}?{query}", 400)


async def test_delete(client: Tool) -> None:
    wanted = await made(client)
    gone = await client.delete(f"{V1}/photos/{wanted}")
    assert (gone.status_code, gone.json()["success"]) == (200, True)
    for path in (f"/photos/{wanted}", f"/photos/{wanted}/hotpreview", f"/photos/{wanted}/coldpreview", f"/photos/{wanted}/stack"):
        assert "not found" in (await get(client, path, 404))["detail"]
    assert (await client.delete(f"{V1}/photos/{wanted}")).status_code == 404
    assert (await get(client, "/image-files"))["data"] == []
    assert len(client.library.trashed) == 1
    assert await made(client) == wanted


async def everything(client: Tool) -> dict[str, Any]:
    """All that can be read, by path."""
    found = {}
    for path in ("/photos", "/image-files", "/authors", "/import-sessions", "/photo-stacks", "/users/me"):
        found[path] = await get(client, path)
    for one in found["/photos"]["data"]:
        for path in (f"/photos/{one['hothash']}", f"/photos/{one['hothash']}/stack"):
            found[path] = await get(client, path)
    for one in found["/image-files"]["data"]:
        found[f"{one['id']} storage"] = await get(client, f"/image-files/{one['id']}/storage-info")
        found[f"{one['id']} similar"] = await get(client, f"/image-files/similar/{one['id']}?threshold=16")
    for one in found["/photo-stacks"]["data"]:
        found[f"stack {one['id']}"] = await get(client, f"/photo-stacks/{one['id']}")
    return found


async def furnish(client: Tool) -> None:
    """One of everything."""
    author = (await client.post(f"{V1}/authors", json={"name": "Jane"})).json()["id"]
    session = (await client.post(f"{V1}/import-sessions", json={"source_path": "/media", "author_id": author})).json()["id"]
    first, second = await made(client, 1, import_session_id=session), await made(client, 2, taken_at=None)
    await client.put(f"{V1}/photos/{first}", json={"rating": 3, "author_id": author})
    await client.put(f"{V1}/photos/{second}/coldpreview", files=form(jpeg(8, (300, 200))))
    await client.post(f"{V1}/image-files/add-to-photo", json={"photo_hothash": first, "filename": "IMG_001.CR2"})
    image = (await get(client, "/image-files"))["data"][0]["id"]
    await client.put(f"{V1}/image-files/{image}/storage-info", json={"storage_path": "/mnt/a.jpg"})
    stack = (await client.post(f"{V1}/photo-stacks", json={"stack_type": "burst", "name": "Sunset", "cover_photo_hothash": first})).json()["stack"][
        "id"
    ]
    for one in (second, first):
        await client.post(f"{V1}/photo-stacks/{stack}/photo", json={"photo_hothash": one})
    await client.put(f"{V1}/users/me", json={"display_name": "Alice"})


async def test_everything_survives_the_loss_of_what_is_local(client: Tool, opened: Open, serve: Serve, tmp_path: Path) -> None:
    await furnish(client)
    before = await everything(client)
    other = serve(opened("desktop"))
    await other.library.sync()
    after = await everything(await login(other, "alice", other.key))
    assert after.pop("/users/me") | {"created_at": ""} == before.pop("/users/me") | {"created_at": ""}
    assert after == before
    wanted = before["/photos"]["data"][0]["hothash"]
    picture = await client.get(f"{V1}/photos/{wanted}/hotpreview")
    assert (await other.get(f"{V1}/photos/{wanted}/hotpreview")).content == picture.content


async def test_photos_of_other_apps_are_listed_without_being_opened(client: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    library = client.library
    album = await library.album_named("Boats")
    for number in range(3):
        new = New(f"boat {number}.jpg", created=number * 1_000_000 + 1, caption="red", place=(1.0, 2.0) if number else None)
        await library.put(io.BytesIO(jpeg(number + 20)), new, album)
    await made(client)
    before = {entry["hothash"]: entry for entry in (await get(client, "/photos"))["data"]}
    library.photos.forget_all()
    library.version += 1
    opened: list[int] = []
    real = library.photos._open
    monkeypatch.setattr(library.photos, "_open", lambda number: (opened.append(number), real(number))[1])
    first = (await get(client, "/photos?limit=1"))["data"]
    assert len(opened) == 1, "ImaLink's own, which is the newest"
    assert {entry["hothash"]: entry for entry in (await get(client, "/photos"))["data"]} == before
    assert before[first[0]["hothash"]] == first[0]

    async def count(**wanted: Any) -> int:
        return int((await client.post(f"{V1}/photos/search", json=wanted)).json()["meta"]["total"])

    assert [await count(query=text) for text in ("boat", "RED", "boats red", "canon", "img_001", "nothing", "boat canon")] == [3, 3, 3, 1, 1, 0, 0]
    assert [await count(has_gps=flag) for flag in (True, False)] == [3, 1]
    assert await count(has_raw=True) == 0
    changed = await client.put(f"{V1}/photos/{first[0]['hothash']}", json={"rating": 3})
    assert changed.json()["rating"] == 3
    other = next(hothash for hothash in before if hothash != first[0]["hothash"])
    await client.put(f"{V1}/photos/{other}", json={"rating": 5})
    assert [await count(rating_min=low) for low in (3, 4, 5)] == [2, 1, 1]
    assert (await get(client, f"/photos/{other}"))["hothash"] == other


async def test_nothing_leaves_in_the_clear(client: Tool, server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real, bodies = server.transport.handle_async_request, []

    async def noted(request: Any) -> Any:
        bodies.append(str(request.url).encode() + await request.aread())
        return await real(request)

    monkeypatch.setattr(server.transport, "handle_async_request", noted)
    wanted = await made(client, filename="canary.jpg", exif_dict={"Make": "canary"})
    await client.put(f"{V1}/photos/{wanted}/coldpreview", files=form(jpeg(8)))
    await client.post(f"{V1}/authors", json={"name": "canary"})
    image = (await get(client, "/image-files"))["data"][0]["id"]
    await client.put(f"{V1}/image-files/{image}/storage-info", json={"storage_path": "/canary"})
    kept = b"".join(path.read_bytes() for path in (tmp_path / "laptop").rglob("*") if path.is_file())
    for canary in (b"canary", wanted.encode(), jpeg()[100:160], jpeg(8)[100:160]):
        assert not any(canary in body for body in [*bodies, kept])
    assert list(client.library.queue.spool.iterdir()) == []


async def test_a_link_for_reading_writes_nothing(client: Tool, server: Server, opened: Open, serve: Serve) -> None:
    await furnish(client)
    wanted = (await get(client, "/photos"))["data"][-1]["hothash"]
    image = (await get(client, "/image-files"))["data"][0]["id"]
    reading = serve(opened("frame", read_only=True))
    await login(reading, "alice", reading.key)
    await reading.library.sync()
    server.transport.sent.clear()
    shown = await everything(reading)
    assert shown["/photos"]["meta"]["total"] == 2
    acts: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/image-files/new-photo", {"json": photo(7)}), ("POST", "/image-files", {"json": photo(7)}),
        ("POST", "/image-files/add-to-photo", {"json": {"photo_hothash": wanted, "filename": "a.nef"}}),
        ("PUT", f"/image-files/{image}/storage-info", {"json": {"storage_path": "/a"}}),
        ("PUT", f"/photos/{wanted}", {"json": {"rating": 1}}), ("DELETE", f"/photos/{wanted}", {}),
        ("PUT", f"/photos/{wanted}/coldpreview", {"files": form(jpeg())}), ("DELETE", f"/photos/{wanted}/coldpreview", {}),
        ("POST", "/authors", {"json": {"name": "b"}}), ("PUT", "/authors/1", {"json": {"name": "b"}}), ("DELETE", "/authors/1", {}),
        ("POST", "/import-sessions", {"json": {}}),
        ("PATCH", "/import-sessions/1", {"json": {"status": "failed"}}), ("DELETE", "/import-sessions/1", {}),
        ("POST", "/photo-stacks", {"json": {}}), ("PUT", "/photo-stacks/1", {"json": {"stack_type": "hdr"}}), ("DELETE", "/photo-stacks/1", {}),
        ("DELETE", f"/photo-stacks/1/photo/{wanted}", {}), ("PUT", "/users/me", {"json": {"display_name": "b"}}),
        ("POST", "/users/me/change-password", {"json": {"current_password": reading.key, "new_password": "another one"}}),
    ]  # fmt: skip
    for method, path, more in acts:
        answer = await reading.request(method, V1 + path, **more)
        assert (answer.status_code, "reading only" in answer.text) == (403, True), (method, path, answer.text)
    assert {request.method for request in server.transport.sent} <= {"GET"}
    assert await everything(client) == shown | {"/users/me": await get(client, "/users/me")}
