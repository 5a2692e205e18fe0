"""Dora on the accounts page, and logging in with what she registers there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.inprocess import Api, Response, World
from tests.newcomer import Login, Newcomer
from tests.passkeys.authenticator import Authenticator

ACCOUNTS = "io.ente.accounts.web"


@dataclass
class Page:
    """The accounts web app, opened with the short-lived token the main app fetched."""

    api: Api

    async def begin(self) -> tuple[dict[str, Any], str]:
        """(options, session id) of a registration."""
        begun = (await self.api.post("/passkeys/registration/begin")).json()
        return begun["options"]["publicKey"], begun["sessionID"]

    async def register(self, name: str = "laptop", key: Authenticator | None = None) -> Authenticator:
        key = key or Authenticator()
        options, session = await self.begin()
        await self.finish(session, key.create(options), name, expect=200)
        return key

    async def finish(self, session: str, answer: Any, name: str = "laptop", **kw: Any) -> Response:
        return await self.api.post(f"/passkeys/registration/finish?friendlyName={name}&sessionID={session}", answer, **{"expect": None, **kw})

    async def keys(self) -> list[dict[str, Any]]:
        return (await self.api.get("/passkeys")).json()["passkeys"] or []

    async def names(self) -> list[str]:
        return [key["friendlyName"] for key in await self.keys()]


async def open_page(world: World, api: Api) -> Page:
    page = world.anon(ACCOUNTS)
    page.token = (await api.get("/users/accounts-token")).json()["accountsToken"]
    return Page(page)


@pytest.fixture
async def dora(world: World) -> Newcomer:
    return await Newcomer(world, "dora@example.net", world.anon()).complete()


@pytest.fixture
async def page(world: World, dora: Newcomer) -> Page:
    return await open_page(world, dora.api)


async def half_way(dora: Newcomer) -> str:
    """The password was right, a passkey is owed."""
    session: str = (await Login(dora)()).json()["passkeySessionID"]
    assert len(session) == 44
    return session


async def begin(world: World, session: str, **kw: Any) -> Response:
    return await world.anon(ACCOUNTS).post("/users/two-factor/passkeys/begin", {"sessionID": session}, **{"expect": None, **kw})


async def challenge(world: World, session: str) -> tuple[dict[str, Any], str]:
    """(options, ceremony id) of a log-in."""
    begun = (await begin(world, session, expect=200)).json()
    return begun["options"]["publicKey"], begun["ceremonySessionID"]


async def finish(world: World, session: str, ceremony: str, answer: Any, **kw: Any) -> Response:
    """As the accounts page does it: in the name of the app that asked."""
    path = f"/users/two-factor/passkeys/finish?sessionID={session}&ceremonySessionID={ceremony}"
    return await world.anon().post(path, answer, **{"expect": None, **kw})


async def poll(world: World, session: str, **kw: Any) -> Response:
    return await world.anon().get(f"/users/two-factor/passkeys/get-token?sessionID={session}", **{"expect": None, **kw})
