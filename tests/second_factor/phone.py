"""An authenticator app: pyotp, which shares no code with the server, at the world's clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyotp

from app.kernel.clock import SECOND
from tests.inprocess import Api, Response, World
from tests.newcomer import Login, Newcomer, code_for

COPY = {"encryptedTwoFactorSecret": "ZW5jcnlwdGVk", "twoFactorSecretDecryptionNonce": "bm9uY2U="}


@dataclass
class Phone:
    world: World
    secret: str

    def code(self, step: int = 0) -> str:
        """The code of the current 30 s, or of some before or after."""
        return pyotp.TOTP(self.secret).at(self.world.clock.now() // SECOND + 30 * step)

    def wrong(self) -> str:
        near = {self.code(step) for step in range(-3, 4)}
        return next(f"{n:06}" for n in range(1000) if f"{n:06}" not in near)


async def enable(world: World, api: Api) -> Phone:
    phone = Phone(world, (await api.post("/users/two-factor/setup")).json()["secretCode"])
    await api.post("/users/two-factor/enable", {"code": phone.code(), **COPY})
    return phone


async def half_way(dora: Newcomer) -> str:
    """The password was right, a code is owed."""
    session: str = (await Login(dora)()).json()["twoFactorSessionID"]
    assert len(session) == 44
    return session


async def by_mail(world: World, dora: Newcomer) -> dict[str, Any]:
    await world.anon().post("/users/ott", {"email": dora.email, "purpose": "login"})
    answer = await world.anon().post("/users/verify-email", {"email": dora.email, "ott": await code_for(world, dora.email)})
    found: dict[str, Any] = answer.json()
    return found


async def verify(world: World, session: str, code: str, **kw: Any) -> Response:
    return await world.anon().post("/users/two-factor/verify", {"sessionID": session, "code": code}, **{"expect": None, **kw})
