"""How the server stands: database, stores, disk, and what an operator should know. Each store is tried as requests do."""

from __future__ import annotations

import platform
import shutil
import sqlite3
from dataclasses import dataclass

from storage_backends import StoreError

from .. import __version__
from ..kernel.errors import AppError
from ..kernel.parts import Kernel
from . import service


@dataclass(frozen=True, slots=True)
class Store:
    name: str
    kind: str
    problem: str  # "": none
    free: int | None  # bytes


@dataclass(frozen=True, slots=True)
class State:
    database: str
    stores: list[Store]
    disk_used: int
    disk_total: int  # bytes; 0: unknown
    dangers: list[str]


async def look(kernel: Kernel) -> State:
    try:
        disk = shutil.disk_usage(kernel.config.data_dir)
        used, total = disk.total - disk.free, disk.total
    except OSError:
        used = total = 0
    return State(await _database(kernel), [await _store(kernel, name) for name in kernel.stores], used, total, _dangers(kernel))


async def _database(kernel: Kernel) -> str:
    try:
        await kernel.db.check()
    except AppError:
        return "does not answer"
    return kernel.db.engine


async def _store(kernel: Kernel, name: str) -> Store:
    store, problem, free = kernel.stores[name], "", None
    try:
        await store.check()
        free = await store.free_bytes()
    except (StoreError, OSError) as e:
        problem = type(e).__name__
    return Store(name, store.kind, problem, free)


def _dangers(kernel: Kernel) -> list[str]:
    config = kernel.config
    found = [f"otp.fixed is set: anybody can log in as any address ending in {suffix}." for suffix in config.otp.fixed]
    if not config.public_url:
        found.append("public_url is not set: links and uploads use whatever address a request names.")
    elif config.public_url.startswith("http://") and not config.public_url.startswith(("http://127.", "http://localhost", "http://[::1]")):
        found.append("public_url is not HTTPS: whoever is on the way can read sessions.")
    return found


async def report(kernel: Kernel) -> str:
    """A text for a bug report: figures, versions, kinds of errors; nothing of anybody, no address, no name of a store or folder."""
    state, totals, config = await look(kernel), await service.totals(kernel), kernel.config
    lines = [
        f"darkroom {__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}, SQLite {sqlite3.sqlite_version}",
        f"database: {state.database}; processes: {config.http.workers}; registration: {config.registration.mode}",
        f"public_url: {'https' if (config.public_url or '').startswith('https') else 'http' if config.public_url else 'not set'}; "
        f"trusted proxies: {len(config.http.trusted_proxies)}",
        f"disk: {state.disk_used} of {state.disk_total} bytes used",
        *(f"store {n}: {s.kind}, {s.problem or 'well'}, free {s.free}" for n, s in enumerate(state.stores, 1)),
        f"accounts {totals.accounts}, bytes {totals.bytes}, files {totals.files}",
        *(f"job {r.name}: ended {r.ended_at}, succeeded {r.succeeded_at}, {r.problem or 'well'}" for r in await service.job_runs(kernel)),
    ]
    return "\n".join(lines)
