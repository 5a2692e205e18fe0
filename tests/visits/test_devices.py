"""The device limit (collections.md §7.3): who counts, who is known again, and the last place."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest

from app.kernel.clock import DAY
from tests.inprocess import Person, World
from tests.visits.scenes import DIFF, INFO, SECRET, Visitor, change, linked


def claims(jwt: str) -> dict[str, Any]:
    body = jwt.split(".")[1]
    out: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return out


def again(world: World, visitor: Visitor, agent: str = "Firefox") -> Visitor:
    """The same link at another address."""
    return Visitor(world, visitor.carried["x-auth-access-token"], agent)


async def refused(visitor: Visitor, path: str = INFO, **headers: str) -> None:
    r = await visitor.get(path, headers=headers, expect=403)
    assert r.json()["code"] == "LINK_DEVICE_LIMIT_EXCEEDED"
    assert set(r.json()) == {"code", "message"}
    assert not {"x-ente-link-device-token", "x-link-device-token"} & set(r.headers)


async def test_it_works(world: World, alice: Person) -> None:
    cid, first = await linked(world, alice)
    await change(alice, cid, deviceLimit=2)
    second, late = again(world, first), again(world, first)
    await first.get(INFO)
    assert "x-ente-link-device-token" not in (await second.get(DIFF)).headers
    for path in (INFO, DIFF):
        await refused(late, path)
    for known in (first, second):
        await known.get(INFO)
        await known.get(DIFF)
    await late.get("/public-collection/files/download/1", expect=403)  # not counted here; no such file
    await change(alice, cid, deviceLimit=3)
    await late.get(INFO)
    await refused(again(world, first))
    await change(alice, cid, deviceLimit=0)
    await again(world, first).get(INFO)


async def test_another_browser_at_the_same_address_is_another_device(world: World, alice: Person) -> None:
    cid, visitor = await linked(world, alice)
    await change(alice, cid, deviceLimit=1)
    await visitor.get(INFO)
    await refused(visitor, INFO, **{"user-agent": "Chrome"})
    await visitor.get(INFO)


async def test_the_device_token_lets_in_from_anywhere(world: World, alice: Person) -> None:
    cid, visitor = await linked(world, alice)
    await change(alice, cid, deviceLimit=1)
    told = (await visitor.get(INFO)).headers
    jwt = told["x-ente-link-device-token"]
    assert jwt == told["x-link-device-token"]  # the header's name in newer apps
    assert {"X-Ente-Link-Device-Token", "X-Link-Device-Token"} <= set(told["access-control-expose-headers"].split(", "))
    shown = claims(jwt)
    now = world.clock.now()
    assert shown == {
        "typ": "link-device",
        "scope": "collection",
        "linkID": shown["linkID"],
        "ath": shown["ath"],
        "iat": now,
        "exp": now + 365 * DAY,
        "iss": "museum",
        "aud": "public-link-device",
    }
    assert len(shown["ath"]) == 43
    assert visitor.carried["x-auth-access-token"] not in json.dumps(shown)
    moved = again(world, visitor)
    head = {"x-auth-link-device-token": jwt}
    assert "x-ente-link-device-token" not in (await moved.get(INFO, headers=head)).headers
    await moved.get(DIFF, headers=head)
    await refused(moved)  # it took no place
    world.clock.advance(336 * DAY)
    fresh = (await moved.get(INFO, headers=head)).headers["x-ente-link-device-token"]
    assert claims(fresh)["exp"] == world.clock.now() + 365 * DAY
    world.clock.advance(29 * DAY)
    await refused(moved, INFO, **head)
    await moved.get(INFO, headers={"x-auth-link-device-token": fresh})


async def test_it_ends_with_the_link(world: World, alice: Person) -> None:
    cid, visitor = await linked(world, alice)
    till = world.clock.now() + 3 * DAY
    await change(alice, cid, validTill=till)
    assert claims((await visitor.get(INFO)).headers["x-ente-link-device-token"])["exp"] == till


async def test_other_tokens_do_not_let_in(world: World, alice: Person) -> None:
    cid, visitor = await linked(world, alice)
    _, other = await linked(world, alice)
    own = (await visitor.get(INFO)).headers["x-ente-link-device-token"]
    foreign = (await other.get(INFO)).headers["x-ente-link-device-token"]
    await change(alice, cid, deviceLimit=1, **SECRET)
    proof = await again(world, visitor).unlock()
    crypto, now = world.kernel.crypto, world.clock.now()
    good = claims(own)
    forged = [
        foreign,
        proof,
        "x",
        own[:-3],
        crypto.jwt({**good, "scope": "file"}),
        crypto.jwt({**good, "exp": now}),
        crypto.jwt({**good, "exp": "never"}),
        crypto.jwt({k: v for k, v in good.items() if k != "ath"}),
    ]
    for jwt in forged:
        await refused(again(world, visitor), INFO, **{"x-auth-link-device-token": jwt})
    await again(world, visitor).get(INFO, headers={"x-auth-link-device-token": own})


async def test_the_last_place_is_given_once(world: World, alice: Person) -> None:
    cid, visitor = await linked(world, alice)
    await change(alice, cid, deviceLimit=3)
    answers = await asyncio.gather(*(again(world, visitor).get(INFO, expect=None) for _ in range(12)))
    assert sorted(r.status for r in answers) == [200] * 3 + [403] * 9


async def test_nobody_counts_before_the_password(world: World, alice: Person) -> None:
    cid, visitor = await linked(world, alice)
    await change(alice, cid, deviceLimit=1, **SECRET)
    await again(world, visitor).get(DIFF, expect=401)
    await visitor.get(INFO)
    await visitor.unlock()
    await visitor.get(DIFF)


async def test_fifty_means_five_hundred_and_the_record_is_bounded(world: World, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.collections import link_devices as devices

    monkeypatch.setattr(devices, "_LIMITS", {50: 2})
    monkeypatch.setattr(devices, "RECORDED", 2)
    cid, visitor = await linked(world, alice)
    for agent in ("a", "b", "c", "d" * 2000):
        await again(world, visitor, agent).get(INFO)
    assert await world.kernel.db.scan(lambda tx: tx.value("SELECT count(*) FROM album_link_devices")) == 2
    await change(alice, cid, deviceLimit=50)
    await refused(again(world, visitor))
    monkeypatch.setattr(devices, "_LIMITS", {50: 3})
    await again(world, visitor).get(INFO)
    await refused(again(world, visitor))
