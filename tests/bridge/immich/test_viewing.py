"""Thumbnails, originals and any part of a video."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from bridge.config import Options
from tests.bridge.conftest import Open, Serve, Server, Someone, Tool
from tests.bridge.immich.scene import FILM, scene
from tests.bridge.immich.test_assets import NOBODY
from tests.bridge.library.pictures import jpeg
from tests.bridge.library.test_contents import live


async def test_pictures(server: Server, immich: Tool) -> None:
    made = await scene(immich.library)
    path = f"/api/assets/{made.ids['sea']}/thumbnail"
    small = await immich.get(path)
    assert (small.status_code, small.headers["content-type"], Image.open(io.BytesIO(small.content)).size) == (200, "image/webp", (64, 48))
    large = await immich.get(path, params={"size": "preview", "edited": "true"})
    assert (large.headers["content-type"], Image.open(io.BytesIO(large.content)).size) == ("image/jpeg", (64, 48))
    whole = await immich.get(path, params={"size": "fullsize"})
    assert whole.content == jpeg(1, exif={0x010F: "Leica", 0x0110: "M6"})
    server.transport.down = True
    assert (await immich.get(path)).content == small.content
    assert (await immich.get(path, headers={"if-none-match": small.headers["etag"]})).status_code == 304
    assert (await immich.get(path, params={"size": "huge"})).status_code == 400


async def test_any_part_of_a_video(immich: Tool) -> None:
    made = await scene(immich.library)
    path = f"/api/assets/{made.ids['film']}/video/playback"
    whole = await immich.get(path)
    assert (whole.status_code, whole.content, whole.headers["content-type"], whole.headers["accept-ranges"]) == (200, FILM, "video/mp4", "bytes")
    for asked, first, last in (("bytes=0-9", 0, 9), ("bytes=4194300-4194400", 4194300, 4194400), ("bytes=-7", len(FILM) - 7, len(FILM) - 1)):
        part = await immich.get(path, headers={"range": asked})
        assert (part.status_code, part.content) == (206, FILM[first : last + 1])
        assert (part.headers["content-range"], part.headers["content-length"]) == (f"bytes {first}-{last}/{len(FILM)}", str(last + 1 - first))
    beyond = await immich.get(path, headers={"range": f"bytes={len(FILM)}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(FILM)}")
    changed = await immich.get(path, headers={"range": "bytes=0-9", "if-range": '"other"'})
    assert (changed.status_code, len(changed.content)) == (200, len(FILM))
    refused = await immich.get(f"/api/assets/{made.ids['sea']}/video/playback")
    assert (refused.status_code, refused.json()["message"]) == (404, "Asset not found or asset is not a video")


async def test_originals(immich: Tool) -> None:
    made = await scene(immich.library)
    answer = await immich.get(f"/api/assets/{made.ids['boat']}/original")
    assert (answer.content, answer.headers["content-type"]) == (jpeg(2), "image/jpeg")
    assert answer.headers["content-disposition"].startswith('attachment; filename="boat.jpg"')
    ids = made.ids
    await immich.library.trash([made.numbers["boat"]])
    assert (await immich.get(f"/api/assets/{ids['boat']}/original")).content == jpeg(2)


async def test_both_halves_of_a_live_photo(immich: Tool, alice: Someone, tmp_path: Path) -> None:
    number = await live(immich.library, alice, {"image.JPG": jpeg(), "video.MOV": FILM[:999]}, tmp_path)
    asset = (await immich.get(f"/api/assets/{immich.library.uuid_of(immich.library.photos[number])}")).json()
    video = asset["livePhotoVideoId"]
    assert (await immich.get(f"/api/assets/{asset['id']}/original")).content == jpeg()
    assert (await immich.get(f"/api/assets/{video}/original")).content == FILM[:999]
    part = await immich.get(f"/api/assets/{video}/video/playback", headers={"range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"ftyp")
    assert (await immich.get(f"/api/assets/{video}/thumbnail")).status_code == 200


@pytest.mark.parametrize("what", ["thumbnail", "original", "video/playback"])
async def test_what_is_refused(immich: Tool, serve: Serve, what: str) -> None:
    for asset_id in (NOBODY, "x"):
        refused = await immich.get(f"/api/assets/{asset_id}/{what}")
        assert (refused.status_code, refused.json()["error"]) == (400, "Bad Request")
    poor = serve(immich.library, permissions=("asset.read",))
    wanted = "asset.download" if what == "original" else "asset.view"
    refused = await poor.get(f"/api/assets/{NOBODY}/{what}")
    assert (refused.status_code, refused.json()["message"]) == (403, f"Missing required permission: {wanted}")


async def test_the_options_have_their_effect(serve: Serve, opened: Open) -> None:
    library = opened()
    serve(library, options=Options(cache=12345, read_original=False))
    assert (library.cache.budget, library.pictures.from_originals) == (12345, False)


async def test_the_server_is_away(server: Server, immich: Tool) -> None:
    made = await scene(immich.library)
    path = f"/api/assets/{made.ids['film']}/video/playback"
    server.transport.down = True
    assert (await immich.get(path)).status_code == 503
