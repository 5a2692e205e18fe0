"""Killed wherever a name is given or taken, a backup is whole or is none, and a restore goes on."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from app.cli import build
from app.kernel.clock import ManualClock
from app.kernel.config import Config
from app.kernel.config_sources import ConfigError
from app.maintenance import backup, fsck, places, restore, vault, verify
from storage_backends import FilesystemStore
from tests.maintenance.crash_child import STRIDE


def play(story: str, root: Path) -> int:
    command = [sys.executable, "-m", "tests.maintenance.crash_child", story, str(root)]
    child = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    steps = int(child.stdout.splitlines()[-1])
    assert steps > 8, child.stderr
    return steps


async def test_a_backup_killed_at_every_step(tmp_path: Path) -> None:
    steps = play("backup", tmp_path)
    for step in range(0, steps, STRIDE):
        root = tmp_path / str(step)
        names = vault.Vault(root / "backups").names()
        assert len(names) == 1 or not (root / "acknowledged").exists()
        async with build.started(Config(data_dir=root / "live")) as kernel:
            await backup.take(replace(kernel, clock=ManualClock()), root / "backups")
        async with places.opened(root / "backups") as place:
            assert (await verify.verify(place)).faults == []
            assert len(await place.names()) == len(names) + 1
        assert not list((root / "backups" / "snapshots").glob(".*"))


async def test_a_restore_killed_at_every_step(tmp_path: Path) -> None:
    steps = play("restore", tmp_path)
    for step in range(0, steps, STRIDE):
        root = tmp_path / str(step)
        data = root / "new"
        config = Config(data_dir=data)
        if not (root / "acknowledged").exists():
            if (data / ".restoring").exists():
                with pytest.raises(ConfigError, match="half restored"):  # nobody signs up to one by mistake
                    await _start(config)
            else:
                assert not (data / "darkroom.db").exists()
            store = FilesystemStore("main", data)
            async with places.opened(root / "ready") as place:
                await restore.restore(place, None, restore.Target(data, {"main": store}))
            await store.close()
        await _start(config)


async def _start(config: Config) -> None:
    async with build.started(config) as kernel:
        await build.check_parts(kernel)
        report = await fsck.check(kernel)
        assert (report.ok, report.objects) == (True, 2)
