"""The rounds that keep a library up to date."""

from __future__ import annotations

import asyncio
import io

import httpx
import pytest

from bridge.client.errors import Unreachable
from bridge.library.library import New
from bridge.serving.keeper import Keeper
from tests.bridge.conftest import Open, Server, Someone
from tests.bridge.library.pictures import jpeg


async def test_it_works(server: Server, opened: Open) -> None:
    library, phone = opened(), opened("phone")
    await phone.put(io.BytesIO(jpeg()), New("a.jpg"), await phone.album_named("A"))
    keeper = Keeper(library, every=3600)
    seen = asyncio.Event()
    take = library.apply

    def taken(batch: object) -> None:
        take(batch)  # type: ignore[arg-type]
        if library.photos:
            seen.set()

    library.apply = taken  # type: ignore[method-assign,assignment]
    async with keeper.running():
        await asyncio.wait_for(seen.wait(), 30)
    assert list(library.photos) == list(phone.photos)


async def test_what_waits_is_sent_when_the_server_is_back(server: Server, opened: Open) -> None:
    library = opened()
    album = await library.album_named("A")
    server.transport.down = True
    with pytest.raises(Unreachable):
        await library.put(io.BytesIO(jpeg()), New("a.jpg"), album)
    keeper = Keeper(library, every=3600)
    await keeper.round()
    assert keeper.problem
    server.transport.down = False
    await keeper.round()
    assert (keeper.problem, len(library.photos), library.queue.waiting()) == ("", 1, [])


async def test_a_session_that_was_ended(alice: Someone, opened: Open) -> None:
    library = opened()
    await alice.connection.post("/users/logout")
    keeper = Keeper(library, every=3600)
    await keeper.round()
    assert (keeper.linked, "link the account again" in keeper.problem) == (False, True)


async def test_many_syncs_at_once_are_one(server: Server, opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    library = opened()
    before = server.transport.asked("GET", "/collections/v2")
    await asyncio.gather(*(library.sync() for _ in range(10)))
    assert server.transport.asked("GET", "/collections/v2") - before <= 2
    real = server.transport.handle_async_request

    async def broken(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("cut", request=request)

    monkeypatch.setattr(server.transport, "handle_async_request", broken)
    results = await asyncio.gather(*(library.sync() for _ in range(3)), return_exceptions=True)
    assert all(isinstance(result, Unreachable) for result in results)
    monkeypatch.setattr(server.transport, "handle_async_request", real)
    await library.sync()
