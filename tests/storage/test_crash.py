"""Killed at every step, the folder store holds the whole object or none, goes on working, and sweeps what is left."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from storage_backends import FilesystemStore, SqliteStore

from .bodies import ALICE, keys, put, read
from .crash_child import GROUP, LARGE, OTHER, SMALL

OUTCOMES: dict[str, tuple[bytes | None, bytes | None]] = {
    "put_small": (None, SMALL),
    "put_large": (None, LARGE),
    "replace": (SMALL, OTHER),
    "multipart": (None, LARGE + SMALL),
    "resend": (None, SMALL),
    "delete": (SMALL, None),
}


@pytest.mark.parametrize("story", OUTCOMES)
async def test_killed_at_every_step(tmp_path: Path, story: str) -> None:
    command = [sys.executable, "-m", "tests.storage.crash_child", story, str(tmp_path)]
    child = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    steps = int(child.stdout)
    assert steps > 2
    before, after = OUTCOMES[story]
    seen = set()
    for step in range(steps):
        root = tmp_path / str(step)
        acknowledged = (root / "acknowledged").exists()
        assert acknowledged == (step == steps - 1)
        store = FilesystemStore("fs", root)
        held = await read(store, ALICE) if await store.head(ALICE) else None
        assert held == after if acknowledged else held in (before, after)
        seen.add(held)
        assert await keys(store) == ([] if held is None else [ALICE])
        await store.sweep(1 << 62)
        assert [path.name for path in (root / "tmp").rglob("*")] == ["mp"]
        assert (await read(store, ALICE) if held is not None else None) == held
        await store.delete(ALICE)
        await put(store, ALICE, SMALL)
        await store.close()
    assert seen == {before, after}


@pytest.mark.parametrize("story", [*OUTCOMES, "group"])
async def test_the_sqlite_store_killed_at_every_point_of_a_group(tmp_path: Path, story: str) -> None:
    command = [sys.executable, "-m", "tests.storage.crash_child", story, str(tmp_path), "sqlite"]
    child = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    steps = int(child.stdout)
    assert steps > 3
    before, after = OUTCOMES.get(story, (None, SMALL))
    seen = set()
    for step in range(steps):
        root = tmp_path / str(step)
        acknowledged = (root / "acknowledged").exists()
        assert acknowledged == (step == steps - 1)
        store = SqliteStore("small", root)
        held = await read(store, ALICE) if await store.head(ALICE) else None
        assert held == after if acknowledged else held in (before, after)
        if story == "group":  # all of a group or nothing of it, wherever it was cut
            assert len({await store.head(key) is None for key in [ALICE, *GROUP]}) == 1 or not acknowledged
        seen.add(held)
        await store.sweep_temporary()
        await store.sweep(1 << 62)
        staged = await store._file.read(lambda db: db.execute("SELECT COUNT(*) FROM objects WHERE key IS NULL").fetchone()[0])
        lost = await store._file.read(
            lambda db: db.execute("SELECT COUNT(*) FROM blocks WHERE id >> 20 NOT IN (SELECT id FROM objects)").fetchone()[0]
        )
        assert (staged, lost) == (0, 0)
        assert (await read(store, ALICE) if held is not None else None) == held
        await store.delete(ALICE)
        await put(store, ALICE, SMALL)
        await store.close()
    assert seen == {before, after}
