"""An upgrade, and the way back from it: what `upgrade-check` says, whom a newer database turns away, and a restore by the older version."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.cli import build, upgrade_check
from app.cli.main import main
from app.db import migrate, upgrade
from app.db.copying.tables import Refused
from app.kernel.config import Config, Database, Storage
from app.kernel.config_sources import ConfigError
from app.maintenance import backup, places, restore
from app.storage import entry as storage
from tests.engines import drop_postgres, empty_postgres

KNOWN = migrate.migrations()
NEWER = (KNOWN[-1][0] + 1, "of_tomorrow", "-- A note.\nCREATE TABLE tomorrow (id TEXT PRIMARY KEY);\nALTER TABLE users ADD COLUMN tomorrow TEXT;\n")


def older(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "migrations", lambda: KNOWN)


def newer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "migrations", lambda: [*KNOWN, NEWER])


def configured(engine: str, data: Path, urls: list[str]) -> Config:
    made = Config(data_dir=data, storage=(Storage(kind="filesystem"),))
    if engine == "sqlite":
        return made
    urls.append(empty_postgres())
    return made.model_copy(update={"database": Database(url=urls[-1])})  # type: ignore[arg-type]  # pydantic makes a secret of it


async def accounts(config: Config, *, add: str = "") -> int:
    """How many there are, as a server of the version in force sees it."""
    async with build.started(config) as kernel:
        await build.check_parts(kernel)
        if add:
            from app.admin import service

            await service.add_account(kernel, "test", add)
        assert (await storage.status(kernel))["stores"][0]["health"] == "ok"
        return int(await kernel.db.read(lambda tx: tx.value("SELECT COUNT(*) FROM users")))


async def test_back_by_restoring(engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    urls: list[str] = []
    folder, live = tmp_path / "backups", tmp_path / "live"
    try:
        config = configured(engine, live, urls)
        older(monkeypatch)
        assert await accounts(config, add="alice@example.org") == 1
        async with build.started(config) as kernel:
            assert (await backup.take(kernel, folder)).plain()["ok"]
        newer(monkeypatch)
        found = await asyncio.to_thread(upgrade_check.look, config, folder, 24, rehearse=engine == "sqlite")
        assert found["problems"] == []
        (step,) = found["steps"]
        assert (step["number"], step["makes"], step["changes"]) == (NEWER[0], ("tomorrow",), (("users", 1),))
        assert (found["seconds"] is None) == (engine == "postgres")
        assert "changes users (1 rows)" in "\n".join(upgrade_check.said(found))
        assert await accounts(config, add="bob@example.org") == 2
        older(monkeypatch)
        with pytest.raises(ConfigError, match=r"schema \d+, this Darkroom knows \d+: use a newer Darkroom$"):
            await accounts(config)
        again = configured(engine, tmp_path / "again", urls)
        (tmp_path / "again").mkdir(mode=0o700)
        async with places.opened(folder) as place:
            target = restore.Target(tmp_path / "again", build.open_stores(again, tmp_path / "again"), urls[-1] if urls else None)
            await restore.restore(place, None, target)
        assert await accounts(again) == 1
    finally:
        for url in urls:
            drop_postgres(url)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with a database of this version; the next one is being installed."""
    older(monkeypatch)
    folder = tmp_path / "data"
    asyncio.run(accounts(Config(data_dir=folder)))
    newer(monkeypatch)
    return folder


def asked(capsys: pytest.CaptureFixture[str], data: Path, *args: str) -> tuple[int, Any]:
    status = main(["upgrade-check", "--data-dir", str(data), "--json", *args])
    out, err = capsys.readouterr()
    return status, json.loads(out) if out else err


def test_there_must_be_a_backup_and_a_recent_one(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, found = asked(capsys, data)
    assert (status, len(found["problems"])) == (3, 1)
    status, found = asked(capsys, data, "--backup", str(tmp_path / "none"))
    assert (status, found["backup"]) == (3, None)
    assert "no complete backup" in found["problems"][0]
    with monkeypatch.context() as m:
        older(m)  # the version that is there makes it: a newer one would change the database
        assert main(["backup", str(tmp_path / "old"), "--data-dir", str(data), "--no-secrets"]) == 0
    capsys.readouterr()
    status, found = asked(capsys, data, "--backup", str(tmp_path / "old"), "--hours", "-1")
    assert status == 3
    assert [word in " ".join(found["problems"]) for word in ("hours old", "secrets.toml")] == [True] * 2


def test_nothing_to_do_needs_no_backup(data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    older(monkeypatch)
    status, found = asked(capsys, data)
    assert (status, found["steps"], found["problems"]) == (0, [], [])
    assert main(["upgrade-check", "--data-dir", str(data)]) == 0
    assert capsys.readouterr().out.startswith(f"darkroom 0.1.0 takes the database as it is (schema {KNOWN[-1][0]})\n")


@pytest.mark.parametrize("command", [("upgrade-check",), ("user", "list"), ("serve", "--port", "1")])
def test_a_newer_database_is_refused_in_one_line(
    command: tuple[str, ...], data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(accounts(Config(data_dir=data)))
    older(monkeypatch)
    monkeypatch.setattr("app.cli.serve.check_port", lambda _: "127.0.0.1")
    assert main([*command, "--data-dir", str(data)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith("darkroom: data_dir: ")
    assert "use a newer Darkroom" in said


def test_a_rehearsal_leaves_nothing_and_changes_nothing(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(os.listdir(data))
    status, found = asked(capsys, data, "--rehearse")
    assert status == 3
    assert found["seconds"] >= 0
    shared = {"darkroom.db-shm", "darkroom.db-wal"}  # which whoever reads makes, too
    assert [name for name in sorted(os.listdir(data)) if name not in shared] == before
    with closing(sqlite3.connect(data / "darkroom.db")) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == KNOWN[-1][0]


def test_a_rehearsal_says_what_would_go_wrong(data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    broken = (NEWER[0], "broken", "ALTER TABLE nowhere ADD COLUMN x TEXT;\n")
    monkeypatch.setattr(migrate, "migrations", lambda: [*KNOWN, broken])
    status, found = asked(capsys, data, "--rehearse")
    assert status == 3
    assert "nothing was changed: " in found["problems"][-1]
    full = shutil.disk_usage(data)._replace(free=0)
    monkeypatch.setattr("app.cli.upgrade_check.shutil.disk_usage", lambda _: full)
    assert "free disk" in asked(capsys, data, "--rehearse")[1]["problems"][-1]


def test_no_database_at_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, said = asked(capsys, tmp_path)
    assert (status, said.startswith("darkroom: data_dir: no database in ")) == (2, True)
    with pytest.raises(Refused):
        upgrade.plan(f"sqlite:///{tmp_path}/none.db")
