"""The pages of stores, backups and growth."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.admin import chart, growth
from app.admin.growth import Day
from app.kernel.clock import DAY, HOUR
from app.kernel.config import Backup, Config, Storage
from app.kernel.jobs import Job, run_leased
from app.maintenance import backup, schedule
from tests.admin.browser import Browser
from tests.admin.test_pages import acts
from tests.inprocess import World, open_world


@pytest.fixture
async def two_stores(engine: str, tmp_path: Path) -> AsyncIterator[World]:
    stores = (Storage(name="main", kind="memory"), Storage(name="second", kind="memory"))
    config = Config(data_dir=tmp_path, storage=stores, backup=Backup(dir=str(tmp_path / "backups"), every_hours=24))
    async with open_world(engine, tmp_path, config=config) as w:
        yield w


async def test_stores(two_stores: World) -> None:
    browser = Browser(two_stores)
    await browser.log_in()
    seen = await browser.get("/admin/storage")
    assert ">main<" in seen
    assert ">second<" in seen
    got = await browser.send(seen, "/admin/storage/verify", expect=200)
    assert b"verify main: begun" in got.content
    got = await browser.send(seen, "/admin/storage/drain", expect=400, name="mian")
    assert b"no [[storage]] is named mian" in got.content
    got = await browser.send(seen, "/admin/storage/drain", expect=200, name="second")
    assert b"store second is being drained" in got.content
    again = await browser.get("/admin/storage")
    assert "Take into use again" in again
    await browser.send(again, "/admin/storage/add", expect=200, name="second")
    await browser.post("/admin/storage/verify", {"name": "main"}, expect=403)
    await browser.send(seen.replace("/admin/storage/retire", "/admin/storage/erase"), "/admin/storage/erase", expect=400, name="main")
    assert await acts(two_stores) == ["page.enter", "storage.verify", "storage.drain", "storage.add"]


async def test_backups(two_stores: World) -> None:
    browser = Browser(two_stores)
    await browser.log_in()
    seen = await browser.get("/admin/backups")
    assert "The newest is of never" in seen
    assert "too old" in seen
    kernel = two_stores.kernel
    assert kernel.config.backup.dir is not None
    await two_stores.person("alice")
    report = await backup.take(kernel, kernel.config.backup.dir, secrets=False)
    seen = await browser.get("/admin/backups")
    assert report.name in seen
    assert "too old" not in seen
    two_stores.clock.advance(26 * HOUR)
    await browser.log_in()
    assert "too old" in await browser.get("/admin/backups")


async def test_a_backup_that_failed_is_seen(two_stores: World) -> None:
    kernel = two_stores.kernel
    assert kernel.config.backup.dir is not None
    Path(kernel.config.backup.dir).write_text("a file in the place of the folder")
    await run_leased(kernel, Job("backup.scheduled", 600, schedule.run), "me")
    browser = Browser(two_stores)
    await browser.log_in()
    assert "The last try failed (Unfit)" in await browser.get("/admin/backups")


async def test_without_backups(world: World) -> None:
    browser = Browser(world)
    await browser.log_in()
    assert "makes no backups by itself" in await browser.get("/admin/backups")


async def test_growth(world: World) -> None:
    browser = Browser(world)
    await browser.log_in()
    await growth.note(world.kernel)
    assert "begins with the second day" in await browser.get("/admin")
    world.clock.advance(DAY)
    for _ in range(2):
        await world.person("alice")
        await growth.note(world.kernel)
    assert [d.accounts for d in await growth.last(world.kernel)] == [0, 2]
    await browser.log_in()
    assert '<svg viewBox="0 0 640 160" class="chart"' in await browser.get("/admin")
    world.clock.advance(growth.KEPT * DAY)
    await growth.note(world.kernel)
    assert [d.accounts for d in await growth.last(world.kernel)] == [2]


def test_the_line_stays_in_its_picture() -> None:
    made = chart.growth([Day(0, 1, 0, 0), Day(5, 1, 1 << 40, 3), Day(9, 1, 1 << 30, 2)])
    assert 'points="4.0,156.0 355.1,4.0 636.0,155.9"' in made
    assert chart.growth([Day(0, 1, 0, 0), Day(1, 1, 0, 0)]).count("156.0") == 2, "nothing stored divides by nothing"
