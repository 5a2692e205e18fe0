"""Every way through an account, with the log at level info and a line for each request: nothing that a client sent or was given is in it.

Two lines tell the operator an address or a code on purpose: a code where no mail is sent, and who may not sign up. Neither comes here.
"""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote

import pytest

from app.kernel.config import Config, Log, Storage
from app.mail import service as mail
from tests.closing.test_closing import challenge as deletion
from tests.families.scenes import token_of
from tests.inprocess import Api, Person, Response, World, open_world
from tests.legacy.scenes import answer, by_friend, by_kit, make_kit, proof, start, trust
from tests.login.test_change_of_address import move
from tests.mail.postbox import open_postbox
from tests.mail.test_mail import settings
from tests.newcomer import Login, Newcomer
from tests.passkeys.conftest import challenge, finish, half_way, open_page
from tests.second_factor import phone as authenticator
from tests.second_factor.phone import enable, verify

HARMLESS = re.compile(r"[A-Z_]+|[a-z-]+|.*\s.*|https?://\S*|web:friend", re.DOTALL)
"""Codes of refusals, words, texts for people, addresses of this server."""
SHORT = {"ott", "code"}
"""Secrets that may be short, by their names."""


class Heard:
    """Every text that went over the wire, either way."""

    def __init__(self) -> None:
        self.secrets: set[str] = set()

    def take(self, value: Any, name: str = "") -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                self.take(inner, key)
        elif isinstance(value, list):
            for inner in value:
                self.take(inner, name)
        elif isinstance(value, str) and (len(value) > 7 or name in SHORT) and not HARMLESS.fullmatch(value):
            self.secrets.update((value, quote(value, safe="")))


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Heard:
    found, call = Heard(), Api.call

    async def listening(self: Api, method: str, path: str, body: Any = None, **kw: Any) -> Response:
        found.take(body)
        found.take([self.token, *(value for _, value in parse_qsl(path.partition("?")[2]))])
        r = await call(self, method, path, body, **kw)
        if r.content[:1] in (b"{", b"["):
            found.take(json.loads(r.content))
        return r

    monkeypatch.setattr(Api, "call", listening)
    return found


async def around_a_password(world: World, dora: Newcomer) -> None:
    assert (await Login(dora, b"wrong-password!!")()).status == 401
    device = await dora.second_device()
    await dora.api.delete(f"/users/session?token={quote(str(device.token), safe='')}")
    await dora.change_password(b"another password")
    await move(dora, "dora.new@example.net")
    dora.email = "dora.new@example.net"


async def second_factors(world: World, dora: Newcomer) -> None:
    app = await enable(world, dora.api)
    session = await authenticator.half_way(dora)
    assert (await verify(world, session, app.wrong())).status == 401
    world.clock.advance(60_000_000)
    assert (await verify(world, session, app.code())).status == 200
    await dora.api.post("/users/two-factor/disable")
    page = await open_page(world, dora.api)
    key = await page.register()
    session = await half_way(dora)
    options, ceremony = await challenge(world, session)
    assert (await finish(world, session, ceremony, {"id": "bm9uc2Vuc2U"})).status == 400
    options, ceremony = await challenge(world, session)
    assert (await finish(world, session, ceremony, key.get(options))).status == 200
    for known in await page.keys():
        await page.api.delete(f"/passkeys/{known['id']}")


async def families(world: World, alice: Person, bob: Person) -> None:
    await alice.post("/family/create")
    await alice.post("/family/add-member", {"email": bob.email})
    token = await token_of(world, alice, bob)
    await world.anon().get(f"/family?inviteToken={quote(token, safe='')}")
    await world.anon().get(f"/family/invite-info/{token}")
    await world.anon().post("/family/accept-invite", {"token": token})
    await world.anon().get("/family/invite-info/" + "A" * 44, expect=404)
    await bob.delete("/family/leave")


async def trusted_people(world: World, alice: Person, bob: Person) -> None:
    await trust(alice, bob, 7)
    recovery = await start(alice, bob)
    await answer(alice, alice, bob, recovery, "approve")
    await by_friend(bob, recovery)()


async def kits(world: World, carol: Person) -> None:
    kit, finder = await make_kit(carol), world.anon()
    await finder.post("/legacy-kits/recovery/open", {"kitID": kit.id, "challenge": "bm90IHRoZSBjaGFsbGVuZ2U="}, expect=None)
    opened = await kit.open(finder)
    await finder.post("/legacy-kits/recovery/info", proof(opened))
    await by_kit(finder, opened)()


async def the_end(world: World, dora: Newcomer) -> None:
    await dora.api.delete("/users/delete", {"challenge": await deletion(dora), "reason": "none of your business", "feedback": "it is all private"})


async def test_nothing_of_it_is_logged(engine: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, heard: Heard) -> None:
    caplog.set_level(logging.INFO)
    async with open_postbox() as box:
        told = Config(
            data_dir=tmp_path, public_url="http://darkroom.test", storage=(Storage(kind="memory"),), mail=settings(box.port), log=Log(requests=True)
        )
        async with open_world(engine, tmp_path, config=told) as world:
            dora = await Newcomer(world, "dora@example.net", world.anon()).complete()
            alice, bob, carol = await world.person("alice"), await world.person("bob"), await world.person("carol")
            await around_a_password(world, dora)
            await second_factors(world, dora)
            await families(world, alice, bob)
            await trusted_people(world, alice, bob)
            await kits(world, carol)
            box.refuse_all = b"554 go away"  # a mail that fails is told of, and nobody's name with it
            await the_end(world, dora)
            await mail.settle(5)
    lines = [logging.Formatter("%(message)s").format(record) for record in caplog.records if record.levelno >= logging.INFO]
    assert len(lines) > 50, "the lines of the requests"
    assert len(heard.secrets) > 100
    text = "\n".join(lines)
    assert {secret for secret in heard.secrets if secret in text} == set()
    for private in (dora.email, "dora@example.net", alice.email, bob.email, carol.email, "all private"):
        assert private not in text
