"""kill -9 in the middle of uploads: what was acknowledged is there afterwards, whole, and the books agree."""

from __future__ import annotations

import contextlib
import random
import secrets
import threading
from dataclasses import dataclass, field

import httpx
import pytest

from tests.clients.api import ApiError
from tests.clients.ente import Device
from tests.clients.transfer import Objects, Plain, TransferError
from tests.wire.process import RunningServer

UPLOADS = 200
WRITERS = 4


@dataclass
class Writer:
    """Uploads into an album of its own until the server dies; `acknowledged` maps file ids to contents."""

    device: Device
    album: int
    seed: int
    acknowledged: dict[int, bytes] = field(default_factory=dict)

    def run(self, count: int, one_more: threading.Semaphore) -> None:
        choice = random.Random(self.seed)
        with contextlib.suppress(httpx.TransportError, ApiError, TransferError):
            for _ in range(count):
                content = choice.randbytes(choice.randrange(1, 60_000))
                row = self.device.upload(self.album, Plain(content))
                self.acknowledged[row["id"]] = content
                one_more.release()


def same_session(device: Device) -> Device:
    """Another connection of the same person, with the same token."""
    other = Device(device.api.base_url, device.email)
    other.account, other.user_id = device.account, device.user_id
    other.api.token = device.api.token
    other.objects = Objects(other.api)
    return other


@pytest.mark.parametrize("seed", [11, 12])
def test_acknowledged_uploads_survive_a_kill(own_server: RunningServer, seed: int) -> None:
    alice = Device.sign_up(own_server.url, f"alice-{secrets.token_hex(5)}@example.org")
    writers = []
    for number in range(WRITERS):
        device = same_session(alice)
        writers.append(Writer(device, device.new_collection(f"Album {number}"), seed * 100 + number))
    done = threading.Semaphore(0)
    threads = [threading.Thread(target=writer.run, args=(UPLOADS // WRITERS, done)) for writer in writers]
    for thread in threads:
        thread.start()
    for _ in range(random.Random(seed).randrange(UPLOADS // 4, UPLOADS // 2)):
        assert done.acquire(timeout=60), "uploads stalled"
    own_server.kill()
    for thread in threads:
        thread.join()
    own_server.restart()

    check_everything(alice, writers)
    for writer in writers:
        writer.run(3, done)
    check_everything(alice, writers)


def check_everything(alice: Device, writers: list[Writer]) -> None:
    reader = same_session(alice)
    mirror = reader.sync()
    for writer in writers:
        rows = {row["id"]: row for row in mirror.in_album(writer.album)}
        assert writer.acknowledged.keys() <= rows.keys(), "an acknowledged file is gone"
        assert len(rows) <= len(writer.acknowledged) + 1, "at most one answer a writer was lost"
        for row in rows.values():
            content = reader.download(row).content
            assert content == writer.acknowledged.get(row["id"], content)
    sizes = [row["info"]["fileSize"] + row["info"]["thumbSize"] for row in mirror.files.values()]
    assert reader.usage() == sum(sizes)
