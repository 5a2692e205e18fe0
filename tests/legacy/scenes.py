"""What the tests of trust and recovery set up again and again: trust that was accepted, kits, a new password for somebody else's account."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from nacl.public import PrivateKey, SealedBox

from app.kernel.crypto import b64
from bridge.client import srp
from tests.clients import crypto
from tests.inprocess import Api, Person, Response, World
from tests.newcomer import MIB

Json = dict[str, Any]
KEY = "c2VhbGVk"
NOTHING: Json = {"contacts": [], "recoverSessions": [], "othersEmergencyContact": [], "othersRecoverySession": []}


def pair(owner: Person, friend: Person) -> Json:
    return {"userID": owner.user_id, "emergencyContactID": friend.user_id}


async def info(who: Person) -> Json:
    found: Json = (await who.get("/emergency-contacts/info")).json()
    return found


async def invite(owner: Person, friend: Person, days: int | None = None, key: str = KEY, **kw: Any) -> Response:
    more = {} if days is None else {"recoveryNoticeInDays": days}
    return await owner.post("/emergency-contacts/add", {"email": friend.email, "encryptedKey": key, **more}, **kw)


async def move(who: Person, owner: Person, friend: Person, state: str, **kw: Any) -> Response:
    return await who.post("/emergency-contacts/update", {**pair(owner, friend), "state": state}, **kw)


async def trust(owner: Person, friend: Person, days: int = 30) -> None:
    await invite(owner, friend, days)
    await move(friend, owner, friend, "ACCEPTED")


async def start(owner: Person, friend: Person) -> Json:
    """The recovery that this begins, as the friend sees it."""
    assert (await friend.post("/emergency-contacts/start-recovery", pair(owner, friend))).json() == {}
    (found,) = (await info(friend))["othersRecoverySession"]
    return dict(found)


async def answer(who: Person, owner: Person, friend: Person, recovery: Json, verb: str, **kw: Any) -> Response:
    return await who.post(f"/emergency-contacts/{verb}-recovery", {"id": recovery["id"], **pair(owner, friend)}, **kw)


# --- kits
@dataclass
class Kit:
    """A kit as its owner prints it: `secret` is what enough of its parts make."""

    secret: PrivateKey = field(default_factory=PrivateKey.generate)
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def body(self, hours: int = 0, **change: Any) -> Json:
        return {
            "id": self.id, "variant": 1, "noticePeriodInHours": hours, "encryptedRecoveryBlob": "cmVjb3Zlcnk=",
            "authPublicKey": b64(bytes(self.secret.public_key)), "encryptedOwnerBlob": "b3duZXI=", **change,
        }  # fmt: skip

    async def challenge(self, finder: Api) -> str:
        """The opened one."""
        r = (await finder.post("/legacy-kits/recovery/challenge", {"kitID": self.id})).json()
        assert set(r) == {"kitID", "encryptedChallenge", "expiresAt"}
        return SealedBox(self.secret).decrypt(base64.b64decode(r["encryptedChallenge"])).decode()

    async def open(self, finder: Api, **more: Any) -> Json:
        body = {"kitID": self.id, "challenge": await self.challenge(finder), **more}
        found: Json = (await finder.post("/legacy-kits/recovery/open", body)).json()
        return found


async def make_kit(owner: Person, hours: int = 0) -> Kit:
    kit = Kit()
    await owner.post("/legacy-kits", kit.body(hours))
    return kit


def proof(opened: Json) -> Json:
    return {"sessionID": opened["session"]["id"], "sessionToken": opened["sessionToken"]}


# --- a new password
NEW_KEYS = {"kekSalt": "bmV3c2FsdA==", "encryptedKey": "bmV3a2V5", "keyDecryptionNonce": "bmV3bm9uY2U=", "memLimit": 256 * MIB, "opsLimit": 16}
Send = Callable[[str, Json], Awaitable[Response]]


@dataclass
class NewPassword:
    """Sets a password by `send(what, body)`, where `what` is init-change-password or change-password."""

    send: Send
    password: bytes = b"a new password"
    identity: str = field(default_factory=lambda: str(uuid.uuid4()))

    async def begin(self) -> Response:
        salt = hashlib.sha256(self.identity.encode()).digest()[:16]
        self.client = srp.SrpClient(self.identity, self.password, salt)
        verifier = srp.verifier(self.identity, self.password, salt)
        ask = {"srpUserID": self.identity, "srpSalt": b64(salt), "srpVerifier": b64(verifier), "srpA": b64(self.client.public)}
        begun = await self.send("init-change-password", {"setupSRPRequest": ask})
        if begun.status == 200:
            self.setup_id = begun.json()["setupID"]
            self.client.prove(crypto.unb64(begun.json()["srpB"]))
        return begun

    async def finish(self, **change: Any) -> Response:
        ask = {"setupID": self.setup_id, "srpM1": b64(self.client.m1), "updatedKeyAttr": NEW_KEYS, **change}
        return await self.send("change-password", {"updateSrpAndKeysRequest": ask})

    async def __call__(self, **change: Any) -> None:
        assert (await self.begin()).status == 200
        done = await self.finish(**change)
        assert done.status == 200, done.content
        self.client.check(crypto.unb64(done.json()["srpM2"]))

    async def logs_in(self, world: World) -> bool:
        """Whether the account now opens with this password alone."""
        salt = hashlib.sha256(self.identity.encode()).digest()[:16]
        login, anon = srp.SrpClient(self.identity, self.password, salt), world.anon()
        begun = (await anon.post("/users/srp/create-session", {"srpUserID": self.identity, "srpA": b64(login.public)})).json()
        m1 = b64(login.prove(crypto.unb64(begun["srpB"])))
        body = {"sessionID": begun["sessionID"], "srpUserID": self.identity, "srpM1": m1}
        done = await anon.post("/users/srp/verify-session", body, expect=None)
        return done.status == 200 and "encryptedToken" in done.json()


def by_friend(friend: Person, recovery: Json) -> NewPassword:
    async def send(what: str, body: Json) -> Response:
        return await friend.post(f"/emergency-contacts/{what}", {"recoveryID": recovery["id"], **body}, expect=None)

    return NewPassword(send)


def by_kit(finder: Api, opened: Json) -> NewPassword:
    async def send(what: str, body: Json) -> Response:
        return await finder.post(f"/legacy-kits/recovery/{what}", {**proof(opened), **body}, expect=None)

    return NewPassword(send)
