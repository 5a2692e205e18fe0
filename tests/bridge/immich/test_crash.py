"""`kill -9` at every labelled step of an upload (`bridge.client.steps`): what was answered is there afterwards, and nothing is there twice.

The disk as it is at that moment is copied, everything after it is undone for the process that "starts again" on the copy, and the tool sends the same
once more, as tools do.
"""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import pytest

from bridge.client import steps, stream, upload
from bridge.client.shapes import LIVE_PHOTO
from bridge.config import Options
from tests.bridge.conftest import Open, Recorder, Serve, Server, Tool
from tests.bridge.immich.test_uploads import VIDEO, content, send
from tests.bridge.library.pictures import jpeg


class Killed(BaseException):
    """Nothing handles it, and what is cleaned up on its way is in the folder that nobody opens again."""


@dataclass
class Killer:
    """Ends it at step number `at`, counted from 1; 0: never."""

    transport: Recorder
    folder: Path
    copy: Path
    at: int
    only: tuple[str, ...] = ()
    passed: list[str] = field(default_factory=list)

    def __call__(self, step: steps.Step) -> None:
        if self.only and step not in self.only:
            return
        self.passed.append(step)
        if len(self.passed) == self.at:
            shutil.copytree(self.folder, self.copy, ignore=shutil.ignore_patterns("*-shm"))
            self.transport.down = True
            raise Killed(step)


@dataclass
class Scene:
    """`run(act)`: the same act again and again, each time with one more step behind it, until it comes to its end; then what is left of it is judged.
    Gives the steps it passed."""

    server: Server
    opened: Open
    serve: Serve
    folder: Path
    monkeypatch: pytest.MonkeyPatch
    options: Options = field(default_factory=Options)
    only: tuple[str, ...] = ()

    async def run(self, act: Callable[[Tool, int], Awaitable[str]], check: Callable[[Tool, int, str], Awaitable[None]]) -> list[str]:
        for at in range(1, 100):
            killer = Killer(self.server.transport, self.folder / f"run-{at}", self.folder / f"after-{at}", at, self.only)
            first = self.serve(self.opened(f"run-{at}"), options=self.options)
            await first.library.sync()
            await first.library.uncategorized()
            self.monkeypatch.setattr(steps, "reached", killer)
            answered = ""
            try:
                answered = await act(first, at)
                await first.bridge.keeper.round()
            except Killed:
                pass
            self.monkeypatch.undo()
            await first.library.close()
            self.server.transport.down = False
            again = self.serve(self.opened(f"after-{at}" if killer.copy.exists() else f"run-{at}"), options=self.options)
            await again.bridge.keeper.round()
            assert again.bridge.keeper.problem == "", killer.passed
            await check(again, at, answered)
            assert (again.library.queue.waiting(), list(again.library.queue.spool.iterdir())) == ([], []), killer.passed
            await again.library.close()
            if not killer.copy.exists():
                return killer.passed
        raise AssertionError("it never ends")


@pytest.fixture
def scene(server: Server, opened: Open, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    return Scene(server, opened, serve, tmp_path, monkeypatch)


async def picture(tool: Tool, number: int) -> str:
    answer = await send(tool, jpeg(number), f"{number}.jpg")
    assert answer.status_code in (200, 201), answer.text
    return str(answer.json()["id"])


@pytest.mark.parametrize("ack", ["spooled", pytest.param("stored", marks=pytest.mark.slow)])
async def test_killed_at_every_step_of_an_upload(scene: Scene, ack: str) -> None:
    scene.options = Options(ack=ack)

    async def check(tool: Tool, number: int, answered: str) -> None:
        if answered:
            assert await content(tool, answered) == jpeg(number)
        asset_id = await picture(tool, number)
        await tool.bridge.keeper.round()
        assert asset_id == (answered or asset_id)
        assert await content(tool, asset_id) == jpeg(number)
        assert (len(tool.library.photos), len(tool.library.trashed)) == (number, 0)

    passed = await scene.run(picture, check)
    assert set(get_args(steps.Step)) - set(passed) == {"part put", "parts joined", "replaced trashed"}
    assert passed.count("object put") == 2


async def test_killed_between_parts(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    part = 2 * stream.SEALED_CHUNK
    large = bytes(9_000_000)

    async def film(tool: Tool, number: int) -> str:
        for module in (stream, upload):
            monkeypatch.setattr(module, "PART", part)
        answer = await send(tool, large + bytes([number]), f"{number}.mp4")
        assert answer.status_code in (200, 201), answer.text
        return str(answer.json()["id"])

    async def check(tool: Tool, number: int, answered: str) -> None:
        assert len(tool.library.photos) == number, "the journal had it"
        asset_id = await film(tool, number)
        assert len(tool.library.photos) == number
        assert await content(tool, asset_id) == large + bytes([number])

    scene.only = ("part put", "parts joined")
    assert await scene.run(film, check) == ["part put", "part put", "parts joined"]


async def test_killed_while_a_live_photo_is_joined(scene: Scene) -> None:
    async def live(tool: Tool, number: int) -> str:
        reached, steps.reached = steps.reached, lambda _: None  # the video arrives in any case
        video = (await send(tool, VIDEO + bytes([number]), f"{number}.mov")).json()["id"]
        steps.reached = reached
        answer = await send(tool, jpeg(number), f"{number}.heic", livePhotoVideoId=video)
        assert answer.status_code in (200, 201), answer.text
        return str(answer.json()["id"])

    async def check(tool: Tool, number: int, answered: str) -> None:
        kinds = [photo.file.kind for photo in tool.library.photos.values()]
        before = kinds.count(LIVE_PHOTO)
        assert len(kinds) == number, "a video that is part of a live photo is nothing by itself"
        assert before == number or (not answered and before == number - 1)
        asset_id = await live(tool, number)
        assert asset_id == (answered or asset_id)
        assert [photo.file.kind for photo in tool.library.photos.values()] == [LIVE_PHOTO] * number
        assert len(tool.library.trashed) == number

    scene.only = ("journal written", "committed", "replaced trashed", "entry removed")
    assert await scene.run(live, check) == list(scene.only)


async def test_killed_while_two_assets_are_joined(scene: Scene) -> None:
    async def unite(tool: Tool, number: int) -> str:
        reached, steps.reached = steps.reached, lambda _: None
        video = (await send(tool, VIDEO + bytes([number]), f"{number}.mov")).json()["id"]
        still = (await send(tool, jpeg(number), f"{number}.heic")).json()["id"]
        steps.reached = reached
        answer = await tool.put(f"/api/assets/{still}", json={"livePhotoVideoId": video})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    async def check(tool: Tool, number: int, answered: str) -> None:
        assert [photo.file.kind for photo in tool.library.photos.values()] == [LIVE_PHOTO] * number
        assert len(tool.library.trashed) == number

    scene.only = ("journal written", "commit noted", "committed", "replaced trashed", "entry removed")
    assert await scene.run(unite, check) == list(scene.only)
