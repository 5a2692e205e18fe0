"""Administrative commands inside the server, on both engines, and the socket they come through."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path

import pytest

from app.cli import admin
from app.cli.admin_client import NAME, NoServer, Refused, ask
from app.cli.admin_socket import AdminSocket
from app.closing.deletion import close
from app.kernel.clock import HOUR
from tests.inprocess import Person, World


async def test_it_works(world: World, alice: Person) -> None:
    user_id = await admin.run(world.kernel, "add", {"email": " Dave@Example.org "})
    await admin.run(world.kernel, "quota", {"email": "DAVE@example.org", "size": 5})
    listed = await admin.run(world.kernel, "users", {})
    assert [(u["id"], u["email"], u["ready"], u["quota"], u["bytes"]) for u in listed] == [
        (alice.user_id, alice.email, True, None, 0),
        (user_id, "dave@example.org", False, 5, 0),
    ]
    await world.anon().post("/users/ott", {"email": "dave@example.org", "purpose": "signup"})
    (code,) = await admin.run(world.kernel, "ott", {"email": "dave@example.org"})
    assert code["app"] == "photos"
    assert 0 < code["expires_in"] <= 3600
    grant = (await world.anon().post("/users/verify-email", {"email": "dave@example.org", "ott": code["code"]})).json()
    assert grant["id"] == user_id
    assert await admin.run(world.kernel, "ott", {"email": "dave@example.org"}) == []


async def test_a_code_is_shown_while_it_is_good(world: World) -> None:
    await world.anon().post("/users/ott", {"email": "dave@example.org", "purpose": "signup"})
    assert len(await admin.run(world.kernel, "ott", {"email": "dave@example.org"})) == 1
    world.clock.advance(2 * HOUR)
    assert await admin.run(world.kernel, "ott", {"email": "dave@example.org"}) == []


async def test_a_deletion_is_undone_by_a_link(world: World, alice: Person) -> None:
    await world.kernel.db.write("test.delete", close, world.kernel, alice.user_id, "{}", world.clock.now())
    path = await admin.run(world.kernel, "restore", {"user_id": alice.user_id, "email": " ALICE.new@Example.org "})
    assert b"Bring it back" in (await world.anon().get(path)).content
    assert b"is back" in (await world.anon().post(path.replace("?", "/page?"))).content
    assert [(u["id"], u["email"]) for u in await admin.run(world.kernel, "users", {})] == [(alice.user_id, "alice.new@example.org")]
    for args in ({"user_id": alice.user_id, "email": alice.email}, {"user_id": 5, "email": alice.email}):
        with pytest.raises(Refused, match="no deleted account"):
            await admin.run(world.kernel, "restore", args)


async def test_refusals(world: World, alice: Person) -> None:
    for command, args in [
        ("add", {"email": alice.email}),
        ("invite", {"email": alice.email}),
        ("add", {"email": "dave"}),
        ("add", {"email": "da\nve@example.org"}),
        ("invite", {"email": "@"}),
        ("quota", {"email": "dave@example.org", "size": 1}),
        ("reboot", {}),
    ]:
        with pytest.raises(Refused):
            await admin.run(world.kernel, command, args)


async def test_an_invitation_may_be_repeated(world: World) -> None:
    for _ in range(2):
        assert await admin.run(world.kernel, "invite", {"email": "dave@example.org"}) == ""


async def test_the_socket_carries_results_and_refusals(world: World, alice: Person, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(NoServer):
        ask(tmp_path, "users", {})
    async with AdminSocket(world.kernel, tmp_path):
        assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600
        assert [u["email"] for u in await asyncio.to_thread(ask, tmp_path, "users", {})] == [alice.email]
        with pytest.raises(Refused, match="has an account already"):
            await asyncio.to_thread(ask, tmp_path, "add", {"email": alice.email})
        with pytest.raises(Refused, match="its log says why"):
            await asyncio.to_thread(ask, tmp_path, "add", {"wrong": 1})
        assert await asyncio.to_thread(rude, tmp_path) == {"error": "the server could not do that; its log says why"}
        assert len(await asyncio.to_thread(ask, tmp_path, "users", {})) == 1
    assert not (tmp_path / NAME).exists()
    assert "admin command failed" in caplog.text


def rude(folder: Path) -> object:
    """What is no command."""
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(str(folder / NAME))
        s.sendall(b"hello\n")
        with s.makefile("rb") as lines:
            return json.loads(lines.readline())
