"""Home Assistant's own client library (aioimmich) in front of a bridge that listens on a socket."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from PIL import Image

from tests.bridge.conftest import Someone, Tool
from tests.bridge.immich.scene import FILM, Scene, scene
from tests.bridge.library.pictures import jpeg
from tests.bridge.library.test_people import teach

aiohttp = pytest.importorskip("aiohttp")
aioimmich = pytest.importorskip("aioimmich")


@pytest.fixture
async def session(tool: Tool) -> AsyncIterator[Any]:
    """HTTP over a Unix socket: no port is taken that somebody else wants."""
    from granian.constants import HTTPModes, Interfaces
    from granian.server.embed import Server

    with TemporaryDirectory(prefix="brg") as folder:  # paths of sockets are short
        path = Path(folder) / "s"
        server = Server(tool.app, uds=path, interface=Interfaces.ASGINL, http=HTTPModes.http1, websockets=False, log_enabled=False)
        serving = asyncio.ensure_future(server.serve())
        async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as made:
            while True:
                try:
                    await (await made.get("http://bridge/api/server/ping")).read()
                    break
                except aiohttp.ClientConnectorError:
                    assert not serving.done(), serving
                    await asyncio.sleep(0)
            yield made
        server.stop()
        await asyncio.wait((serving,))


@pytest.fixture
async def home(tool: Tool, session: Any) -> Any:
    made = aioimmich.Immich(session, tool.key, "bridge", 80, use_ssl=False)
    await made.async_setup()
    return made


async def test_the_tour(tool: Tool, home: Any, session: Any, alice: Someone, tmp_path: Path) -> None:
    made = await scene(tool.library)
    await _server(home)
    await _albums(home, made)
    await _search(home, made)
    await _people(tool, home, alice, made)
    await _media(tool, home, session, made)
    path = tmp_path / "new.jpg"
    path.write_bytes(jpeg(7))
    uploaded = await home.assets.async_upload_asset(str(path))
    assert uploaded.status == "created"
    assert (await home.assets.async_upload_asset(str(path))).asset_id == uploaded.asset_id
    (sea,) = await home.albums.async_filter_albums_by_name("sea")
    (added,) = await home.albums.async_add_assets_to_album(sea.album_id, [uploaded.asset_id])
    assert added.success


async def _server(home: Any) -> None:
    assert (await home.server.async_get_about_info()).version == "v3.3.5"
    assert (await home.server.async_get_version()).major == 3
    assert await home.server.async_get_version_check()
    assert (await home.server.async_get_storage_info()).disk_size_raw > 0
    assert (await home.server.async_get_server_statistics()).photos == 2
    assert (await home.users.async_get_my_user()).email == "alice@example.org"


async def _albums(home: Any, made: Scene) -> None:
    albums = {album.album_name: album for album in await home.albums.async_get_all_albums()}
    assert (sorted(albums), albums["Sea"].asset_count) == (["Films", "Sea"], 2)
    assert (await home.albums.async_get_album_info(albums["Sea"].album_id)).album_name == "Sea"
    found = await home.search.async_get_all_by_album_ids([albums["Sea"].album_id], page_size=1)
    assert [asset.asset_id for asset in found] == [made.ids["boat"], made.ids["sea"]]


async def _search(home: Any, made: Scene) -> None:
    everything = await home.search.async_get_all(page_size=2)
    assert [asset.asset_id for asset in everything] == [made.ids["boat"], made.ids["film"], made.ids["sea"]]
    assert [asset.original_file_name for asset in await home.search.async_get_all_favorites()] == ["sea.jpg"]
    tags = {tag.value: tag for tag in await home.tags.async_get_all_tags()}
    assert [asset.asset_id for asset in await home.search.async_get_all_by_tag_ids([tags["water/sea"].tag_id])] == [made.ids["sea"]]
    with pytest.raises(aioimmich.exceptions.ImmichError):
        await home.search.async_smart_search("a dog")


async def _people(tool: Tool, home: Any, alice: Someone, made: Scene) -> None:
    face = f"{made.numbers['sea']}_25000_25000_50000_50000"
    await teach(alice.connection, alice.keys.master_key, [{"name": "Carol", "assigned": [{"id": "c", "faces": [face]}], "isHidden": False}])
    await tool.library.sync()
    (carol,) = await home.people.async_get_all_people()
    assert (carol.name, await home.people.async_get_people_count()) == ("Carol", 1)
    assert (await home.people.async_get_person_by_id(carol.person_id)).name == "Carol"
    assert [person.name for person in await home.search.async_search_persons("car")] == ["Carol"]
    assert (await home.people.async_get_person_thumbnail(carol.person_id))[:2] == b"\xff\xd8"
    assert [asset.asset_id for asset in await home.search.async_get_all_by_person_ids([carol.person_id])] == [made.ids["sea"]]


async def _media(tool: Tool, home: Any, session: Any, made: Scene) -> None:
    small = await home.assets.async_view_asset(made.ids["sea"])
    assert Image.open(io.BytesIO(small)).format == "WEBP"
    assert Image.open(io.BytesIO(await home.assets.async_view_asset(made.ids["sea"], "preview"))).format == "JPEG"
    assert await home.assets.async_view_asset(made.ids["sea"], "fullsize") != small
    stream = await home.assets.async_play_video_stream(made.ids["film"])
    assert await stream.read() == FILM
    headers = {"x-api-key": tool.key, "Range": f"bytes={len(FILM) - 100}-"}
    async with session.get(f"http://bridge/api/assets/{made.ids['film']}/video/playback", headers=headers) as part:
        assert (part.status, await part.read()) == (206, FILM[-100:])


async def test_a_wrong_key(session: Any) -> None:
    stranger = aioimmich.Immich(session, "wrong", "bridge", 80, use_ssl=False)
    await stranger.async_setup()
    with pytest.raises(aioimmich.exceptions.ImmichUnauthorizedError):
        await stranger.albums.async_get_all_albums()
