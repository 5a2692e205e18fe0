"""Runs the load generator: writes its request file, starts it, reads its figures and the answers it saved.

The generator is loadgen.c, compiled with `cc` into bench/out/ when first needed; without a C compiler loadgen.py stands in.
"""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.http1 import BenchError, split_url

HERE = Path(__file__).parent
OUT = HERE / "out"


@dataclass(slots=True)
class Request:
    """Bytes to send, then (by index) one of the shared bodies."""

    head: bytes
    body: int = -1


@dataclass(slots=True)
class Saved:
    list: int
    index: int
    status: int
    head: bytes
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.decode("latin-1").lower() == name:
                return value.strip().decode("latin-1")
        return None


@dataclass(slots=True)
class Plan:
    """What to send and for how long. Requests of list i go to the connections i, i + lists, …"""

    lists: Sequence[Sequence[Request]]
    bodies: Sequence[bytes] = ()
    connections: int = 1
    seconds: float = 0.0
    warmup: float = 0.0
    count: int = 0
    once: bool = False
    follow: bool = False
    save: bool = False

    def options(self) -> list[str]:
        out = ["--connections", str(self.connections)]
        for name, value in (("--seconds", self.seconds), ("--warmup", self.warmup), ("--count", self.count)):
            if value:
                out += [name, str(value)]
        return out + [f"--{name}" for name in ("once", "follow") if getattr(self, name)]


@dataclass(slots=True)
class Figures:
    """One run's result. Rates are requests per second, latencies milliseconds."""

    requests: int
    seconds: float
    rps: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: float
    bytes_in: int
    bytes_out: int
    cpu_s: float
    io_errors: int
    status: dict[str, int]
    generator: str = ""
    issued: int = 0
    """Everything that was sent, the warm-up included."""
    server_cpu_s: float | None = None
    reconnects: int = 0
    saved: list[Saved] = field(default_factory=list)

    @property
    def failed(self) -> int:
        """Requests without a 2xx or 3xx answer."""
        return self.io_errors + sum(n for s, n in self.status.items() if s[0] not in "23")

    @property
    def cpu_ms(self) -> float | None:
        """The server's CPU time for one request, where the server is ours."""
        return self.server_cpu_s * 1e3 / self.issued if self.server_cpu_s and self.issued else None

    def plain(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__ if name != "saved"}


class Generator:
    """Knows which of the two programs to run."""

    def __init__(self) -> None:
        self.command, self.name = _prepare()
        self.cpu_of: dict[str, Callable[[], float]] = {}
        """Origin -> how to read the CPU seconds that the server there has used."""

    def run(self, origin: str, plan: Plan) -> Figures:
        """Sends the plan to origin ("http://host:port"); raises BenchError when the generator itself fails."""
        host, port = split_url(origin)[0].rsplit(":", 1)
        OUT.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=OUT) as folder:
            requests, answers = Path(folder) / "requests", Path(folder) / "answers"
            write_requests(requests, plan)
            command = [*self.command, host, port, str(requests), *plan.options()]
            if plan.save:
                command += ["--save", str(answers)]
            cpu = self.cpu_of.get(origin)
            before = cpu() if cpu else 0.0
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
            if done.returncode:
                raise BenchError(f"load generator: {done.stderr.strip() or done.returncode}")
            figures = Figures(**json.loads(done.stdout))
            figures.server_cpu_s = cpu() - before if cpu else None
            if plan.save:
                figures.saved = list(_read_answers(answers))
        return figures


def _prepare() -> tuple[list[str], str]:
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    python = [sys.executable, str(HERE / "loadgen.py")]
    if not compiler:
        print("no C compiler (cc): using the Python load generator, which costs more of the machine; its CPU time is in the JSON")
        return python, "python"
    OUT.mkdir(exist_ok=True)
    source, binary = HERE / "loadgen.c", OUT / "loadgen"
    if not binary.exists() or binary.stat().st_mtime < source.stat().st_mtime:
        built = subprocess.run([compiler, "-O2", "-o", str(binary), str(source)], capture_output=True, text=True, check=False)
        if built.returncode:
            print(f"loadgen.c does not compile here, using the Python load generator: {built.stderr.strip()[:300]}")
            return python, "python"
    return [str(binary)], "c"


def write_requests(path: Path, plan: Plan) -> None:
    """The format that the top of loadgen.c describes."""
    with path.open("wb") as f:
        f.write(b"DRLG" + struct.pack("<I", len(plan.bodies)))
        for body in plan.bodies:
            f.write(struct.pack("<I", len(body)))
            f.write(body)
        f.write(struct.pack("<I", len(plan.lists)))
        for requests in plan.lists:
            f.write(struct.pack("<I", len(requests)))
            for r in requests:
                f.write(struct.pack("<Ii", len(r.head), r.body))
                f.write(r.head)


def _read_answers(path: Path) -> Iterator[Saved]:
    data = path.read_bytes()
    at = 0
    while at < len(data):
        which, index, head_length, body_length = struct.unpack_from("<IIII", data, at)
        at += 16
        head = data[at : at + head_length]
        at += head_length
        yield Saved(which, index, int(head[9:12]), head, data[at : at + body_length])
        at += body_length
