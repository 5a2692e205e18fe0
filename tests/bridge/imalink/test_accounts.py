"""Who may ask: log-in with a bridge key or a password, users who were registered, and what none of them sees of another."""

from __future__ import annotations

from bridge.config import Options
from bridge.imalink import people
from bridge.serving.app import found
from bridge.serving.face import ANYONE
from tests.bridge.conftest import Serve, Tool
from tests.bridge.imalink.conftest import V1, form, login, made, photo
from tests.bridge.library.pictures import jpeg

DEMO = {"username": "demo", "email": "demo@example.com", "password": "demo123", "display_name": "Demo User"}


async def test_it_works(client: Tool) -> None:
    again = await client.post(f"{V1}/auth/login", json={"username": "Alice", "password": client.key})
    assert set(again.json()) == {"access_token", "token_type", "user"}
    assert again.json()["token_type"] == "bearer"
    user = {"id": 1, "username": "alice", "email": "alice@example.org", "display_name": None, "is_active": True}
    assert again.json()["user"] == user
    for path in ("/auth/me", "/users/me"):
        me = (await client.get(V1 + path)).json()
        assert set(me) == set(user) | {"created_at", "updated_at"}
        assert {name: me[name] for name in user} == user
    assert (await client.post(f"{V1}/auth/logout")).json() == {"message": "Successfully logged out"}
    ended = await client.get(f"{V1}/auth/me")
    assert (ended.status_code, ended.json()) == (401, {"detail": "Invalid user token", "status_code": 401})


async def test_without_a_key_nothing_is_said(client: Tool) -> None:
    wanted = await made(client)
    handlers = [h for face, modules in found() if face.prefix.startswith(V1) for module in modules for h in getattr(module, "HANDLERS", [])]
    asked = [(method, path) for h in handlers if h.opt["permission"] != ANYONE for path in h.paths for method in h.http_methods - {"OPTIONS"}]
    assert len(asked) == 42
    for method, path in asked:
        filled = path.replace("{hothash:str}", wanted).replace("{photo_hothash:str}", wanted)
        filled = filled.replace("{image_id:int}", "1").replace("{author_id:int}", "1").replace("{import_id:int}", "1").replace("{stack_id:int}", "1")
        for headers in ({"Authorization": ""}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic YTpi"}):
            answer = await client.request(method, filled, headers=headers)
            assert (answer.status_code, set(answer.json())) == (401, {"detail", "status_code"}), (method, path)


async def test_a_wrong_log_in(client: Tool) -> None:
    for username, password in (("alice", "wrong"), ("alice", ""), ("bob", client.key), ("", client.key), (" ", client.key)):
        answer = await client.post(f"{V1}/auth/login", json={"username": username, "password": password})
        assert (answer.status_code, answer.json()) == (401, {"detail": "Incorrect username or password", "status_code": 401})
    assert (await client.post(f"{V1}/auth/login", json={"username": "alice"})).status_code == 400


async def test_who_guesses_must_wait(client: Tool) -> None:
    body = {"username": "alice", "password": "wrong"}
    assert [(await client.post(f"{V1}/auth/login", json=body)).status_code for _ in range(people.FAILURES + 1)] == [401] * people.FAILURES + [429]
    assert (await client.post(f"{V1}/auth/login", json={"username": "alice", "password": client.key})).status_code == 429
    assert (await client.get(f"{V1}/auth/me")).status_code == 200


async def test_what_a_key_may_not(serve: Serve) -> None:
    tool = serve(permissions=("asset.read", "asset.view"))
    await login(tool, "alice", tool.key)
    assert (await tool.get(f"{V1}/photos")).status_code == 200
    for method, path, permission in (
        ("POST", "/image-files/new-photo", "asset.upload"), ("PUT", "/photos/x", "asset.update"), ("DELETE", "/photos/x", "asset.delete"),
        ("POST", "/authors", "asset.update"), ("DELETE", "/photo-stacks/1", "asset.delete"), ("PUT", "/users/me", "all"),
        ("POST", "/users/me/change-password", "all"), ("DELETE", "/users/me", "all"),
    ):  # fmt: skip
        answer = await tool.request(method, V1 + path, json={})
        assert (answer.status_code, answer.json()["detail"]) == (403, f"Missing required permission: {permission}")


async def test_registration_is_closed_unless_it_was_opened(serve: Serve) -> None:
    tool = serve()
    refused = await tool.post(f"{V1}/auth/register", json=DEMO)
    assert (refused.status_code, refused.json()["status_code"]) == (403, 403)
    assert tool.library.albums == {}


async def test_a_registered_user_has_a_library_alone(client: Tool, serve: Serve) -> None:
    of_alice = await made(client, 1)
    author = (await client.post(f"{V1}/authors", json={"name": "Jane"})).json()["id"]
    answer = await client.post(f"{V1}/auth/register", json=DEMO)
    assert answer.status_code == 201
    assert {name: answer.json()[name] for name in ("id", "username", "email", "display_name", "is_active")} == {
        "id": 2, "username": "demo", "email": "demo@example.com", "display_name": "Demo User", "is_active": True,
    }  # fmt: skip
    assert "password" not in answer.text
    demo = await login(serve(client.library, options=Options(register=True)), "demo@example.com", "demo123")
    for path in ("/photos", "/image-files", "/authors", "/import-sessions", "/photo-stacks"):
        assert (await demo.get(V1 + path)).json()["data"] == []
    image = (await client.get(f"{V1}/image-files")).json()["data"][0]["id"]
    stack = (await client.post(f"{V1}/photo-stacks", json={})).json()["stack"]["id"]
    session = (await client.post(f"{V1}/import-sessions", json={})).json()["id"]
    for method, path, more in (
        ("GET", f"/photos/{of_alice}", {}), ("PUT", f"/photos/{of_alice}", {"json": {"rating": 1}}), ("DELETE", f"/photos/{of_alice}", {}),
        ("GET", f"/photos/{of_alice}/hotpreview", {}), ("PUT", f"/photos/{of_alice}/coldpreview", {"files": form(jpeg())}),
        ("GET", f"/image-files/{image}", {}), ("GET", f"/image-files/{image}/storage-info", {}), ("GET", f"/image-files/similar/{image}", {}),
        ("GET", f"/authors/{author}", {}), ("DELETE", f"/authors/{author}", {}), ("GET", f"/import-sessions/{session}", {}),
        ("GET", f"/photo-stacks/{stack}", {}), ("POST", f"/photo-stacks/{stack}/photo", {"json": {"photo_hothash": of_alice}}),
        ("POST", "/image-files/add-to-photo", {"json": {"photo_hothash": of_alice, "filename": "a.nef"}}),
    ):  # fmt: skip
        assert (await demo.request(method, V1 + path, **more)).status_code == 404, path
    assert await made(demo, 1) == of_alice, "the same picture is a photo of each"
    assert [user["meta"]["total"] for user in [(await one.get(f"{V1}/photos")).json() for one in (client, demo)]] == [1, 1]
    assert (await demo.delete(f"{V1}/photos/{of_alice}")).status_code == 200
    assert (await client.get(f"{V1}/photos/{of_alice}")).status_code == 200
    for path in ("/schema/openapi.json", "/api/albums", "/api/immich/assets"):
        assert (await demo.get(path)).status_code in (403, 404) or path.startswith("/schema")


async def test_a_registration_that_does_not_fit(client: Tool) -> None:
    for more, status in (
        ({"username": "alice"}, 409), ({"email": "ALICE@example.org"}, 409), ({"username": "ab"}, 400), ({"email": "nobody"}, 400),
        ({"password": "short"}, 400), ({"password": None}, 400), ({"username": "   "}, 400),
    ):  # fmt: skip
        answer = await client.post(f"{V1}/auth/register", json=DEMO | more)
        assert (answer.status_code, answer.json()["status_code"]) == (status, status)


async def test_registered_twice(client: Tool) -> None:
    statuses = [(await client.post(f"{V1}/auth/register", json=DEMO | more)).status_code for more in ({}, {}, {"username": "other"})]
    assert statuses == [201, 409, 409]


async def test_profile_password_and_the_end(client: Tool, serve: Serve) -> None:
    await client.post(f"{V1}/auth/register", json=DEMO)
    demo = await login(serve(client.library), "demo", "demo123")
    await made(demo)
    changed = await demo.put(f"{V1}/users/me", json={"display_name": "John Updated", "email": "john.new@example.com"})
    assert (changed.status_code, changed.json()["display_name"], changed.json()["email"]) == (200, "John Updated", "john.new@example.com")
    assert (await demo.put(f"{V1}/users/me", json={})).json() == changed.json()
    for wrong, status in (
        ({"email": "nobody"}, 400),
        ({"email": None}, 400),
        ({"email": "alice@example.org"}, 409),
        ({"display_name": "x" * 101}, 400),
    ):
        assert (await demo.put(f"{V1}/users/me", json=wrong)).status_code == status
    path = f"{V1}/users/me/change-password"
    assert (await demo.post(path, json={"current_password": "wrong", "new_password": "newpass456"})).status_code == 400
    assert (await demo.post(path, json={"current_password": "demo123", "new_password": "short"})).status_code == 400
    assert (await demo.post(path, json={"current_password": "demo123", "new_password": "newpass456"})).json() == {
        "message": "Password changed successfully"
    }
    assert (await demo.post(f"{V1}/auth/login", json={"username": "demo", "password": "demo123"})).status_code == 401
    await login(demo, "demo", "newpass456")
    assert (await demo.delete(f"{V1}/users/me")).status_code == 200
    assert (await demo.get(f"{V1}/auth/me")).status_code == 401
    assert (await demo.post(f"{V1}/auth/login", json={"username": "demo", "password": "newpass456"})).status_code == 401
    assert len(client.library.photos) == 1, "the photos stay in the account"
    assert (await client.get(f"{V1}/photos")).json()["data"] == [], "and are nobody else's"
    assert (await client.post(f"{V1}/auth/register", json=DEMO)).json()["id"] == 3


async def test_the_owner_gets_a_password(client: Tool, serve: Serve) -> None:
    assert (await client.delete(f"{V1}/users/me")).status_code == 403
    path = f"{V1}/users/me/change-password"
    assert (await client.post(path, json={"current_password": "wrong", "new_password": "a new one"})).status_code == 400
    assert (await client.post(path, json={"current_password": client.key, "new_password": "a new one"})).status_code == 200
    assert (await client.post(f"{V1}/auth/login", json={"username": "alice", "password": client.key})).status_code == 401
    await login(client, "alice", "a new one")
    assert (await client.get(f"{V1}/photos")).status_code == 200
    await client.post(f"{V1}/auth/register", json=DEMO)
    demo = await login(serve(client.library), "demo", "demo123")
    token = demo.headers["authorization"].removeprefix("Bearer ")
    for name in ("alice", "demo"):
        assert (await demo.post(f"{V1}/auth/login", json={"username": name, "password": token})).status_code == 401


async def test_passwords_are_kept_as_hashes(client: Tool) -> None:
    await client.post(f"{V1}/auth/register", json=DEMO)
    album = next(a for a in client.library.albums.values() if a.hidden)
    assert "demo123" not in str(album.private.values)
    assert "$argon2id$" in str(album.private.values)
    assert (await client.post(f"{V1}/image-files/new-photo", json=photo())).status_code == 201
