"""`darkroom` as a process: run to its end, or serving until the test stops it."""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAM = Path(sys.executable).parent / "darkroom"
SECONDS = 60.0  # a bound on hanging, not an expectation: the machine may be busy
BANNER_ENDS = "first code"  # the last line of every banner, unless there are dangers, which are printed with it in one write


def environment(**more: str) -> dict[str, str]:
    """This process's, without anybody's DARKROOM_ settings but those given."""
    return {k: v for k, v in os.environ.items() if not k.startswith("DARKROOM_")} | more


def darkroom(*args: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run([PROGRAM, *args], cwd=cwd, env=environment(**env), capture_output=True, text=True, timeout=SECONDS, check=False)


def free_port() -> int:
    """A port nobody listens on, below those the kernel gives to connections: one of them could be taken before the server is up."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass
class Serving:
    """A `darkroom serve` that answers. Both outputs go to `log`."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def get(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def answers(self) -> bool:
        try:
            return self.get("/ping")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def says(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """The exit status after this signal."""
        self.process.send_signal(number)
        return self.process.wait(SECONDS)


@contextmanager
def serving(cwd: Path, *args: str, program: Sequence[str | Path] = (PROGRAM,), **env: str) -> Iterator[Serving]:
    """A server on a free port with its data in cwd/darkroom-data unless told otherwise; killed at the end if it still runs.

    It answers a moment before it has printed its banner, so both are waited for."""
    port, log = free_port(), cwd / "serve.log"
    with log.open("ab") as out:
        before = out.tell()
        command = [*program, "serve", "--port", str(port), *args]
        process = subprocess.Popen(command, cwd=cwd, env=environment(**env), stdout=out, stderr=subprocess.STDOUT)
    server = Serving(process, port, log)
    try:
        until = time.monotonic() + SECONDS
        while BANNER_ENDS not in server.says()[before:] or not server.answers():
            assert process.poll() is None, f"ended with {process.returncode}: {server.says()}"
            assert time.monotonic() < until, f"no answer: {server.says()}"
            time.sleep(0.02)
        yield server
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
