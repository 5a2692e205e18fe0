"""Sign-ups that died at every step, in the order of each kind of app, and were taken up again by an app of either kind.

At the end one logs in with the password of the keys that the server keeps, and gets these keys: a verifier of one attempt beside the keys of another
would lock the person out of their photos.
"""

from __future__ import annotations

from typing import Any

import pytest

from app.kernel.clock import MINUTE
from app.kernel.crypto import b64
from tests.clients import crypto
from tests.inprocess import AUTH, PHOTOS, World
from tests.newcomer import Login, Meet, Newcomer, attributes, code_for

ORDERS = {"keys first": ("keys", "setup", "complete"), "password first": ("setup", "complete", "keys")}
"""Apps since August 2026, and phones before."""
DIED = range(4)
"""After so many steps behind the proof of the address."""


class Attempt:
    """One app's try: steps of its order, with a password of its own."""

    def __init__(self, who: Newcomer, order: str, password: bytes) -> None:
        self.who, self.order, self.password = who, order, password
        self._open: Any = None

    async def go(self, steps: int) -> None:
        self.who.password = self.password
        for step in ORDERS[self.order][:steps]:
            await getattr(self, f"_{step}")()

    async def _keys(self) -> None:
        self.who.keys = attributes(self.who.world, bytes(self.who.secret.public_key))
        await self.who.api.put("/users/attributes", {"keyAttributes": self.who.keys})

    async def _setup(self) -> None:
        self._open = await self.who.setup()
        assert self._open[1].status == 200

    async def _complete(self) -> None:
        client, begun = self._open
        done = await self.who.api.post("/users/srp/complete", {"setupID": begun.json()["setupID"], "srpM1": b64(client.m1)})
        client.check(crypto.unb64(done.json()["srpM2"]))


async def come_back(world: World, who: Newcomer, package: str) -> bool:
    """The address proved again, in some app; whether the server keeps keys."""
    world.clock.advance(MINUTE)
    who.api = world.anon(package)
    app = {PHOTOS: "photos", AUTH: "auth"}[package]
    asked = await who.api.post("/users/ott", {"email": who.email, "purpose": "signup"}, expect=(200, 409))
    if asked.status == 409:  # complete: the app goes on to log in
        await who.api.post("/users/ott", {"email": who.email, "purpose": "login"})
    body = {"email": who.email, "ott": await code_for(world, who.email, app)}
    answer = (await who.api.post("/users/verify-email", body)).json()
    assert answer["id"] == who.user_id
    if answer.get("keyAttributes") is None:
        who.api.token = answer["token"]
        return False
    assert answer["keyAttributes"] == {**who.keys, "kekHash": ""}
    who.api.token = who.open_token(answer)
    return True


@pytest.mark.parametrize("package", [PHOTOS, AUTH])
@pytest.mark.parametrize("again", ORDERS)
@pytest.mark.parametrize("died", DIED)
@pytest.mark.parametrize("first", ORDERS)
async def test_it_is_taken_up_again(world: World, meet: Meet, first: str, died: int, again: str, package: str) -> None:
    emil = await meet("emil").sign_up()
    await Attempt(emil, first, b"the first password").go(died)
    known = emil.srp_user_id, emil.salt
    if not await come_back(world, emil, package):
        await Attempt(emil, again, b"another password").go(3)
    else:  # the app has asked for the password of these keys, and opened them with it
        has_password = (await world.anon(package).get(f"/users/srp/attributes?email={emil.email}", expect=(200, 404))).status == 200
        if has_password:
            assert (emil.srp_user_id, emil.salt) == known
        else:
            await emil.enrol()
    answer = (await Login(emil)()).json()
    assert answer["keyAttributes"] == {**emil.keys, "kekHash": ""}
    assert (await Login(emil, b"the first password" if emil.password != b"the first password" else b"another password")()).status == 401
