"""The application driven in process over ASGI: no socket, no threads of ours, one event loop. What the fast tests use."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.db import Tx
from app.kernel.clock import Ids, ManualClock
from app.kernel.config import Config, Registration, Storage
from app.kernel.crypto import Crypto, Secrets, b64, session_handle, token_hash
from app.kernel.limits import RateLimiter
from app.kernel.parts import Kernel
from app.kernel.sessions import LastUsed
from app.main import Darkroom, create_app
from storage_backends import StoreConfig, open_store
from tests.clients import strict
from tests.engines import open_database
from tests.rows import insert

PHOTOS, AUTH, LOCKER = "io.ente.photos.web", "io.ente.auth.web", "io.ente.locker.web"


@dataclass
class Response:
    status: int
    headers: dict[str, str]
    content: bytes

    def json(self) -> Any:
        return json.loads(self.content)


class Api:
    """HTTP without a socket. `token` and `package` are what every request carries unless told otherwise."""

    def __init__(self, app: Any, token: str | None = None, package: str = PHOTOS, ip: str = "10.0.0.1") -> None:
        self.app, self.token, self.package, self.ip = app, token, package, ip

    async def call(
        self, method: str, path: str, body: Any = None, *, expect: int | tuple[int, ...] | None = 200, headers: dict[str, str] | None = None,
        content: bytes | None = None, token: str | None = "own",
    ) -> Response:  # fmt: skip
        raw = json.dumps(body).encode() if body is not None else content or b""
        head = {"host": "darkroom.test", "x-client-package": self.package, "content-length": str(len(raw)), **(headers or {})}
        if auth := self.token if token == "own" else token:
            head["x-auth-token"] = auth
        path, _, query = path.partition("?")
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": path, "raw_path": path.encode(),
            "query_string": query.encode(), "root_path": "", "headers": [(k.lower().encode(), v.encode("latin-1")) for k, v in head.items()],
            "client": (self.ip, 1234), "server": ("darkroom.test", 80), "extensions": {}, "state": {},
        }  # fmt: skip
        sent: list[dict[str, Any]] = []
        messages = [{"type": "http.request", "body": raw, "more_body": False}]

        async def receive() -> dict[str, Any]:
            if messages:
                return messages.pop()
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        start = sent[0]
        out = Response(start["status"], {k.decode().lower(): v.decode() for k, v in start["headers"]}, b"".join(m.get("body", b"") for m in sent[1:]))
        if out.content[:1] in (b"{", b"[") and not path.startswith("/objects/"):
            strict.check(method, path, out.status, out.json(), body)
        if expect is not None:
            wanted = (expect,) if isinstance(expect, int) else expect
            assert out.status in wanted, f"{method} {path}: {out.status}, wanted {expect}: {out.content[:400]!r}"
        return out

    async def get(self, path: str, **kw: Any) -> Response:
        return await self.call("GET", path, **kw)

    async def post(self, path: str, body: Any = None, **kw: Any) -> Response:
        return await self.call("POST", path, body, **kw)

    async def put(self, path: str, body: Any = None, **kw: Any) -> Response:
        return await self.call("PUT", path, body, **kw)

    async def delete(self, path: str, body: Any = None, **kw: Any) -> Response:
        return await self.call("DELETE", path, body, **kw)


@dataclass
class Person(Api):
    """A signed-up account made straight in the database, with key material that is well-formed and opens nothing."""

    app: Any
    user_id: int
    email: str
    token: str | None
    package: str = PHOTOS
    ip: str = "10.0.0.1"
    extra: dict[str, Any] = field(default_factory=dict)

    def second_app(self, package: str, token: str) -> Person:
        return Person(self.app, self.user_id, self.email, token, package, self.ip)


@dataclass
class World:
    """One application over one kernel, and a factory of people."""

    kernel: Kernel
    clock: ManualClock
    app: Darkroom
    _count: int = 0

    def anon(self, package: str = PHOTOS) -> Api:
        self._count += 1
        return Api(self.app, None, package, f"10.9.{self._count >> 8}.{self._count & 255}")

    async def person(self, name: str, *, keys: bool = True) -> Person:
        """A new account with a photos session; `keys=False` leaves it without key attributes."""
        self._count += 1
        email, token = f"{name}-{self._count}@example.org", self.kernel.ids.token()
        user_id = await self.kernel.db.write("test.person", _make_person, self.kernel, email, keys)
        await self.kernel.db.write("test.session", _make_session, user_id, token, "photos", self.clock.now())
        return Person(self.app, user_id, email, token, PHOTOS, f"10.8.{self._count >> 8}.{self._count & 255}")

    async def in_app(self, person: Person, package: str) -> Person:
        """The same account with a session of another app."""
        token = self.kernel.ids.token()
        app = "auth" if package == AUTH else "locker" if package == LOCKER else "photos"
        await self.kernel.db.write("test.session", _make_session, person.user_id, token, app, self.clock.now())
        return person.second_app(package, token)


def _make_person(tx: Tx, kernel: Kernel, email: str, keys: bool) -> int:
    cipher, nonce = kernel.crypto.encrypt(email)
    now = kernel.clock.now()
    user_id = insert(tx, "users", now=now, email_cipher=cipher, email_nonce=nonce, email_hash=kernel.crypto.hash(email))
    insert(tx, "feeds", now=now, user_id=user_id)
    if keys:
        blob = {k: b64(kernel.ids.bytes(n)) for k, n in (("salt", 16), ("key", 48), ("nonce", 24), ("public", 32))}
        tx.run(
            "INSERT INTO key_attributes (user_id, kek_salt, encrypted_key, key_nonce, public_key, encrypted_secret_key, secret_key_nonce, "
            "mem_limit, ops_limit) VALUES (:user_id, :salt, :key, :nonce, :public, :key, :nonce, 134217728, 32)",
            user_id=user_id, **blob,
        )  # fmt: skip
    return user_id


def _make_session(tx: Tx, user_id: int, token: str, app: str, now: int) -> None:
    hashed = token_hash(token)
    insert(tx, "sessions", now=now, token_hash=hashed, user_id=user_id, app=app, handle=session_handle(hashed))


@asynccontextmanager
async def open_world(engine: str, folder: Path, *, config: Config | None = None, store: str = "memory") -> AsyncIterator[World]:
    """A fresh application on an empty database of this engine; closed at the end."""
    config = config or Config(data_dir=folder, public_url="http://darkroom.test", storage=(Storage(kind=store),))  # type: ignore[arg-type]  # test parameter
    if "registration" not in config.model_fields_set:
        config = config.model_copy(update={"registration": Registration(mode="open")})  # everybody meets by signing up
    clock, ids = ManualClock(), Ids()
    async with open_database(engine, folder) as db:
        one = len(config.storage) == 1
        stores = {s.name: open_store(StoreConfig(name=s.name, kind=s.kind, path=folder if one else folder / s.name)) for s in config.storage}
        crypto = Crypto(Secrets.generate(ids), ids)
        kernel = Kernel(config, clock, ids, db, crypto, stores, RateLimiter(config.limits, db, clock), LastUsed())
        yield World(kernel, clock, create_app(kernel))
        for objects in stores.values():
            await objects.close()
