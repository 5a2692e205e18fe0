"""Who uses this face: the owner of the linked account, and whoever was registered here when that was allowed. Each sees what is their own.

The owner logs in with the account's address (or the part before its @) and a bridge key as the password, or the password set since. What is known of
the others is in the account, encrypted; their passwords as Argon2id. Sessions are those of a bridge key: a registered user has one, made on this
machine at the first log-in.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ..library import records
from ..library.api_keys import ALL, IMALINK, ApiKey
from ..library.companions import OWNER
from ..library.library import Library
from ..serving.bridge import Bridge
from ..serving.problems import Problem
from . import wire

SECTION = "users"
KEY, OWNERS_KEY = "imalink user ", "imalink password"
"""Names of the bridge keys that sessions belong to: of a registered user, before the number, and of the owner's password."""
FAILURES, WITHIN = 20, 60.0
"""Wrong passwords from one address in so many seconds, after which it must wait."""
MOST_USERS, MOST_ADDRESSES = 100, 1000

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_NOBODY = _hasher.hash("nobody has this password")


@dataclass(frozen=True)
class Person:
    """`made`, `changed` in µs."""

    id: int
    username: str
    email: str
    name: str | None
    made: int
    changed: int

    def short(self) -> dict[str, Any]:
        return {"id": self.id, "username": self.username, "email": self.email, "display_name": self.name, "is_active": True}

    def whole(self) -> dict[str, Any]:
        return self.short() | {"created_at": wire.time_of(self.made), "updated_at": wire.time_of(self.changed)}


class People:
    def __init__(self, bridge: Bridge, clock: Callable[[], float] = time.monotonic) -> None:
        self._bridge, self._clock = bridge, clock
        self._failed: dict[str, deque[float]] = {}
        self._hashing = asyncio.Semaphore(2)

    @property
    def _library(self) -> Library:
        return self._bridge.library

    def of(self, key: ApiKey) -> Person:
        """Whose key or session this is."""
        number = key.name.removeprefix(KEY) if key.name.startswith(KEY) else str(OWNER)
        found = self._person(int(number), key) if number.isdecimal() else None
        if found is None:
            raise Problem(401, "This user is not active")
        return found

    def _person(self, number: int, key: ApiKey | None) -> Person | None:
        known = records.read(self._library, SECTION).get(number)
        if number == OWNER:
            email, made = self._library.link.email, key.created * 1_000_000 if key else 0
            known = {"username": email.partition("@")[0], "email": email, "made": made} | (known or {})
        if known is None or known.get("gone"):
            return None
        made = int(known.get("made") or 0)
        return Person(number, str(known["username"]), str(known["email"]), known.get("name"), made, int(known.get("changed") or made))

    async def log_in(self, ask: wire.Login, peer: str) -> tuple[str, Person]:
        """A session's token. 401 for whatever is wrong, 429 for an address that tried too often."""
        self._may_try(peer)
        number, known = self._named(ask.username)
        hashed = str(known.get("hash") or "")
        right = await self._verified(hashed or _NOBODY, ask.password) and bool(hashed)
        key: ApiKey | None = None
        if number == OWNER and not hashed:
            key = self._own_key(ask.password)
        elif right and number:
            key = self._key(number)
        person = self._person(number, key) if key and number else None
        if key is None or person is None:
            self._failed[peer].append(self._clock())
            raise Problem(401, "Incorrect username or password")
        return self._bridge.keys.begin(key), person

    def _named(self, username: str) -> tuple[int, dict[str, Any]]:
        """Number and record of whoever logs in with this name or address; 0: nobody."""
        wanted = username.strip().casefold()
        found = records.read(self._library, SECTION)
        owner = found.get(OWNER, {})
        email = self._library.link.email.casefold()
        if wanted in (email, email.partition("@")[0], str(owner.get("email") or email).casefold()):
            return OWNER, owner
        for number, known in found.items():
            if number != OWNER and not known.get("gone") and wanted in (known["username"].casefold(), known["email"].casefold()):
                return number, known
        return 0, {}

    def _own_key(self, secret: str) -> ApiKey | None:
        """The bridge key that this is, if it is the owner's: a registered user's token is no password of the owner."""
        key = self._bridge.keys.check(secret)
        return key if key and not key.name.startswith(KEY) else None

    def _key(self, number: int) -> ApiKey:
        """What the sessions of a log-in with a password belong to. A registered user's opens this face alone."""
        name = f"{KEY}{number}" if number != OWNER else OWNERS_KEY
        permissions = (ALL,) if number == OWNER else (IMALINK,)
        return next((key for key in self._bridge.keys.all() if key.name == name), None) or self._bridge.keys.add(name, permissions)[1]

    async def register(self, ask: wire.Register) -> Person:
        if not self._bridge.options.register:
            raise Problem(403, "Registration is not open here")
        email = wire.address(ask.email.strip())
        if email is None or not ask.username.strip():
            raise Problem(400, "A user needs a name and an address")
        hashed = await self._hashed(ask.password)
        await self._library.sync()
        found = records.read(self._library, SECTION)
        if self._named(ask.username)[0] or self._named(email)[0]:
            raise Problem(409, "Username or email already registered")
        if len(found) >= MOST_USERS:
            raise Problem(403, "No more users can be registered here")
        now = time.time_ns() // 1000
        record = {"username": ask.username.strip(), "email": email, "name": ask.display_name, "hash": hashed, "made": now, "changed": now}
        number = await records.add(self._library, SECTION, record, first=OWNER + 1)
        person = self._person(number, None)
        assert person is not None
        return person

    async def change(self, me: Person, ask: wire.Profile) -> Person:
        said = wire.given(ask)
        if "email" in said and not wire.address(said["email"]):
            raise Problem(400, "A user needs an address")
        if "email" in said and self._named(said["email"])[0] not in (0, me.id):
            raise Problem(409, "Username or email already registered")
        renamed = {"name" if name == "display_name" else name: value for name, value in said.items()}
        if not renamed:
            return me
        await self._edit(me, lambda record: record.update(renamed))
        return self._person(me.id, None) or me

    async def change_password(self, me: Person, ask: wire.ChangePassword, peer: str) -> None:
        self._may_try(peer)
        hashed = str(records.read(self._library, SECTION).get(me.id, {}).get("hash") or "")
        right = await self._verified(hashed or _NOBODY, ask.current_password) and bool(hashed)
        if me.id == OWNER and not hashed:
            key = self._own_key(ask.current_password)
            right = key is not None and key.may(ALL)
        if not right:
            self._failed[peer].append(self._clock())
            raise Problem(400, "Current password is incorrect")
        new = await self._hashed(ask.new_password)
        await self._edit(me, lambda record: record.update(hash=new))

    async def leave(self, me: Person) -> None:
        """A registered user, who can log in no more; the photos stay in the account. The linked account itself is never deleted from here."""
        if me.id == OWNER:
            raise Problem(403, "This is the linked account: `darkroom bridge unlink` ends the link, and Ente's apps delete an account")
        await self._edit(me, lambda record: record.update(gone=True, hash=None))
        for key in self._bridge.keys.all():
            if key.name == f"{KEY}{me.id}":
                self._bridge.keys.revoke(key.name)

    async def _edit(self, me: Person, edit: Callable[[dict[str, Any]], None]) -> None:
        def inside(record: dict[str, Any]) -> None:
            if not record:
                record.update(username=me.username, email=me.email, name=me.name, made=me.made)
            edit(record)
            record["changed"] = time.time_ns() // 1000

        await records.change(self._library, SECTION, me.id, inside, make=True)

    # -- passwords --------------------------------------------------------------------------------

    def _may_try(self, peer: str) -> None:
        now = self._clock()
        if peer not in self._failed and len(self._failed) >= MOST_ADDRESSES:
            self._failed = {who: when for who, when in self._failed.items() if when and now - when[-1] < WITHIN}
            while len(self._failed) >= MOST_ADDRESSES:
                self._failed.pop(next(iter(self._failed)))
        tries = self._failed.setdefault(peer, deque(maxlen=FAILURES))
        while tries and now - tries[0] >= WITHIN:
            tries.popleft()
        if len(tries) >= FAILURES:
            raise Problem(429, "Too many wrong passwords: wait a minute")

    async def _hashed(self, password: str) -> str:
        async with self._hashing:
            return await asyncio.to_thread(_hasher.hash, password)

    async def _verified(self, hashed: str, password: str) -> bool:
        async with self._hashing:
            try:
                return await asyncio.to_thread(_hasher.verify, hashed, password)
            except (VerificationError, InvalidHashError):
                return False
