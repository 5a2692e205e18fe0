"""Sign-up and password log-in step by step over the in-process application, with cheap key material that still opens."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from nacl.public import PrivateKey

from app.kernel.crypto import b64
from app.login.service import pending_codes
from bridge.client import srp
from tests.clients import crypto
from tests.inprocess import PHOTOS, Api, Response, World

MIB = 1 << 20


def attributes(world: World, public_key: bytes) -> dict[str, Any]:
    """Well-formed key attributes; only the public key means anything to the server."""
    sizes = {
        "kekSalt": 16, "encryptedKey": 48, "keyDecryptionNonce": 24, "encryptedSecretKey": 48, "secretKeyDecryptionNonce": 24,
        "masterKeyEncryptedWithRecoveryKey": 48, "masterKeyDecryptionNonce": 24, "recoveryKeyEncryptedWithMasterKey": 48,
        "recoveryKeyDecryptionNonce": 24,
    }  # fmt: skip
    blobs = {name: b64(world.kernel.ids.bytes(size)) for name, size in sizes.items()}
    return {**blobs, "publicKey": b64(public_key), "memLimit": 256 * MIB, "opsLimit": 16}


async def code_for(world: World, email: str, app: str = "photos") -> str:
    """The newest pending code, as the operator's command shows it."""
    pending = await world.kernel.db.read(pending_codes, world.kernel.crypto, email, world.clock.now())
    return [p.code for p in pending if p.app == app][-1]


def wrong(code: str) -> str:
    return "000000" if code != "000000" else "111111"


@dataclass
class Newcomer:
    """Somebody with a mailbox and a password: `api` is the device in use."""

    world: World
    email: str
    api: Api
    user_id: int = 0
    password: bytes = b"1234567890abcdef"
    secret: PrivateKey = field(default_factory=PrivateKey.generate)
    keys: dict[str, Any] = field(default_factory=dict)
    srp_user_id: str = ""
    salt: bytes = b""

    def anon(self, package: str = PHOTOS) -> Api:
        return self.world.anon(package)

    async def sign_up(self) -> Newcomer:
        """Address confirmed; a session without keys."""
        await self.anon().post("/users/ott", {"email": self.email, "purpose": "signup"})
        body = {"email": self.email, "ott": await code_for(self.world, self.email), "source": "web:friend"}
        answer = (await self.anon().post("/users/verify-email", body)).json()
        self.user_id, self.api.token = answer["id"], answer["token"]
        return self

    async def give_keys(self) -> Newcomer:
        self.keys = attributes(self.world, bytes(self.secret.public_key))
        await self.api.put("/users/attributes", {"keyAttributes": self.keys})
        return self

    async def setup(self, **change: Any) -> tuple[srp.SrpClient, Response]:
        """A new password verifier under a new srpUserID, first half."""
        self.srp_user_id, self.salt = str(uuid.uuid4()), self.world.kernel.ids.bytes(16)
        return await self.setup_again(**change)

    async def setup_again(self, **change: Any) -> tuple[srp.SrpClient, Response]:
        """As before: the same srpUserID, salt and verifier."""
        client = srp.SrpClient(self.srp_user_id, self.password, self.salt)
        verifier = srp.verifier(self.srp_user_id, self.password, self.salt)
        body = {"srpUserID": self.srp_user_id, "srpSalt": b64(self.salt), "srpVerifier": b64(verifier), "srpA": b64(client.public)}
        answer = await self.api.post("/users/srp/setup", {**body, **change}, expect=None)
        if answer.status == 200:
            client.prove(crypto.unb64(answer.json()["srpB"]))
        return client, answer

    async def enrol(self) -> Newcomer:
        client, begun = await self.setup()
        done = await self.api.post("/users/srp/complete", {"setupID": begun.json()["setupID"], "srpM1": b64(client.m1)})
        client.check(crypto.unb64(done.json()["srpM2"]))
        return self

    async def complete(self) -> Newcomer:
        """The whole sign-up in the web app's order."""
        await self.sign_up()
        await self.give_keys()
        return await self.enrol()

    async def change_password(self, password: bytes, **extra: Any) -> Response:
        self.password = password
        client, begun = await self.setup()
        changed = {**self.new_keys(), **extra.pop("keys", {})}
        body = {"setupID": begun.json()["setupID"], "srpM1": b64(client.m1), "updatedKeyAttr": changed, **extra}
        return await self.api.post("/users/srp/update", body, expect=None)

    def new_keys(self) -> dict[str, Any]:
        fresh = attributes(self.world, bytes(self.secret.public_key))
        return {k: fresh[k] for k in ("kekSalt", "encryptedKey", "keyDecryptionNonce", "memLimit", "opsLimit")}

    def open_token(self, answer: dict[str, Any]) -> str:
        return crypto.token_text(crypto.unseal(crypto.unb64(answer["encryptedToken"]), bytes(self.secret.public_key), bytes(self.secret)))

    async def second_device(self, package: str = PHOTOS) -> Api:
        """A session by e-mail code in some app, a moment later than those before: lists are in the order of their beginning."""
        self.world.clock.advance(1)
        device = self.anon(package)
        app = "auth" if "auth" in package else "locker" if "locker" in package else "photos"
        await device.post("/users/ott", {"email": self.email, "purpose": "login"})
        answer = await device.post("/users/verify-email", {"email": self.email, "ott": await code_for(self.world, self.email, app)})
        device.token = self.open_token(answer.json())
        return device


Meet = Callable[[str], Newcomer]
"""`meet("dora")`: somebody who has not signed up yet."""


async def details_of(who: Any, query: str = "") -> Any:
    return (await who.get(f"/users/details/v2{query}")).json()


class Login:
    """A password log-in in slow motion, from a fresh address."""

    def __init__(self, who: Newcomer, password: bytes | None = None, secret: bytes = b"") -> None:
        self.api = who.anon()
        self.srp_user_id = who.srp_user_id
        self.client = srp.SrpClient(who.srp_user_id, password or who.password, who.salt, secret)
        self.session = ""

    async def start(self, **change: Any) -> Response:
        body = {"srpUserID": self.srp_user_id, "srpA": b64(self.client.public)}
        answer = await self.api.post("/users/srp/create-session", {**body, **change}, expect=None)
        if answer.status == 200:
            self.session = answer.json()["sessionID"]
            self.client.prove(crypto.unb64(answer.json()["srpB"]))
        return answer

    async def finish(self, **change: Any) -> Response:
        body = {"sessionID": self.session, "srpUserID": self.srp_user_id, "srpM1": b64(self.client.m1)}
        answer = await self.api.post("/users/srp/verify-session", {**body, **change}, expect=None)
        if answer.status == 200:
            self.client.check(crypto.unb64(answer.json()["srpM2"]))
        return answer

    async def __call__(self) -> Response:
        assert (await self.start()).status == 200
        return await self.finish()
