"""`darkroom admin` inside the server and as a command, with and without a server beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.admin import service
from app.cli import admin
from app.cli.admin_client import Refused
from app.cli.admin_command import table
from app.kernel.jobs import Job, run_leased
from tests.cli.command import darkroom, serving
from tests.inprocess import AUTH, Person, World


async def test_it_works(world: World, alice: Person, bob: Person) -> None:
    await world.in_app(alice, AUTH)
    listed = await admin.run(world.kernel, "admin.accounts", {})
    assert [(a["user_id"], a["email"], a["quota"], a["ready"]) for a in listed] == [(p.user_id, p.email, None, True) for p in (alice, bob)]
    await admin.run(world.kernel, "admin.quota", {"who": alice.email, "size": 7})
    shown = await admin.run(world.kernel, "admin.show", {"who": str(alice.user_id)})
    assert (shown["account"]["limit"], shown["passkeys"], [s["app"] for s in shown["sessions"]].sort()) == (7, 0, None)
    assert alice.token not in json.dumps(shown)
    assert await admin.run(world.kernel, "admin.end_sessions", {"who": alice.email}) == 2
    await alice.get("/users/details/v2", expect=401)
    await bob.get("/users/details/v2")
    await admin.run(world.kernel, "admin.reset_second_factor", {"who": bob.email})
    assert await admin.run(world.kernel, "admin.close", {"who": bob.email}) == bob.user_id
    assert [a["user_id"] for a in await admin.run(world.kernel, "admin.accounts", {"closed": True})] == [bob.user_id]
    await admin.run(world.kernel, "admin.restore", {"who": str(bob.user_id), "email": bob.email})
    log = await admin.run(world.kernel, "admin.audit", {})
    assert [(a["actor"], a["act"], a["user_id"]) for a in reversed(log)] == [
        ("command", "account.quota", alice.user_id),
        ("command", "sessions.end", alice.user_id),
        ("command", "second_factor.reset", bob.user_id),
        ("command", "account.close", bob.user_id),
        ("command", "account.restore", bob.user_id),
    ]
    assert alice.email not in str(log)
    assert bob.email not in str(log)


async def test_codes_wait_with_their_addresses(world: World) -> None:
    await world.anon().post("/users/ott", {"email": "dave@example.org", "purpose": "signup"})
    (code,) = await admin.run(world.kernel, "admin.codes", {})
    assert (code["email"], code["app"], len(code["code"])) == ("dave@example.org", "photos", 6)
    await world.anon().post("/users/verify-email", {"email": code["email"], "ott": code["code"]})
    assert await admin.run(world.kernel, "admin.codes", {}) == []


async def test_jobs_tell_how_they_went(world: World) -> None:
    async def fine(_: object) -> None: ...

    async def broken(_: object) -> None:
        raise ValueError("a secret")

    await run_leased(world.kernel, Job("fine", 60, fine), "me")
    await run_leased(world.kernel, Job("broken", 60, broken), "me")
    broken_run, fine_run = (await admin.run(world.kernel, "admin.status", {}))["jobs"]
    assert (fine_run["name"], fine_run["problem"], fine_run["succeeded_at"]) == ("fine", "", world.clock.now())
    assert (broken_run["name"], broken_run["problem"], broken_run["succeeded_at"]) == ("broken", "ValueError", None)


async def test_refusals(world: World, alice: Person) -> None:
    for command, args in [
        ("admin.show", {"who": "nobody@example.org"}),
        ("admin.quota", {"who": "7", "size": 1}),
        ("admin.close", {"who": "9" * 30}),
        ("admin.end_sessions", {"who": ""}),
    ]:
        with pytest.raises(Refused, match="has no account"):
            await admin.run(world.kernel, command, args)
    assert await service.acts(world.kernel) == []


def test_a_table_says_times_and_sizes() -> None:
    rows = [
        {"name": "a", "created_at": 1_782_900_000_000_000, "bytes": 3 << 30, "ready": True},
        {"name": "bb", "created_at": None, "bytes": 0, "ready": False},
    ]
    assert table(rows).splitlines() == [
        "NAME  CREATED           BYTES  READY",
        "a     2026-07-01 10:00  3GiB   yes",
        "bb    -                 0B     no",
    ]
    assert table([]) == "none"


def test_as_a_command(tmp_path: Path) -> None:
    with serving(tmp_path):
        assert darkroom("user", "add", "dave@example.org", cwd=tmp_path).returncode == 0
        told = json.loads(darkroom("admin", "accounts", "--json", cwd=tmp_path).stdout)
        assert [a["email"] for a in told] == ["dave@example.org"]
        refused = darkroom("admin", "close", "dave@example.org", cwd=tmp_path)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "nothing was done" in refused.stderr
    assert "dave@example.org" in darkroom("admin", "accounts", cwd=tmp_path).stdout
    assert darkroom("admin", "close", "dave@example.org", "--yes", "dave@example.org", cwd=tmp_path).stdout == "dave@example.org: closed\n"
    assert json.loads(darkroom("admin", "accounts", "--json", cwd=tmp_path).stdout) == []
    assert "account.close" in darkroom("admin", "audit", cwd=tmp_path).stdout
    wrong = darkroom("admin", "show", "dave@example.org", cwd=tmp_path)
    assert (wrong.returncode, wrong.stderr) == (1, "darkroom: dave@example.org has no account\n")
