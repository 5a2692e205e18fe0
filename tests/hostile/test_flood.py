"""Five thousand connections of each kind that an attacker has for nothing: a normal client does not notice."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.clients.ente import Device
from tests.clients.transfer import Plain
from tests.hostile.flood import OPENINGS
from tests.wire.process import RunningServer, start_server

pytestmark = pytest.mark.slow
MANY = int(os.environ.get("DARKROOM_TEST_FLOOD", "5000"))
SECONDS = 12.0
PATIENCE = 1.0


@pytest.fixture(scope="module")
def flooded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    server = start_server(tmp_path_factory.mktemp("flood"), extra_toml="[limits]\nupload_urls = { count = 0 }\n")
    yield server
    server.kill()


def memory(pid: int) -> int:
    """MiB that a process has in memory."""
    (line,) = [x for x in Path(f"/proc/{pid}/status").read_text().splitlines() if x.startswith("VmRSS")]
    return int(line.split()[1]) >> 10


@pytest.mark.parametrize("addresses", [25, 1], ids=["25 addresses", "one address"])
@pytest.mark.parametrize("kind", OPENINGS)
def test_a_normal_client_does_not_notice(flooded: RunningServer, kind: str, addresses: int) -> None:
    alice = Device.sign_up(flooded.url, f"alice-{kind}-{addresses}@example.org")
    album = alice.new_collection("Holidays")
    alice.upload(album, Plain(os.urandom(8 << 20)))
    (row,) = alice.sync().in_album(album)
    where = alice.api.get(f"/files/download/v3/{row['id']}")["url"].removeprefix(flooded.url)
    flood = subprocess.Popen([sys.executable, "-m", "tests.hostile.flood", kind, *map(str, (MANY, addresses, flooded.port, SECONDS, where))])
    pings: list[float] = []
    uploads: list[float] = []
    try:
        until = time.monotonic() + SECONDS - 2
        while time.monotonic() < until:
            began = time.monotonic()
            assert httpx.get(f"{flooded.url}/ping", timeout=10, trust_env=False).status_code == 200
            pings.append(time.monotonic() - began)
            body = os.urandom(100_000)
            ask = {"contentLength": len(body), "contentMD5": base64.b64encode(hashlib.md5(body).digest()).decode()}
            began = time.monotonic()
            with httpx.Client(timeout=10, trust_env=False, headers={"x-auth-token": alice.api.token}) as client:
                url = client.post(f"{flooded.url}/files/upload-url", json=ask).raise_for_status().json()["url"]
                client.put(url, content=body, headers={"content-md5": ask["contentMD5"]}).raise_for_status()
            uploads.append(time.monotonic() - began)
            time.sleep(0.1)
    finally:
        flood.kill()
        flood.wait()
    held = memory(flooded.pid)
    print(f"{kind} from {addresses}: /ping at worst {max(pings):.3f} s of {len(pings)}, upload at worst {max(uploads):.3f} s, {held} MiB")
    # the flood itself runs on this machine: one hiccup is its own
    assert sorted(pings)[-2] < PATIENCE
    assert sorted(uploads)[-2] < PATIENCE
    assert held < 512
