"""Putting a kernel together from a configuration, and what stands in the way of it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from app.cli import admin, build, folder
from app.kernel import secrets_file
from app.kernel.clock import Ids
from app.kernel.config import Config, Storage
from app.kernel.config_sources import ConfigError


def config(data: Path) -> Config:
    return Config(data_dir=data)


async def with_an_account(data: Path) -> None:
    async with build.started(config(data)) as kernel:
        await admin.run(kernel, "add", {"email": "alice@example.org"})


async def test_what_was_written_is_read_with_the_same_secrets(tmp_path: Path) -> None:
    await with_an_account(tmp_path)
    async with build.started(config(tmp_path)) as kernel:
        (found,) = await admin.run(kernel, "users", {})
    assert found["email"] == "alice@example.org"


async def test_a_database_without_its_secrets_is_not_given_new_ones(tmp_path: Path) -> None:
    await with_an_account(tmp_path)
    (tmp_path / secrets_file.NAME).unlink()
    with pytest.raises(ConfigError, match=r"^data_dir: .*secrets\.toml is missing"):
        build.build_kernel(config(tmp_path))
    assert not (tmp_path / secrets_file.NAME).exists()


async def test_somebody_elses_secrets_are_noticed(tmp_path: Path) -> None:
    await with_an_account(tmp_path)
    (tmp_path / secrets_file.NAME).unlink()
    secrets_file.load_or_create(tmp_path, Ids(), data_exists=False)
    with pytest.raises(ConfigError, match=r"not the one this database was written with"):
        async with build.started(config(tmp_path)):
            pass


@pytest.mark.parametrize("text", ["", "encryption = 1\n", "not toml", 'encryption = "AAAA"\nhash = "AAAA"\njwt = "AAAA"\nurl = "AAAA"\n'])
def test_damaged_secrets_are_refused_and_kept(tmp_path: Path, text: str) -> None:
    file = tmp_path / secrets_file.NAME
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"^data_dir: .*secrets\.toml is damaged"):
        secrets_file.load_or_create(tmp_path, Ids(), data_exists=False)
    assert file.read_text() == text


def test_open_secrets_are_warned_about(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    made = secrets_file.load_or_create(tmp_path, Ids(), data_exists=False)
    file = tmp_path / secrets_file.NAME
    assert file.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.iterdir()] == [secrets_file.NAME]
    file.chmod(0o644)
    assert secrets_file.read(file) == made
    assert "chmod 600" in caplog.text
    assert repr(made) == "Secrets()"


async def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    await with_an_account(tmp_path)
    db = sqlite3.connect(tmp_path / folder.DATABASE)
    db.execute("PRAGMA user_version = 999")
    db.close()
    with pytest.raises(ConfigError, match=r"^data_dir: cannot open the database: .* schema 999"):
        async with build.started(config(tmp_path)):
            pass


def test_a_store_that_cannot_work_is_refused(tmp_path: Path) -> None:
    wrong = Config(data_dir=tmp_path, storage=(Storage(kind="s3"),))
    with pytest.raises(ConfigError, match=r"^storage: "):
        build.build_kernel(wrong)
    with pytest.raises(ConfigError, match=r"^storage: "):
        build.check_stores(wrong, tmp_path)


def test_the_lock_admits_one(tmp_path: Path) -> None:
    with folder.locked(tmp_path):
        with pytest.raises(folder.FolderInUse, match="in use by another darkroom"), folder.locked(tmp_path):
            pass
    with folder.locked(tmp_path):
        pass
