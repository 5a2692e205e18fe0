#!/usr/bin/env python3
"""Measures the bridge: an account with N photos on a server of its own, `darkroom bridge serve` in front of it, and a tool that asks.

The photos' rows are encrypted as a phone would have done it, so first sync, start and every answer cost what they cost; their bytes are missing but
for those of the pictures and the video that are sent through the bridge itself.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import httpx
from PIL import Image

from app.cli.build import started
from app.collections import service as collections
from app.collections.wire import NewCollection
from app.kernel.wire import decode
from bench import populate
from bench.http1 import render
from bench.load import Generator, Plan, Request
from bench.person import OTT_CODE
from bench.server import Server, free_port, start, start_darkroom, work_folder
from bridge.client import crypto
from bridge.client.connection import Connection
from bridge.client.crypto import b64
from bridge.client.keys import Keys
from bridge.library import vault
from bridge.library.api_keys import ApiKeys
from tests.bridge import people

EMAIL = "bridge@example.org"
ALBUMS, YEARS = 40, 12
TOWNS = ((48.8566, 2.3522), (52.52, 13.405), (59.9139, 10.7522), (40.7128, -74.006), (35.6762, 139.6503))
CAMERAS = (("Apple", "iPhone 15"), ("Canon", "EOS R6"), ("SONY", "ILCE-7M4"), ("Google", "Pixel 8"))
BEGIN = 1_400_000_000_000_000
PAGE = 1000
MB = 1_000_000
WAIT = 900.0
SEEK = 64 * 1024


def photo(number: int, album: tuple[int, bytes], keys: tuple[str, str]) -> dict[str, Any]:
    """The JSON of POST /files of a photo like no other; `keys` = object keys of file and thumbnail."""
    key, chance = crypto.random_key(), random.Random(number)
    taken = BEGIN + chance.randrange(YEARS * 365 * 86_400) * 1_000_000
    about: dict[str, Any] = {"title": f"IMG_{number:06}.jpg", "fileType": int(number % 20 == 0), "creationTime": taken, "modificationTime": taken,
                             "hash": b64(os.urandom(64))}  # fmt: skip
    if number % 3:
        lat, long = chance.choice(TOWNS)
        about |= {"latitude": lat + chance.uniform(-0.05, 0.05), "longitude": long + chance.uniform(-0.05, 0.05)}
    make, model = chance.choice(CAMERAS)
    public = {"w": 4000, "h": 3000, "cameraMake": make, "cameraModel": model, "caption": "at the sea" if number % 10 == 0 else ""}
    wrapped, nonce = crypto.box(key, album[1])
    sealed, header = crypto.encrypt_blob(json.dumps(about).encode(), key)
    magic, magic_header = crypto.encrypt_blob(json.dumps(public).encode(), key)
    return {
        "collectionID": album[0], "encryptedKey": b64(wrapped), "keyDecryptionNonce": b64(nonce),
        "file": {"decryptionHeader": b64(os.urandom(24)), "objectKey": keys[0], "size": populate.FILE_BYTES},
        "thumbnail": {"decryptionHeader": b64(os.urandom(24)), "objectKey": keys[1], "size": populate.THUMB_BYTES},
        "metadata": {"encryptedData": b64(sealed), "decryptionHeader": b64(header)},
        "pubMagicMetadata": {"version": 1, "count": len(public), "data": b64(magic), "header": b64(magic_header)},
    }  # fmt: skip


async def join(origin: str) -> tuple[Keys, str]:
    async with Connection(origin) as connection:
        assert people.CODE == OTT_CODE
        _, keys = await people.join(connection, EMAIL)
        return keys, connection.token


async def fill(folder: Path, keys: Keys, count: int) -> None:
    """Albums and photos through the server's own services, while it is down."""
    async with started(populate.config(folder / "data", None)) as kernel:
        albums = []
        for number in range(ALBUMS):
            key = crypto.random_key()
            wrapped, nonce = crypto.box(key, keys.master_key)
            name, name_nonce = crypto.box(f"Album {number}".encode(), key)
            body = {"type": "album", "encryptedKey": b64(wrapped), "keyDecryptionNonce": b64(nonce)}
            body |= {"encryptedName": b64(name), "nameDecryptionNonce": b64(name_nonce)}
            asked = decode(json.dumps(body).encode(), NewCollection)
            albums.append(((await collections.create(kernel, populate._session(keys.user_id), asked)).collection.id, key))

        async def some(at: int) -> None:
            asks = []
            for number in range(at, min(count, at + populate.TOGETHER)):
                minted = (kernel.crypto.mint_key(keys.user_id), kernel.crypto.mint_key(keys.user_id))
                body = json.dumps(photo(number, albums[number % ALBUMS], minted)).encode()
                asks.append(decode(body, populate.NewFile))
            await kernel.db.write("populate", populate._commit, kernel, keys.user_id, asks)

        await populate.many("photos", count, some, 2, populate.TOGETHER)


class Bridge:
    """The process and a tool in front of it."""

    def __init__(self, folder: Path, key: str) -> None:
        self._folder, self._key, self._port = folder, key, free_port()
        self.origin = f"http://127.0.0.1:{self._port}"
        self.tool = httpx.Client(base_url=self.origin, headers={"x-api-key": key}, timeout=WAIT)
        self.process: Server | None = None

    def start(self, expected: int) -> float:
        """Seconds until it knows of so many photos."""
        began = time.perf_counter()
        command = [str(Path(sys.executable).parent / "darkroom"), "bridge", "--dir", str(self._folder), "serve", "--port", str(self._port)]
        self.process = start(command, self.origin, "/api/server/ping", {}, self._folder.parent / "bridge.log")
        while self.count() < expected:
            if time.perf_counter() - began > WAIT:
                raise SystemExit(f"only {self.count()} of {expected} photos after {WAIT:.0f} s")
            time.sleep(0.02)
        return time.perf_counter() - began

    def count(self) -> int:
        return int(self.tool.post("/api/search/statistics", json={}).raise_for_status().json()["total"])

    def stop(self) -> None:
        if self.process:
            self.process.stop()

    def cpu(self) -> float:
        return self.process.cpu_s() if self.process else 0.0

    def resident(self) -> float:
        return self.process.memory()["rss"] if self.process else 0.0

    def send(self, name: str, content: Any) -> str:
        times = {"fileCreatedAt": "2024-05-06T07:08:09.000Z", "fileModifiedAt": "2024-05-06T07:08:09.000Z"}
        answer = self.tool.post("/api/assets", data=times, files={"assetData": (name, content, "application/octet-stream")})
        return str(answer.raise_for_status().json()["id"])

    def request(self, method: str, path: str) -> Request:
        return Request(render(method, path, self.origin.removeprefix("http://"), {"x-api-key": self._key}, None))


def timed(bridge: Bridge, work: Callable[[], object], rounds: int) -> str:
    """Median and worst in ms, and the bridge's CPU time for one, which a busy machine falsifies least; the first is not counted."""
    work()
    took, before = [], bridge.cpu()
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1e3)
    return f"{statistics.median(took):.0f} ms, worst {max(took):.0f}, CPU {(bridge.cpu() - before) * 1e3 / rounds:.0f}"


def picture(number: int) -> bytes:
    noise = Image.frombytes("RGB", (80, 60), random.Random(number).randbytes(80 * 60 * 3)).resize((1200, 900))
    held = io.BytesIO()
    noise.save(held, "JPEG", quality=85)
    return held.getvalue()


class Film(io.RawIOBase):
    """So many bytes that do not repeat, without having them in memory."""

    def __init__(self, size: int) -> None:
        self._size, self._at, self._block = size, 0, os.urandom(1 << 20)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = max(offset + {0: 0, 1: self._at, 2: self._size}[whence], 0)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        count = min(len(buffer), self._size - self._at, 1 << 20)
        if count <= 0:
            return 0
        piece = (self._at.to_bytes(8) + self._block[8:])[:count]
        buffer[:count] = piece
        self._at += count
        return count


def measure(bridge: Bridge, chosen: argparse.Namespace) -> Iterator[tuple[str, str, str]]:
    """(what, figure, target)."""
    first = bridge.start(chosen.photos)
    yield "first sync", f"{first:.1f} s, CPU {bridge.cpu():.1f}", "≤ 60 s"
    yield "resident after it", f"{bridge.resident():.0f} MiB", ""
    bridge.stop()
    yield "restart to ready", f"{bridge.start(chosen.photos):.2f} s, CPU {bridge.cpu():.2f}", "≤ 3 s"
    time.sleep(5)
    yield "idle", f"{bridge.resident():.0f} MiB resident", "≤ 150 MB"
    tool = bridge.tool

    def ask(method: str, path: str, **more: Any) -> Callable[[], object]:
        return lambda: tool.request(method, path, **more).raise_for_status().content

    for what, work, target in (
        ("timeline buckets", ask("GET", "/api/timeline/buckets"), "≤ 50 ms"),
        ("search/metadata, page of 1,000", ask("POST", "/api/search/metadata", json={"size": PAGE}), "≤ 200 ms"),
        ("the same, page 50 of it", ask("POST", "/api/search/metadata", json={"size": PAGE, "page": max(chosen.photos // PAGE // 2, 1)}), ""),
        ("search by words", ask("POST", "/api/search/metadata", json={"size": 100, "description": "sea", "make": "Canon"}), ""),
        ("albums", ask("GET", "/api/albums"), ""),
        ("map markers, all", ask("GET", "/api/map/markers"), ""),
        ("statistics of assets", ask("GET", "/api/assets/statistics"), ""),
    ):
        yield what, timed(bridge, work, 20), target
    ids = [bridge.send(f"{n}.jpg", picture(n)) for n in range(24)]
    requests = [bridge.request("GET", f"/api/assets/{asset_id}/thumbnail") for asset_id in ids]
    for asset_id in ids:
        tool.get(f"/api/assets/{asset_id}/thumbnail").raise_for_status()
    generator = Generator()
    generator.cpu_of[bridge.origin] = bridge.cpu
    found = generator.run(bridge.origin, Plan([requests], connections=8, seconds=chosen.seconds, warmup=0.5))
    yield (
        "thumbnails from the cache, 8 clients",
        f"{found.rps:,.0f}/s, CPU {found.cpu_ms or 0:.2f} ms{f', {found.failed} failed' if found.failed else ''}",
        "≥ 500/s",
    )
    yield from uploads(bridge, chosen)


def uploads(bridge: Bridge, chosen: argparse.Namespace) -> Iterator[tuple[str, str, str]]:
    size, rounds = 32 * MB, 4
    began, used = time.perf_counter(), bridge.cpu()
    for number in range(rounds):
        bridge.send(f"clip-{number}.mp4", io.BufferedReader(Film(size + number), 1 << 20))
    yield "upload, 32 MB each, stored", _rate(size * rounds, began, bridge.cpu() - used), "≥ 50 MB/s"
    size = chosen.video * MB
    before, began, used = bridge.count(), time.perf_counter(), bridge.cpu()
    film = bridge.send("film.mp4", io.BufferedReader(Film(size), 1 << 20))
    yield f"upload, a video of {chosen.video:,} MB, answered", _rate(size, began, bridge.cpu() - used), "≥ 50 MB/s"
    while bridge.count() <= before:
        time.sleep(0.1)
    yield "the same, stored", _rate(size, began, bridge.cpu() - used), ""
    bridge.stop()
    bridge.start(before + 1)
    memory = bridge.resident()
    chance, took, most = random.Random(1), [], memory
    for _ in range(20):
        first = chance.randrange(size - SEEK)
        asked = time.perf_counter()
        part = bridge.tool.get(f"/api/assets/{film}/video/playback", headers={"Range": f"bytes={first}-{first + SEEK - 1}"})
        took.append((time.perf_counter() - asked) * 1e3)
        assert (part.status_code, len(part.content)) == (206, SEEK), part.status_code
        most = max(most, bridge.resident())
    yield "seek in it: 64 KiB anywhere", f"{statistics.median(took):.0f} ms, worst {max(took):.0f}", "≤ 200 ms"
    yield "extra memory for it", f"{most - memory:.0f} MiB", "≤ 32 MB"


def _rate(size: int, began: float, cpu: float) -> str:
    return f"{size / MB / (time.perf_counter() - began):.0f} MB/s, {size / MB / max(cpu, 0.01):.0f} MB a CPU second"


def options() -> argparse.Namespace:
    p = argparse.ArgumentParser(prog="bench/bridge.py", description=__doc__)
    p.add_argument("--photos", type=int, default=20_000)
    p.add_argument("--video", type=int, default=1000, metavar="MB", help="size of the video that is played from anywhere")
    p.add_argument("--seconds", type=float, default=4.0, help="how long thumbnails are asked for")
    p.add_argument("--folder", type=Path, help="where the data goes while it runs (default: bench/out)")
    return p.parse_args()


def main(chosen: argparse.Namespace) -> None:
    with work_folder(chosen.folder) as folder, contextlib.ExitStack() as stack:
        server = start_darkroom(folder)
        stack.callback(lambda: server.stop())
        keys, token = asyncio.run(join(server.origin))
        port = int(server.origin.rpartition(":")[2])
        server.stop()
        asyncio.run(fill(folder, keys, chosen.photos))
        server = start_darkroom(folder, port=port)
        home = folder / "bridge"
        home.mkdir()
        vault.save(home, vault.Link(server.origin, EMAIL, token, False, keys, crypto.random_key()), "")
        tools = ApiKeys(home)
        secret, _ = tools.add("bench")
        tools.close()
        bridge = Bridge(home, secret)
        stack.callback(bridge.stop)
        print(f"{chosen.photos:,} photos in {ALBUMS} albums; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
        try:
            for what, figure, target in measure(bridge, chosen):
                print(f"{what:42} {figure:36} {target}", flush=True)
        except (httpx.HTTPError, subprocess.SubprocessError):
            print((folder / "bridge.log").read_text(errors="replace")[-2000:], file=sys.stderr)
            raise


if __name__ == "__main__":
    main(options())
