"""Invitations by code and link: `/invite`, and what they open (issue "everything around a person": registration)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Literal
from urllib.parse import urlencode

import pytest

from app.cli import admin
from app.invitations import service
from app.kernel.clock import DAY, HOUR
from app.kernel.config import Config, Mail, Registration, Storage
from tests.inprocess import Api, Response, World, open_world
from tests.newcomer import Newcomer, details_of

FORM = {"content-type": "application/x-www-form-urlencoded"}
Mode = Literal["first", "open", "invite", "closed"]


def config(folder: Path, mode: Mode = "invite", **sections: object) -> Config:
    return Config(
        data_dir=folder, public_url="http://darkroom.test", storage=(Storage(kind="memory"),), registration=Registration(mode=mode), **sections
    )  # type: ignore[arg-type]  # a test's sections


@pytest.fixture
async def world(engine: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(engine, tmp_path, config=config(tmp_path)) as w:
        yield w


async def make(world: World, days: int | None = None, size: int | None = None) -> str:
    """The code of a new link."""
    path = await admin.run(world.kernel, "invite", {"days": days, "size": size})
    assert path.startswith("/invite?code=")
    return str(path.partition("=")[2])


async def redeem(who: World | Api, code: str, email: str, expect: int = 200) -> Response:
    api = who.anon() if isinstance(who, World) else who
    return await api.call("POST", "/invite", content=urlencode({"code": code, "email": email}).encode(), headers=FORM, expect=expect)


def text(answer: Response) -> str:
    return unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", answer.content.decode(), flags=re.DOTALL))


async def may(world: World, email: str) -> bool:
    return (await world.anon().post("/users/ott", {"email": email, "purpose": "signup"}, expect=(200, 403))).status == 200


async def test_it_works(world: World) -> None:
    code = await make(world, size=5 << 30)
    dora = Newcomer(world, "dora@example.net", world.anon())
    assert not await may(world, dora.email)
    page = await world.anon().get(f"/invite?code={code}")
    assert f'value="{code}"' in page.content.decode()
    assert page.headers["cache-control"] == "no-store"
    assert not await may(world, dora.email), "looking at the page opens nothing"
    done = await redeem(world, code, " Dora@Example.net ")
    assert dora.email in text(done)
    assert "http://darkroom.test" in text(done)
    await dora.complete()
    assert (await details_of(dora.api))["subscription"]["storage"] == 5 << 30
    assert "not good" in text(await redeem(world, code, "eve@example.net", 404)), "one account"
    assert not await may(world, "eve@example.net")


async def test_a_code_as_people_type_it(world: World) -> None:
    code = await make(world)
    assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}", code)
    await redeem(world, code.lower().replace("-", " ").replace("0", "o").replace("1", "l"), "dora@example.net")
    assert await may(world, "dora@example.net")


async def test_a_wrong_address_is_mended_until_there_is_the_account(world: World) -> None:
    code = await make(world)
    await redeem(world, code, "dorra@example.net")
    await redeem(world, code, "dora@example.net")
    assert not await may(world, "dorra@example.net")
    await Newcomer(world, "dora@example.net", world.anon()).sign_up()
    await redeem(world, code, "other@example.net", 404)


async def test_it_ends(world: World) -> None:
    short, usual, named = await make(world, days=1), await make(world), await make(world, days=1)
    await redeem(world, named, "dora@example.net")
    world.clock.advance(DAY)
    await redeem(world, short, "eve@example.net", 404)
    assert not await may(world, "dora@example.net"), "naming an address in time is not enough: the account has to be made in time"
    world.clock.advance((service.DAYS - 1) * DAY - HOUR)
    await redeem(world, usual, "eve@example.net")
    world.clock.advance(HOUR)
    assert not await may(world, "eve@example.net")


async def test_what_is_refused(world: World) -> None:
    bob, code = await world.person("bob"), await make(world)
    assert "not good" in text(await redeem(world, "0000-0000-0000-0000", "dora@example.net", 404))
    assert "no e-mail address" in text(await redeem(world, code, "dora", 400))
    assert "has an account already" in text(await redeem(world, code, bob.email, 409))
    hostile = '"><script>x</script>'
    answer = await redeem(world, hostile, hostile, 400)
    assert "<script>" not in answer.content.decode()
    assert "<script>" not in (await world.anon().get(f"/invite?{urlencode({'code': hostile})}")).content.decode()
    assert "script" not in answer.headers["content-security-policy"]
    await redeem(world, code, "dora@example.net")


async def test_nobody_guesses_codes_or_reads_off_addresses(world: World) -> None:
    bob, code, guesser = await world.person("bob"), await make(world), world.anon()
    for n in range(10):
        await redeem(guesser, f"0000-0000-0000-000{n}", "dora@example.net", 404)
    await redeem(guesser, code, "dora@example.net", 429)
    await redeem(world, code, "dora@example.net")
    prober = world.anon()
    for _ in range(100):
        await redeem(prober, code, bob.email, 409)
        world.clock.advance(10_000_000)
    await redeem(prober, code, "nobody@example.net", 429)
    await redeem(world, code, "dora@example.net")


async def test_only_a_hash_is_kept(world: World) -> None:
    code = await make(world)
    await redeem(world, code, "dora@example.net")
    (row,) = await world.kernel.db.scan(lambda tx: tx.all("SELECT * FROM invite_codes"))
    assert code not in repr(row) and code.replace("-", "") not in repr(row) and "dora" not in repr(row)


async def test_one_code_makes_one_account_though_two_come_at_once(world: World) -> None:
    code = await make(world)
    answers = await asyncio.gather(*(redeem(world, code, f"{name}@example.net") for name in ("dora", "eve")))
    assert [a.status for a in answers] == [200, 200]
    assert sorted([await may(world, "dora@example.net"), await may(world, "eve@example.net")]) == [False, True]


async def test_the_list_and_the_end_of_an_invitation(world: World) -> None:
    code = await make(world)
    await admin.run(world.kernel, "invite", {"email": "eve@example.net", "days": 2})
    await redeem(world, code, "dora@example.net")
    found = {i["email"]: i for i in await admin.run(world.kernel, "invites", {})}
    assert {email: i["code_id"] for email, i in found.items()} == {"dora@example.net": 1, "eve@example.net": None}
    assert found["eve@example.net"]["expires_at"] == world.clock.now() + 2 * DAY
    await admin.run(world.kernel, "withdraw", {"which": "1"})
    await admin.run(world.kernel, "withdraw", {"which": "Eve@example.net"})
    assert await admin.run(world.kernel, "invites", {}) == []
    for email in found:
        assert not await may(world, email)
    for which in ("1", "eve@example.net"):
        with pytest.raises(admin.Refused, match="has no open invitation"):
            await admin.run(world.kernel, "withdraw", {"which": which})


@pytest.mark.parametrize("mode", ["first", "open", "closed"])
async def test_other_modes(engine: str, tmp_path: Path, mode: Mode) -> None:
    smtp = Mail(host="127.0.0.1", sender="Darkroom <photos@example.org>")
    async with open_world(engine, tmp_path, config=config(tmp_path, mode, mail=smtp)) as world:
        await world.person("alice")
        code = await make(world)
        if mode == "closed":
            assert "takes no new accounts" in text(await redeem(world, code, "dora@example.net", 403))
        else:
            assert "is sent there" in text(await redeem(world, code, "dora@example.net"))
