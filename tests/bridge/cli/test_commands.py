"""The commands as processes against a server on a socket; `kill -9` in the middle of an import."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.client.connection import Connection
from tests.bridge.library.pictures import jpeg
from tests.bridge.people import PASSWORD, join
from tests.wire.process import PROGRAM, RunningServer, start_server

EMAIL = "alice@example.org"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningServer]:
    (tmp_path / "server").mkdir()
    made = start_server(tmp_path / "server")
    yield made
    made.stop()


@pytest.fixture
async def url(running: RunningServer) -> str:
    async with Connection(running.url) as connection:
        await join(connection, EMAIL)
    return running.url


def bridge(folder: Path, *args: str, ok: int = 0) -> str:
    environment = os.environ | {"DARKROOM_BRIDGE_DIR": str(folder), "DARKROOM_BRIDGE_PASSWORD": PASSWORD}
    done = subprocess.run(
        [PROGRAM, "bridge", *args], env=environment, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL, check=False
    )
    assert done.returncode == ok, done.stdout + done.stderr
    return done.stdout + done.stderr


def pictures(folder: Path, count: int) -> Path:
    (folder / "Sea").mkdir(parents=True)
    for number in range(count):
        (folder / f"Sea/{number:02}.jpg").write_bytes(jpeg(number))
    return folder


async def test_it_works(url: str, tmp_path: Path) -> None:
    home = tmp_path / "bridge"
    assert "no account is linked" in bridge(home, "status", ok=1)
    assert "linked" in bridge(home, "link", url, EMAIL)
    assert "unlink` first" in bridge(home, "link", url, EMAIL, ok=1)
    source = pictures(tmp_path / "in", 2)
    assert "2 uploaded, 0 were there" in bridge(home, "import", str(source))
    assert "2  Sea" in bridge(home, "ls")
    listed = bridge(home, "ls", "Sea")
    assert "00.jpg" in listed
    bridge(home, "get", listed.split()[0], str(tmp_path / "one.jpg"))
    assert (tmp_path / "one.jpg").read_bytes() in (jpeg(0), jpeg(1))
    assert "was there" in bridge(home, "put", str(source / "Sea/00.jpg"), "--album", "Sea")
    assert "2 written" in bridge(home, "export", str(tmp_path / "out"))
    assert [(tmp_path / f"out/Sea/0{n}.jpg").read_bytes() for n in (0, 1)] == [jpeg(0), jpeg(1)]
    assert "unlinked" in bridge(home, "unlink")
    assert [path.name for path in home.rglob("*") if path.is_file()] == ["lock"]
    assert "no account" in bridge(home, "ls", ok=1)


async def test_a_link_for_reading(url: str, tmp_path: Path) -> None:
    home = tmp_path / "bridge"
    assert "for reading only" in bridge(home, "link", url, EMAIL, "--read-only")
    assert "reading only" in bridge(home, "import", str(pictures(tmp_path / "in", 1)), ok=1)
    assert "0 photos" in bridge(home, "status")


async def test_a_wrong_password_and_a_server_that_is_away(url: str, running: RunningServer, tmp_path: Path) -> None:
    home = tmp_path / "bridge"
    environment = os.environ | {"DARKROOM_BRIDGE_DIR": str(home), "DARKROOM_BRIDGE_PASSWORD": "wrong"}
    done = subprocess.run([PROGRAM, "bridge", "link", url, EMAIL], env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (1, "darkroom bridge: wrong password\n")
    bridge(home, "link", url, EMAIL)
    running.stop()
    try:
        assert "not up to date" in bridge(home, "status", ok=1)
    finally:
        running.restart()


async def test_killed_in_an_import_it_goes_on_and_nothing_is_there_twice(url: str, tmp_path: Path) -> None:
    home, source = tmp_path / "bridge", pictures(tmp_path / "in", 12)
    bridge(home, "link", url, EMAIL)
    environment = os.environ | {"DARKROOM_BRIDGE_DIR": str(home)}
    for patience in (0.2, 0.35, 0.5):
        process = subprocess.Popen([PROGRAM, "bridge", "import", str(source)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        journal = home / "uploads.sqlite-wal"
        deadline = time.monotonic() + 30
        before = journal.stat().st_size if journal.exists() else 0
        while process.poll() is None and time.monotonic() < deadline and not (journal.exists() and journal.stat().st_size > before):
            time.sleep(0.005)
        time.sleep(patience)
        process.send_signal(signal.SIGKILL)
        process.wait()
    bridge(home, "import", str(source))
    assert "12 photos" in bridge(home, "status")
    assert "0 uploads wait" in bridge(home, "status")
    bridge(home, "export", str(tmp_path / "out"))
    assert [(tmp_path / f"out/Sea/{n:02}.jpg").read_bytes() for n in range(12)] == [jpeg(n) for n in range(12)]
    assert len(list((tmp_path / "out").rglob("*.jpg"))) == 12


def test_without_its_extra_it_says_what_to_install(tmp_path: Path) -> None:
    code = "import sys; sys.modules['httpx'] = None; from app.cli.main import main; sys.exit(main(['bridge', 'status']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "darkroom[bridge]" in done.stderr
