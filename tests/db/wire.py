"""People over HTTP whose keys open nothing: the least a server accepts, so that many of them cost little. Asynchronous."""

from __future__ import annotations

import base64
import hashlib
import itertools
import os
import random
from typing import Any

import httpx

from tests.db.race import Somebody

UNBOUND = """
[limits]
upload_urls = {count = 0}
address = {count = 0}
sensitive = {count = 0}
"""


class NotStaged(AssertionError):
    """The bytes could not be stored; the status says why."""

    def __init__(self, status: int) -> None:
        super().__init__(f"{status} instead of 200")
        self.status = status


class Wire:
    """HTTP to whichever server the seed says; every person's requests come from an address of their own."""

    def __init__(self, urls: list[str], seed: int) -> None:
        self._urls = urls
        self._chance = random.Random(seed)
        self._http = httpx.AsyncClient(timeout=60, trust_env=False, limits=httpx.Limits(max_connections=40))
        self._keys: dict[str, list[Any]] = {}
        self._bytes = itertools.count(1)

    async def close(self) -> None:
        await self._http.aclose()

    async def call(self, who: Somebody | None, method: str, path: str, body: Any = None, url: str = "") -> tuple[int, Any]:
        headers = {"X-Client-Package": "io.ente.photos.web"}
        if who is not None:
            headers |= {"X-Auth-Token": who.token, "X-Forwarded-For": f"10.7.{who.user_id % 250}.1"}
        answer = await self._http.request(method, (url or self._chance.choice(self._urls)) + path, json=body, headers=headers)
        return answer.status_code, answer.json() if answer.content else None

    async def stage(self, who: Somebody) -> str:
        """Bytes in the store, through a URL that one server signed and either may take."""
        urls = self._keys.setdefault(who.email, [])
        if not urls:
            status, answer = await self.call(who, "GET", "/files/upload-urls?count=50")
            if status != 200:
                raise NotStaged(status)
            urls += answer["urls"]
        place = urls.pop()
        content = b"photo %d" % next(self._bytes)
        md5 = base64.b64encode(hashlib.md5(content).digest()).decode()
        put = await self._http.put(place["url"], content=content, headers={"Content-MD5": md5})
        if put.status_code != 200:
            raise NotStaged(put.status_code)
        return str(place["objectKey"])

    async def sign_up(self, email: str) -> Somebody:
        await self.call(None, "POST", "/users/ott", {"email": email, "purpose": "signup"})
        status, answer = await self.call(None, "POST", "/users/verify-email", {"email": email, "ott": "123456"})
        assert status == 200, answer
        who = Somebody(email, email, answer["id"], answer["token"])
        sizes = {
            "kekSalt": 16, "encryptedKey": 48, "keyDecryptionNonce": 24, "publicKey": 32, "encryptedSecretKey": 48, "secretKeyDecryptionNonce": 24,
            "masterKeyEncryptedWithRecoveryKey": 48, "masterKeyDecryptionNonce": 24, "recoveryKeyEncryptedWithMasterKey": 48,
            "recoveryKeyDecryptionNonce": 24,
        }  # fmt: skip
        keys = {name: base64.b64encode(os.urandom(size)).decode() for name, size in sizes.items()}
        await self.fine(who, "PUT", "/users/attributes", {"keyAttributes": {**keys, "memLimit": 128 << 20, "opsLimit": 32}})
        return who

    async def fine(self, who: Somebody, method: str, path: str, body: Any) -> Any:
        status, answer = await self.call(who, method, path, body)
        assert status == 200, (path, status, answer)
        return answer

    async def album(self, who: Somebody) -> int:
        key, nonce = base64.b64encode(bytes(48)).decode(), base64.b64encode(bytes(24)).decode()
        made = await self.fine(who, "POST", "/collections", {"encryptedKey": key, "keyDecryptionNonce": nonce, "type": "album"})
        return int(made["collection"]["id"])

    async def people(self) -> list[Somebody]:
        """Three owners of one album each, all of them collaborators in the others', and a viewer of all three."""
        everybody = [await self.sign_up(f"{name}-{os.urandom(4).hex()}@example.org") for name in ("alice", "bob", "carol", "dave")]
        sealed = base64.b64encode(bytes(80)).decode()
        for who in everybody[:3]:
            who.home, who.spare = await self.album(who), await self.album(who)
            for other in everybody:
                if other is not who:
                    role = "VIEWER" if other is everybody[3] else "COLLABORATOR"
                    await self.fine(
                        who, "POST", "/collections/share", {"collectionID": who.home, "email": other.email, "encryptedKey": sealed, "role": role}
                    )
        return everybody
