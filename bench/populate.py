#!/usr/bin/env python3
"""Fills a data folder (or database) with accounts, albums and files through Darkroom's own services, while no server runs on it.

Every row is written by the code that a request would run: quota, stamps and ledger are what they would be. Only many files share a
transaction, and the bytes are missing: objects are recorded as uploaded without being stored, so downloads of these files fail. Tokens are
thrown away.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.accounts import wire as accounts_wire
from app.cli.build import started
from app.collections import service as collections
from app.collections.wire import NewCollection
from app.db import Tx
from app.files import service as files
from app.files.wire import NewFile
from app.http.client import Client
from app.kernel.access import Session
from app.kernel.config import Config
from app.kernel.parts import Kernel
from app.kernel.wire import decode
from app.login import code_login, codes, sign_up
from app.login import wire as login_wire
from app.objects import recording
from bench.person import OTT_CODE, OTT_SUFFIX, file_body, key_attributes, new_album

AT_ONCE = 256
"""Operations under way at a time: several groups of the writer's 64."""
TOGETHER = 500
"""Files a transaction."""
FILE_BYTES, THUMB_BYTES = 3_000_017, 24_017
PROGRESS_SECONDS = 5.0
LAZY = "options=-c%20synchronous_commit%3Doff"
"""On PostgreSQL the commits of one account follow each other and each would wait for the disk; nothing here needs to survive a crash."""


def config(data_dir: Path, database_url: str | None) -> Config:
    """Without limits, and with the fixed code for test addresses."""
    values: dict[str, object] = {"data_dir": data_dir, "otp": {"fixed": {OTT_SUFFIX: OTT_CODE}}, "quota": {"default": 0}}
    if database_url:
        values["database"] = {"url": database_url + ("&" if "?" in database_url else "?") + LAZY}
    off = {name: {"count": 0, "seconds": 60} for name in Config.model_fields["limits"].default.__class__.model_fields}
    return Config.model_validate({**values, "limits": off, "log": {"level": "error"}})


def _session(user_id: int) -> Session:
    return Session(user_id, "photos", b"", "", 0, 0)


class Populate:
    """Creates things in one kernel. Ids come back in no particular order."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel

    async def user(self) -> int:
        """A signed-up person with keys; the id."""
        address = f"bulk-{uuid.uuid4().hex}{OTT_SUFFIX}"
        client = Client("photos", "127.0.0.1", "bench/populate")
        await codes.send(self.kernel, login_wire.CodeRequest(email=address, purpose="signup"), client)
        made = await code_login.verify(self.kernel, login_wire.CodeProof(email=address, ott=OTT_CODE), client)
        body = json.dumps({"keyAttributes": key_attributes()}).encode()
        await sign_up.set_attributes(self.kernel, _session(made.id), decode(body, accounts_wire.NewAttributes))
        return made.id

    async def album(self, owner: int) -> int:
        body = decode(json.dumps(new_album()).encode(), NewCollection)
        return (await collections.create(self.kernel, _session(owner), body)).collection.id

    async def files(self, owner: int, albums: list[int]) -> None:
        """One file in each of these albums, which may repeat; all in one transaction."""
        minted = [(album, self.kernel.crypto.mint_key(owner), self.kernel.crypto.mint_key(owner)) for album in albums]
        asks = [decode(json.dumps(file_body(a, (f, FILE_BYTES), (t, THUMB_BYTES))).encode(), NewFile) for a, f, t in minted]
        await self.kernel.db.write("populate", _commit, self.kernel, owner, asks)


def _commit(tx: Tx, kernel: Kernel, owner: int, asks: list[NewFile]) -> None:
    now, store = kernel.clock.now(), kernel.store.name
    for ask in asks:
        for key, size in ((ask.file.object_key, FILE_BYTES), (ask.thumbnail.object_key, THUMB_BYTES)):
            recording.record_in(tx, kernel.config, recording.Upload(key, store, size, os.urandom(16).hex()), now)
        files.create_in(tx, kernel, owner, "photos", ask, now)


async def many(what: str, count: int, make: Callable[[int], Awaitable[object]], at_once: int = AT_ONCE, step: int = 1) -> list[object]:
    """make(i) for every i below count that is a multiple of `step`, at_once at a time, telling how far it is."""
    out: list[object] = []
    numbers = iter(range(0, count, step))
    began = told = time.monotonic()

    async def work() -> None:
        nonlocal told
        for i in numbers:
            out.append(await make(i))
            if time.monotonic() - told > PROGRESS_SECONDS:
                told = time.monotonic()
                done = min(count, len(out) * step)
                print(f"… {done:,} of {count:,} {what}, {done / (told - began):,.0f}/s", file=sys.stderr, flush=True)

    await asyncio.gather(*(work() for _ in range(min(at_once, count))))
    took = time.monotonic() - began
    print(f"… {count:,} {what} in {took:,.0f} s, {count / max(took, 0.001):,.0f}/s", file=sys.stderr, flush=True)
    return out


async def into_albums(maker: Populate, owner: int, albums: list[int], count: int) -> None:
    """`count` files, evenly. Two transactions at a time: one is made up while the other is written."""
    await many(
        "files", count, lambda at: maker.files(owner, [albums[i % len(albums)] for i in range(at, min(count, at + TOGETHER))]), 2, TOGETHER
    )  # fmt: skip


async def library(kernel: Kernel, users: int, albums: int, count: int) -> None:
    """The first account gets all albums and files, evenly; the others are bystanders with one album and one file each."""
    maker = Populate(kernel)
    people = [int(str(i)) for i in await many("accounts", users, lambda _: maker.user())]
    first, others = people[0], people[1:]
    mine = [int(str(i)) for i in await many("albums", albums, lambda _: maker.album(first))]

    async def bystander(i: int) -> None:
        await maker.files(others[i], [await maker.album(others[i])])

    await many("bystanders' files", len(others), bystander)
    await into_albums(maker, first, mine, count)
    print(f"account {first}: {albums:,} albums, {count:,} files; {len(others):,} bystanders")


def options() -> argparse.Namespace:
    p = argparse.ArgumentParser(prog="bench/populate.py", description=__doc__)
    p.add_argument("--data-dir", type=Path, required=True, help="the server's data folder; made when it does not exist")
    p.add_argument("--database-url", default=os.environ.get("DARKROOM_DATABASE_URL"))
    p.add_argument("--users", type=int, default=100)
    p.add_argument("--albums", type=int, default=20)
    p.add_argument("--files", type=int, default=10_000)
    p.add_argument("--into", type=int, nargs=2, metavar=("OWNER", "ALBUM"), help="only files, into this album of this account")
    return p.parse_args()


async def main(chosen: argparse.Namespace) -> None:
    async with started(config(chosen.data_dir, chosen.database_url)) as kernel:
        if chosen.into:
            owner, album = chosen.into
            await into_albums(Populate(kernel), owner, [album], chosen.files)
        else:
            await library(kernel, chosen.users, chosen.albums, chosen.files)


if __name__ == "__main__":
    asyncio.run(main(options()))
