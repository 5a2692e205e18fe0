"""Every byte on the disk is in a sum of an account, and the sums have bounds: an account does at random all that leaves bytes somewhere, beside
backups and the jobs, and after each step the files on the disk are no more than the sums, and these no more than the configuration says.

A failure names its seed and the steps so far.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from app.contacts import service as contacts
from app.kernel import jobs
from app.kernel.clock import DAY, HOUR
from app.kernel.config import Config, Quota, Storage
from app.maintenance.consistency import problems, sums
from app.objects import bounds, deletion, multiparts, recording
from tests.collections import scenes
from tests.contacts.test_contacts import add, know
from tests.filedata.test_previews import video_body
from tests.inprocess import Person, World, open_world
from tests.objects.parcels import document, md5, send

KIB = 1 << 10
LIMIT, TOLERANCE = 300 * KIB, 100 * KIB
MOST = LIMIT + TOLERANCE
HOUSE = 6 * MOST + 64 * KIB
"""Committed, derived, uncommitted, parts, deleted, and one upload that was under way when the others were full; pictures are small here."""


def on_disk(folder: Path) -> int:
    return sum(f.stat().st_size for top in ("objects", "tmp") for f in (folder / top).rglob("*") if f.is_file() and f.name != ".instance")


class Player:
    """One account and what it has made so far."""

    def __init__(self, world: World, me: Person, dice: random.Random, album: int, contact: dict[str, Any]) -> None:
        self.world, self.me, self.dice, self.album, self.contact = world, me, dice, album, contact
        self.files: list[int] = []
        self.urls: list[str] = []
        self.uploads: list[tuple[list[str], str, list[int]]] = []

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of an answer that is no refusal, else None; refusals are what this is about, failures are not."""
        answer = await self.me.call(method, path, body, expect=None)
        assert answer.status < 500 or answer.status == 503, (method, path, answer.status)
        return answer.json() if answer.status in (200, 201) and answer.content else None

    async def put(self, url: str, size: int) -> str | None:
        data = self.dice.randbytes(1) * size
        answer = await send(self.me, "PUT", url, data)
        assert answer.status < 500 or answer.status in (503, 507), answer.status
        return answer.headers.get("etag") if answer.status == 200 else None

    def size(self) -> int:
        return self.dice.choice([1, 10 * KIB, 60 * KIB, 150 * KIB, 399 * KIB])

    # --- what leaves bytes
    async def photo(self) -> None:
        keys, size = [], self.size()
        for length in (size, 10):
            made = await self.ask("GET", "/files/upload-urls?count=1")
            if made is None or await self.put(made["urls"][0]["url"], length) is None:
                return
            keys.append(made["urls"][0]["objectKey"])
        body = {
            "collectionID": self.album, "encryptedKey": "a2V5", "keyDecryptionNonce": "bm9uY2U=",
            "file": {"objectKey": keys[0], "decryptionHeader": "fh", "size": size}, "thumbnail": {"objectKey": keys[1], "decryptionHeader": "th"},
            "metadata": {"encryptedData": "bQ==", "decryptionHeader": "mh"},
        }  # fmt: skip
        if made := await self.ask("POST", "/files", body):
            self.files.append(made["id"])

    async def upload(self) -> None:
        made = await self.ask("GET", "/files/upload-urls?count=2")
        self.urls += [u["url"] for u in made["urls"]] if made else []

    async def write(self) -> None:
        if self.urls:
            await self.put(self.dice.choice(self.urls), self.size())

    async def begin(self) -> None:
        count = self.dice.randint(1, 4)
        if self.files and self.dice.random() < 0.5:
            path = f"/files/data/preview-upload-url?fileID={self.dice.choice(self.files)}&type=vid_preview&isMultiPart=true&count={count}"
        else:
            path = f"/files/multipart-upload-urls?count={count}"
        if made := await self.ask("GET", path):
            made = made.get("urls", made)
            self.uploads.append((made["partURLs"], made["completeURL"], []))

    async def part(self) -> None:
        if self.uploads:
            urls, _, _ = self.dice.choice(self.uploads)
            await self.put(self.dice.choice(urls), self.size())

    async def complete(self) -> None:
        if self.uploads:
            urls, done, _ = self.uploads.pop(self.dice.randrange(len(self.uploads)))
            tags = [await self.put(url, 20 * KIB) for url in urls]
            if all(tags):
                await send(self.me, "POST", done, document([str(t) for t in tags]))

    async def derived(self) -> None:
        if self.files:
            data = "A" * self.size()
            await self.ask(
                "PUT", "/files/data", {"fileID": self.dice.choice(self.files), "type": "mldata", "encryptedData": data, "decryptionHeader": "aA=="}
            )

    async def film(self) -> None:
        if self.files:
            file_id, size = self.dice.choice(self.files), self.size()
            made = await self.ask("GET", f"/files/data/preview-upload-url?fileID={file_id}&type=vid_preview")
            if made and await self.put(made["url"], size):
                await self.ask("PUT", "/files/video-data", video_body(file_id, made["objectID"], size))

    async def picture(self) -> None:
        data = self.dice.randbytes(2 * KIB)
        made = await self.ask("POST", "/attachments/profile_picture/upload-url", {"contentLength": len(data), "contentMD5": md5(data)})
        answer = await send(self.me, "PUT", made["url"], data, Content_MD5=md5(data))
        if answer.status == 200 and self.dice.random() < 0.7:
            await self.ask(
                "PUT", f"/contacts/{self.contact['id']}/attachments/profile_picture", {"attachmentID": made["attachmentID"], "size": len(data)}
            )

    # --- what takes them away, or keeps them
    async def delete(self) -> None:
        if self.files:
            file_id = self.files.pop(self.dice.randrange(len(self.files)))
            await self.ask("POST", "/files/trash", {"items": [{"fileID": file_id, "collectionID": self.album}]})
            await self.ask("POST", "/trash/delete", {"fileIDs": [file_id]})

    async def back_up(self) -> None:
        now = self.world.clock.now()
        await self.world.kernel.db.write("t", jobs.take_lease, jobs.HOLD, "a backup", now, now + self.dice.choice([HOUR, DAY]))

    async def end_back_up(self) -> None:
        await self.world.kernel.db.write("t", jobs.end_lease, jobs.HOLD, "a backup")

    async def time(self) -> None:
        self.world.clock.advance(self.dice.choice([HOUR, DAY, 9 * DAY]))

    async def work(self) -> None:
        for job in (deletion.run_deletions, deletion.sweep, multiparts.sweep, bounds.sweep):
            await job(self.world.kernel)


STEPS = ["photo"] * 4 + ["upload", "write", "write", "begin", "part", "part", "part", "complete", "derived", "derived", "film", "picture"]
STEPS += ["delete"] * 3 + ["back_up", "end_back_up", "time", "work", "work"]


async def play(engine: str, folder: Path, seed: int, steps: int) -> None:
    quota = Quota(default=LIMIT, tolerance=TOLERANCE, reserve=0)
    config = Config(data_dir=folder, public_url="http://darkroom.test", storage=(Storage(kind="filesystem"),), quota=quota)
    dice, done = random.Random(seed), list[str]()
    async with open_world(engine, folder, config=config) as world:
        me, bob = await world.person("alice"), await world.person("bob")
        await know(me, bob)
        player = Player(world, me, dice, await scenes.album(me), await add(me, bob))
        for _ in range(steps):
            done.append(dice.choice(STEPS))
            world.clock.advance(1)
            await getattr(player, done[-1])()
            held = (await world.kernel.db.scan(sums)).get(me.user_id, {})
            held.pop("texts", None)
            where = f"seed {seed}: {done}\n{held}"
            assert on_disk(folder) <= sum(held.values()), f"bytes that nobody counts: {on_disk(folder)}; {where}"
            for name in ("committed", "derived", "uncommitted", "parts"):
                assert held.get(name, 0) <= MOST, f"{name}; {where}"
            assert sum(held.values()) <= HOUSE, where
            assert await world.kernel.db.scan(problems) == {}, where


async def test_every_byte_is_in_a_sum_and_the_sums_have_bounds(tmp_path: Path) -> None:
    await play("sqlite", tmp_path, 1, 40)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 120))
async def test_every_byte_for_long(engine: str, tmp_path: Path, seed: int) -> None:
    await play(engine, tmp_path, seed, 250)


def test_the_figures_of_this_test_are_exact_ones() -> None:
    """Small accounts are added up at every upload, large ones now and then."""
    assert recording.SAMPLE * recording.SMALL > MOST
    assert contacts.MOST > 0
