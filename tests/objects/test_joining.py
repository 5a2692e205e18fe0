"""Completing a multipart upload in JSON."""

from __future__ import annotations

from typing import Any

from app.kernel.clock import DAY
from tests.inprocess import Person, World
from tests.objects.parcels import put, row, stored_bytes

PART = 5 << 20


async def begun(alice: Person, count: int = 2) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """(the URLs, the parts as a client names them) of an upload whose parts are there."""
    made = (await alice.get(f"/files/multipart-upload-urls?count={count}")).json()["urls"]
    parts = []
    for n, url in enumerate(made["partURLs"], 1):
        sent = await put(alice, url, bytes([n]) * (PART if n < count else 3))
        parts.append({"partNumber": n, "eTag": sent.headers["etag"]})
    return made, parts


async def test_it_works(world: World, alice: Person) -> None:
    made, parts = await begun(alice)
    done = (await alice.post("/files/multipart-complete", {"completeURL": made["completeURL"], "parts": parts})).json()
    assert (done["objectKey"], done["size"]) == (made["objectKey"], PART + 3)
    assert await stored_bytes(world, made["objectKey"]) == b"\1" * PART + b"\2\2\2"
    assert (await row(world, made["objectKey"]) or ("",))[0] == "pending"
    again = await alice.post("/files/multipart-complete", {"completeURL": made["completeURL"], "parts": parts})
    assert again.json() == done, "its answer may have been lost"


async def test_refusals(world: World, alice: Person, bob: Person) -> None:
    made, parts = await begun(alice)
    url = made["completeURL"]
    await world.anon().post("/files/multipart-complete", {"completeURL": url, "parts": parts}, expect=401)
    await bob.post("/files/multipart-complete", {"completeURL": url, "parts": parts}, expect=403)
    for body in (
        {},
        {"completeURL": url},
        {"completeURL": url, "parts": []},
        {"completeURL": url, "parts": parts[::-1]},
        {"completeURL": url, "parts": [*parts[:1], {"partNumber": 2, "eTag": "0" * 32}]},
        {"completeURL": url + "0", "parts": parts},
        {"completeURL": made["partURLs"][0], "parts": parts},
        {"completeURL": "https://elsewhere.example/x", "parts": parts},
        {"completeURL": f"http://s3.example/bucket/{made['objectKey']}?uploadId=1", "parts": parts},
    ):
        await alice.post("/files/multipart-complete", body, expect=400)
    assert await row(world, made["objectKey"]) is None
    world.clock.advance(8 * DAY)
    await alice.post("/files/multipart-complete", {"completeURL": url, "parts": parts}, expect=404)
