"""16 writers and 4 readers over HTTP: on PostgreSQL against two server processes on one database and one folder of objects, on SQLite one.

No reader misses a change, none is sent in circles, and each mirror built from diffs equals a fresh full sync. `-m slow` races for a minute.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import itertools
import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.db import race
from tests.db.race import Race, Reader, Somebody
from tests.engines import drop_postgres, new_postgres
from tests.wire.process import RunningServer, start_server

SEED = int(os.environ.get("DARKROOM_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 30)
UNBOUND = """
[limits]
upload_urls = {count = 0}
address = {count = 0}
sensitive = {count = 0}
"""


@pytest.fixture
def servers(engine: str, tmp_path: Path) -> Iterator[list[RunningServer]]:
    if engine == "sqlite":
        running = [start_server(tmp_path, extra_toml=UNBOUND)]
        yield running
        running[0].stop()
        return
    url = new_postgres()
    objects = f'{UNBOUND}[[storage]]\nkind = "filesystem"\npath = "{tmp_path / "objects-of-both"}"\n'
    (tmp_path / "objects-of-both").mkdir()
    running = []
    try:
        for n in range(2):
            home = tmp_path / f"server{n}"
            (home / "data").mkdir(parents=True)
            if running:  # the second is given the first's keys, as an operator would
                shutil.copy(running[0].data_dir / "secrets.toml", home / "data")
            running.append(start_server(home, database_url=url, extra_toml=objects))
        yield running
        for server in running:
            server.stop()
    finally:
        for server in running:
            server.kill()
        drop_postgres(url)


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
            assert status == 200, answer
            urls += answer["urls"]
        place = urls.pop()
        content = b"photo %d" % next(self._bytes)
        md5 = base64.b64encode(hashlib.md5(content).digest()).decode()
        put = await self._http.put(place["url"], content=content, headers={"Content-MD5": md5})
        assert put.status_code == 200, put.text
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


async def compete(urls: list[str], seconds: float) -> Race:
    wire = Wire(urls, SEED)
    try:
        *owners, viewer = await wire.people()
        contest = Race(wire.call, wire.stage, owners, SEED)
        readers = [Reader(contest, who) for who in (*owners, viewer)]
        await race.run(contest, readers, [owners[n % 3] for n in range(16)], most=1 << 30, seconds=seconds)
        return contest
    finally:
        await wire.close()


def test_no_reader_misses_a_change(servers: list[RunningServer]) -> None:
    contest = asyncio.run(compete([s.url for s in servers], 6))
    assert contest.counts["commit 200"] > 5


@pytest.mark.slow
def test_no_reader_misses_a_change_in_a_minute(servers: list[RunningServer]) -> None:
    contest = asyncio.run(compete([s.url for s in servers], 60))
    assert contest.counts["commit 200"] > 100
