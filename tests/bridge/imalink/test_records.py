"""Authors, import sessions and stacks."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from bridge.library import noted, records
from tests.bridge.conftest import Open, Tool
from tests.bridge.imalink.conftest import V1, made

JANE = {"name": "Jane Smith", "email": "jane@example.com", "bio": "Professional landscape photographer"}


async def test_authors(client: Tool) -> None:
    answer = await client.post(f"{V1}/authors", json=JANE)
    assert answer.status_code == 201
    jane = answer.json()
    assert {name: jane[name] for name in ("id", *JANE)} == {"id": 1} | JANE
    assert jane["created_at"] == jane["updated_at"]
    assert (await client.get(f"{V1}/authors/1")).json() == jane
    page = (await client.get(f"{V1}/authors")).json()
    assert (page["data"], page["meta"]) == ([jane], {"total": 1, "offset": 0, "limit": 100, "page": 1, "pages": 1})
    changed = (await client.put(f"{V1}/authors/1", json={"name": "Jane Smith Updated", "bio": None})).json()
    assert (changed["name"], changed["bio"], changed["email"]) == ("Jane Smith Updated", None, "jane@example.com")
    assert changed["updated_at"] > changed["created_at"]
    assert (await client.delete(f"{V1}/authors/1")).json()["success"] is True
    for method in ("GET", "DELETE", "PUT"):
        gone = await client.request(method, f"{V1}/authors/1", json={"name": "x"} if method == "PUT" else None)
        assert (gone.status_code, gone.json()["detail"]) == (404, "Author with id 1 not found")
    assert (await client.post(f"{V1}/authors", json=JANE)).json()["id"] == 2, "a number is not used twice"


async def test_an_author_that_does_not_fit(client: Tool) -> None:
    for wrong in ({}, {"name": ""}, {"name": "  "}, {"name": 5}, {"name": None}, {"name": "x" * 256}, {"name": "a", "email": "at home"}):
        answer = await client.post(f"{V1}/authors", json=wrong)
        assert (answer.status_code, set(answer.json()), answer.json()["status_code"]) == (400, {"detail", "status_code"}, 400)


async def test_import_sessions(client: Tool) -> None:
    await client.post(f"{V1}/authors", json=JANE)
    body = {"source_path": "/media/sdcard/DCIM", "description": "Birthday party photos", "author_id": 1}
    answer = await client.post(f"{V1}/import-sessions", json=body)
    assert answer.status_code == 201
    new = answer.json()
    counts = {"total_files": 0, "processed_files": 0, "failed_files": 0}
    assert {name: value for name, value in new.items() if not name.endswith("_at")} == {"id": 1, "status": "pending"} | body | counts
    changed = await client.patch(f"{V1}/import-sessions/1", json={"status": "completed", "processed_files": 150, "failed_files": 2})
    assert changed.status_code == 200
    assert {n: changed.json()[n] for n in ("status", "processed_files", "failed_files", "description")} == {
        "status": "completed", "processed_files": 150, "failed_files": 2, "description": "Birthday party photos",
    }  # fmt: skip
    assert (await client.get(f"{V1}/import-sessions/1")).json() == changed.json()
    page = (await client.get(f"{V1}/import-sessions")).json()
    assert (page["data"], page["meta"]["limit"]) == ([changed.json()], 50)
    assert (await client.post(f"{V1}/import-sessions", json={})).status_code == 201
    await client.delete(f"{V1}/authors/1")
    assert (await client.get(f"{V1}/import-sessions/1")).json()["author_id"] is None
    assert (await client.delete(f"{V1}/import-sessions/1")).status_code == 200
    for method in ("GET", "PATCH", "DELETE"):
        assert (await client.request(method, f"{V1}/import-sessions/1", json={} if method == "PATCH" else None)).status_code == 404
    for wrong in ({"status": "eaten"}, {"processed_files": -1}, {"author_id": 99}, {"author_id": "x"}, {"description": "x" * 5000}):
        assert (await client.patch(f"{V1}/import-sessions/2", json=wrong)).status_code == 400, wrong


async def test_stacks(client: Tool) -> None:
    one, two, three = [await made(client, seed) for seed in (1, 2, 3)]
    new = await client.post(f"{V1}/photo-stacks", json={"stack_type": "panorama", "cover_photo_hothash": one})
    assert new.status_code == 201
    assert (new.json()["success"], new.json()["message"]) == (True, "Photo stack created successfully")
    stack = new.json()["stack"]
    assert {name: stack[name] for name in ("stack_type", "cover_photo_hothash", "photo_hothashes", "photo_count")} == {
        "stack_type": "panorama", "cover_photo_hothash": one, "photo_hothashes": [], "photo_count": 0,
    }  # fmt: skip
    path = f"{V1}/photo-stacks/{stack['id']}"
    for hothash in (three, one, one):
        added = await client.post(f"{path}/photo", json={"photo_hothash": hothash})
        assert (added.status_code, added.json()["message"]) == (200, "Photo added to stack successfully")
    assert (added.json()["stack"]["photo_hothashes"], added.json()["stack"]["photo_count"]) == ([three, one], 2)
    assert (await client.get(path)).json() == added.json()["stack"]
    summary = (await client.get(f"{V1}/photo-stacks")).json()
    assert summary["data"] == [{name: value for name, value in added.json()["stack"].items() if name != "photo_hothashes"}]
    assert summary["meta"]["limit"] == 50
    assert (await client.get(f"{V1}/photos/{one}")).json()["stack_id"] == stack["id"]
    assert (await client.get(f"{V1}/photos/{one}/stack")).json() == {"name": None} | summary["data"][0]
    nothing = await client.get(f"{V1}/photos/{two}/stack")
    assert (nothing.status_code, nothing.content) == (200, b"null")
    changed = (await client.put(path, json={"stack_type": "burst", "cover_photo_hothash": three, "name": "Sunset Series"})).json()
    assert (changed["message"], changed["stack"]["stack_type"], changed["stack"]["cover_photo_hothash"]) == (
        "Photo stack updated successfully", "burst", three,
    )  # fmt: skip
    assert (await client.get(f"{V1}/photos/{one}/stack")).json()["name"] == "Sunset Series"
    left = (await client.delete(f"{path}/photo/{three}")).json()
    assert (left["message"], left["stack"]["photo_hothashes"], left["stack"]["cover_photo_hothash"]) == (
        "Photo removed from stack successfully", [one], one,
    )  # fmt: skip
    assert (await client.delete(f"{path}/photo/{three}")).status_code == 404
    await client.delete(f"{V1}/photos/{one}")
    assert [(await client.get(path)).json()[name] for name in ("photo_count", "cover_photo_hothash")] == [0, None]
    assert (await client.delete(path)).json() == {"success": True, "message": "Photo stack deleted successfully", "stack": None}
    assert (await client.delete(path)).status_code == 404
    assert (await client.get(f"{V1}/photos/{three}")).json()["stack_id"] is None


async def test_a_photo_is_in_one_stack_at_most(client: Tool) -> None:
    one = await made(client)
    first, second = [(await client.post(f"{V1}/photo-stacks", json={})).json()["stack"]["id"] for _ in range(2)]
    for stack in (first, second):
        await client.post(f"{V1}/photo-stacks/{stack}/photo", json={"photo_hothash": one})
    counts = {stack["id"]: stack["photo_count"] for stack in (await client.get(f"{V1}/photo-stacks")).json()["data"]}
    assert counts == {first: 0, second: 1}
    assert (await client.delete(f"{V1}/photo-stacks/{second}")).status_code == 200
    assert (await client.get(f"{V1}/photos/{one}")).json()["stack_id"] is None


async def test_stacks_that_do_not_fit(client: Tool) -> None:
    stack = (await client.post(f"{V1}/photo-stacks", json={"stack_type": ""})).json()["stack"]
    assert stack["stack_type"] is None
    path = f"{V1}/photo-stacks/{stack['id']}"
    for wrong in ({"stack_type": 5}, {"stack_type": "x" * 51}, {"cover_photo_hothash": "nothing"}):
        assert (await client.post(f"{V1}/photo-stacks", json=wrong)).status_code == 400
        assert (await client.put(path, json=wrong)).status_code == 400
    assert (await client.post(f"{path}/photo", json={})).status_code == 400
    assert (await client.post(f"{path}/photo", json={"photo_hothash": "nothing"})).status_code == 404
    for method, more in (("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/photo"), ("DELETE", "/photo/x")):
        answer = await client.request(method, f"{V1}/photo-stacks/99{more}", json={"photo_hothash": "x"} if method in ("PUT", "POST") else None)
        assert answer.status_code == 404


async def test_a_stack_that_another_face_made(client: Tool) -> None:
    """It is the same field, whoever wrote it."""
    one, two = [await made(client, seed) for seed in (1, 2)]
    library = client.library
    first, second = sorted(library.photos)
    await noted.stack(library, [first, second], str(uuid.UUID(int=7, version=4)))
    (stack,) = (await client.get(f"{V1}/photo-stacks")).json()["data"]
    assert (stack["photo_count"], stack["cover_photo_hothash"]) == (2, one)
    assert (await client.get(f"{V1}/photos/{two}")).json()["stack_id"] == stack["id"] < 2**53
    path = f"{V1}/photo-stacks/{stack['id']}"
    changed = (await client.put(path, json={"stack_type": "hdr"})).json()["stack"]
    assert (changed["stack_type"], changed["photo_hothashes"]) == ("hdr", [one, two])
    assert (await client.post(f"{V1}/photo-stacks", json={})).json()["stack"]["id"] == 1
    assert (await client.delete(path)).status_code == 200
    assert {noted.noted(photo).stack for photo in library.photos.values()} == {""}


async def test_many_at_once_and_from_two_bridges(client: Tool, opened: Open) -> None:
    other = opened("desktop")
    await asyncio.gather(*(client.post(f"{V1}/authors", json={"name": f"Author {n}"}) for n in range(4)))
    number = await records.add(other, "authors", {"name": "elsewhere"})
    await client.post(f"{V1}/authors", json={"name": "last"})
    found = (await client.get(f"{V1}/authors")).json()["data"]
    assert [one["id"] for one in found] == [1, 2, 3, 4, 5, 6]
    assert (number, found[4]["name"]) == (5, "elsewhere")


async def test_there_is_an_end_to_them(client: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "MOST_BYTES", 1500)
    statuses = [(await client.post(f"{V1}/authors", json={"name": "a", "bio": "x" * 600})).status_code for _ in range(3)]
    assert statuses == [201, 201, 400]
    assert (await client.put(f"{V1}/authors/1", json={"bio": None})).status_code == 200
    assert (await client.post(f"{V1}/authors", json={"name": "a"})).status_code == 201
