"""/push/token and /events*: what devices report (misc.md §11)."""

from __future__ import annotations

import json
import random
from typing import Any

from app.db import Tx
from app.kernel.clock import DAY, MINUTE
from app.push import JOBS
from tests.inprocess import Person, World

ID = "b5e9a37d-f76e-4e51-b96f-b2ee7d7506ce"
EVENT: dict[str, Any] = {"id": ID, "event": "install", "app": "photos", "platform": "ios", "data": {"a": 1}}


def _tokens(tx: Tx) -> list[tuple[Any, ...]]:
    return tx.all("SELECT fcm_token, user_id, apns_token FROM push_tokens ORDER BY fcm_token")


def _events(tx: Tx) -> list[tuple[Any, ...]]:
    return [(*row[:-1], json.loads(row[-1])) for row in tx.all("SELECT id, event, app, platform, user_id, data FROM events ORDER BY event")]


async def test_a_device_registers_and_moves_with_its_person(world: World, alice: Person, bob: Person) -> None:
    assert (await alice.post("/push/token", {"fcmToken": "one", "apnsToken": "apple"})).json() == {}
    assert (await alice.post("/push/token", {"fcmToken": "two"})).json() == {}
    assert await world.kernel.db.read(_tokens) == [("one", alice.user_id, "apple"), ("two", alice.user_id, None)]
    await bob.post("/push/token", {"fcmToken": "one", "apnsToken": None})
    assert await world.kernel.db.read(_tokens) == [("one", bob.user_id, None), ("two", alice.user_id, None)]


async def test_tokens_that_are_refused(world: World, alice: Person) -> None:
    for body in (
        {"apnsToken": "x"}, {"fcmToken": ""}, {"fcmToken": 1}, {"fcmToken": "x" * 2049}, {"fcmToken": "\u20ac" * 683},
        {"fcmToken": "x", "apnsToken": "x" * 2049},
    ):  # fmt: skip
        assert (await alice.post("/push/token", body, expect=400)).json() == {}
    await world.anon().post("/push/token", {"fcmToken": "x"}, expect=401)
    assert await world.kernel.db.read(_tokens) == []


async def test_the_longest_token_fits_the_index(alice: Person) -> None:
    incompressible = random.Random(7).randbytes(1024).hex()
    await alice.post("/push/token", {"fcmToken": incompressible, "apnsToken": incompressible})


async def test_an_install_then_a_sign_up(world: World, alice: Person) -> None:
    install = {**EVENT, "data": {"a": 1, "b": 2, "app": "spoof", "platform": "spoof"}}
    assert (await world.anon().post("/events", install, headers={"x-client-version": "1.2.3"})).content == b""
    assert (await alice.post("/events/user", {**EVENT, "event": "sign_up", "data": {"b": 3}})).content == b""
    assert await world.kernel.db.read(_events) == [
        (ID, "install", "photos", "ios", None, {"a": 1, "b": 2, "app_version": "1.2.3"}),
        (ID, "sign_up", "photos", "ios", alice.user_id, {"a": 1, "b": 3, "app_version": "1.2.3"}),
    ]


async def test_the_first_report_counts(world: World, alice: Person, bob: Person) -> None:
    await alice.post("/events/user", {**EVENT, "event": "log_in"})
    await bob.post("/events/user", {**EVENT, "id": ID.upper(), "event": "log_in", "data": {"a": "forged"}})
    assert await world.kernel.db.read(_events) == [(ID, "log_in", "photos", "ios", alice.user_id, {"a": 1})]


async def test_events_that_are_refused(world: World, alice: Person) -> None:
    async def anon(body: Any) -> Any:
        return (await world.anon().post("/events", body, expect=400)).json()

    for event in ("sign_up", "log_in", "nonsense"):
        assert await anon({**EVENT, "event": event}) == {"code": "BAD_REQUEST", "message": "invalid event"}
    assert (await alice.post("/events/user", EVENT, expect=400)).json() == {"code": "BAD_REQUEST", "message": "invalid event"}
    assert await anon({**EVENT, "id": "nonsense"}) == {"code": "BAD_REQUEST", "message": "invalid id"}
    assert await anon({**EVENT, "data": None}) == {"code": "BAD_REQUEST", "message": "data is required"}
    for name in ("id", "event", "app", "platform"):
        assert await anon({**EVENT, name: ""}) == {}
    for body in ({**EVENT, "data": []}, {**EVENT, "data": "x"}, {**EVENT, "platform": "x" * 129}, {**EVENT, "data": {"x": "y" * 8192}}):
        assert await anon(body) == {}
    deep: dict[str, Any] = {}
    for _ in range(32):
        deep = {"a": deep, "b": [[1]]}
    assert await anon({**EVENT, "data": deep}) == {}
    await world.anon().post("/events/user", {**EVENT, "event": "log_in"}, expect=401)
    assert await world.kernel.db.read(_events) == []


async def test_data_in_data(world: World) -> None:
    deep: Any = []
    for _ in range(15):
        deep = {"a": [deep]}
    await world.anon().post("/events", {**EVENT, "data": deep})
    assert (await world.kernel.db.read(_events))[0][-1] == deep


async def test_strangers_report_ten_times_a_minute(world: World) -> None:
    eve, other = world.anon(), world.anon()
    for _ in range(10):
        await eve.post("/events", EVENT)
    assert (await eve.post("/events", EVENT, expect=429)).json() == {"error": "Rate limit breached, try later"}
    await other.post("/events", EVENT)
    world.clock.advance(MINUTE)
    await eve.post("/events", EVENT)


async def test_idle_devices_and_nobodys_installs_are_forgotten(world: World, alice: Person) -> None:
    await alice.post("/push/token", {"fcmToken": "old"})
    await world.anon().post("/events", EVENT)
    await alice.post("/events/user", {**EVENT, "event": "log_in"})
    (job,) = JOBS
    world.clock.advance(60 * DAY)
    await alice.post("/push/token", {"fcmToken": "new"})
    await job.run(world.kernel)
    assert [t[0] for t in await world.kernel.db.read(_tokens)] == ["new", "old"]
    world.clock.advance(2 * DAY)
    await job.run(world.kernel)
    assert [t[0] for t in await world.kernel.db.read(_tokens)] == ["new"]
    world.clock.advance(29 * DAY)
    await job.run(world.kernel)
    assert [e[1] for e in await world.kernel.db.read(_events)] == ["log_in"]
