"""Immich's own command-line client, `@immich/cli` 3.2.2 under Node 22, against a bridge and a server as processes.

What it put in is read back by another client of the account, byte for byte. Both programs come from npm; without npm, or without its registry, the
test says so and is skipped.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from bridge.client import download
from bridge.client.connection import Connection
from bridge.client.login import log_in
from tests.bridge.client.scene import Reading
from tests.bridge.library.pictures import jpeg
from tests.bridge.people import PASSWORD, SILENT, join
from tests.cli.command import free_port
from tests.wire.process import PROGRAM, RunningServer, start_server

pytestmark = pytest.mark.slow
EMAIL = "alice@example.org"
MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """How the client is started. The package `node` only brings the one of its platform, by a script that newer npms do not run."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not there, which brings Node and @immich/cli")
    node = f"node-{sys.platform}-{MACHINES.get(platform.machine().lower(), 'x64')}"
    folder = tmp_path_factory.mktemp("npm")
    command = [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--ignore-scripts", f"{node}@22", "@immich/cli@3.2.2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        pytest.skip(f"npm did not bring Node and @immich/cli: {done.stderr.strip().splitlines()[-1:]}")
    return [str(folder / "node_modules" / node / "bin/node"), str(folder / "node_modules/@immich/cli/bin/immich")]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    (tmp_path / "server").mkdir()
    made = start_server(tmp_path / "server")
    yield made
    made.stop()


class Tool(Protocol):
    def __call__(self, *args: str) -> str: ...


@pytest.fixture
def bridge(server: RunningServer, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Address and key of a bridge that serves the account."""
    environment = os.environ | {"DARKROOM_BRIDGE_DIR": str(tmp_path / "bridge"), "DARKROOM_BRIDGE_PASSWORD": PASSWORD}

    def run(*args: str) -> str:
        done = subprocess.run([PROGRAM, "bridge", *args], env=environment, capture_output=True, text=True, timeout=120, check=True)
        return done.stdout.strip()

    run("link", server.url, EMAIL)
    key, port = run("key", "add", "cli"), free_port()
    process = subprocess.Popen([PROGRAM, "bridge", "serve", "--port", str(port)], env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        assert f"127.0.0.1:{port}" in process.stdout.readline()
        yield f"http://127.0.0.1:{port}", key
    finally:
        process.terminate()
        assert process.wait(20) == 0
        process.stdout.close()


@pytest.fixture
async def account(server: RunningServer) -> None:
    async with Connection(server.url) as connection:
        await join(connection, EMAIL)


@pytest.fixture
def immich(program: list[str], account: None, bridge: tuple[str, str], tmp_path: Path) -> Tool:
    """The client, logged in."""

    def run(*args: str) -> str:
        command = [*program, "-d", str(tmp_path / "config"), *args]
        done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    run("login", *bridge)
    return run


async def contents(url: str) -> dict[str, tuple[set[str], str]]:
    """Name → albums and SHA-256, as a client sees them that has never been here."""
    async with Connection(url) as connection:
        reading = Reading(connection, await log_in(connection, EMAIL, PASSWORD, SILENT))
        found: dict[str, tuple[set[str], str]] = {}
        for file in await reading.pull():
            whole = hashlib.sha256(b"".join([part async for part in download.content(connection, file)])).hexdigest()
            found.setdefault(file.title, (set(), whole))[0].add(reading.album(file.album_id).name)
        return found


async def test_a_folder_and_again(server: RunningServer, immich: Tool, tmp_path: Path) -> None:
    source = tmp_path / "in"
    pictures = {}
    for number in range(7):
        path = source / ("Sea" if number % 2 else "Hills") / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(number))
        pictures[path.name] = ({path.parent.name}, hashlib.sha256(jpeg(number)).hexdigest())
    (source / "Sea/note.txt").write_text("no picture")
    assert "Successfully uploaded 7 new assets" in immich("upload", "--recursive", "--album", str(source))
    assert await contents(server.url) == pictures
    again = immich("upload", "--recursive", "--album", str(source))
    assert "already uploaded, nothing to do" in again
    assert "Successfully uploaded" not in again
    blindly = immich("upload", "--recursive", "--skip-hash", str(source))  # the bridge knows them
    assert "nothing to do" not in blindly
    assert await contents(server.url) == pictures
    assert "3.3.5" in immich("server-info")
