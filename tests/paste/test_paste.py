"""Pastes: read once, within a day, by a person."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from app.kernel.clock import DAY, MINUTE
from app.paste import service
from app.paste.jobs import expire
from tests.inprocess import Api, Response, World

BODY: dict[str, Any] = {
    "encryptedData": "ZGF0YQ==", "decryptionHeader": "aGVhZGVy", "encryptedPasteKey": "a2V5", "encryptedPasteKeyNonce": "bm9uY2U=",
    "kdfNonce": "AAAAAAAAAAAAAAAAAAAAAA==", "kdfMemLimit": 67108864, "kdfOpsLimit": 2,
}  # fmt: skip
AGENT = {"user-agent": "Mozilla/5.0"}
GONE = {"code": "NOT_FOUND", "message": "Paste is unavailable"}


async def paste(world: World, **other: Any) -> str:
    return str((await world.anon().post("/paste/create", {**BODY, **other})).json()["accessToken"])


async def cookie(api: Api, token: str, headers: dict[str, str] | None = None) -> str:
    answer = await api.post("/paste/guard", {"accessToken": token}, headers=headers or AGENT)
    return answer.headers["set-cookie"].partition(";")[0]


async def read(api: Api, token: str, guard: str, expect: int = 200, **headers: str) -> Response:
    sent = {**AGENT, "x-paste-consume": "1", "cookie": f"other=1; {guard}", **headers}
    return await api.post("/paste/consume", {"accessToken": token}, headers={k: v for k, v in sent.items() if v}, expect=expect)


async def test_it_works(world: World) -> None:
    made = (await world.anon().post("/paste/create", BODY)).json()
    assert made["expiresAt"] == world.clock.now() + DAY
    reader = world.anon()
    answer = await reader.post("/paste/guard", {"accessToken": made["accessToken"]}, headers=AGENT)
    assert answer.json() == {}
    assert answer.headers["set-cookie"].endswith("; Path=/; Max-Age=120; HttpOnly; SameSite=Strict")
    answer = await read(reader, made["accessToken"], answer.headers["set-cookie"].partition(";")[0])
    assert answer.json() == BODY
    assert answer.headers["set-cookie"].startswith("paste_guard=;")


async def test_it_is_read_once_even_by_many_at_once(world: World) -> None:
    token, reader = await paste(world), world.anon()
    guard = await cookie(reader, token)
    headers = {**AGENT, "x-paste-consume": "1", "cookie": guard}
    answers = await asyncio.gather(*(reader.post("/paste/consume", {"accessToken": token}, headers=headers, expect=None) for _ in range(8)))
    assert sorted(a.status for a in answers) == [200] + [410] * 7
    assert (await reader.post("/paste/guard", {"accessToken": token}, headers=AGENT, expect=410)).json() == GONE


async def test_it_ends_after_a_day_and_its_row_goes(world: World) -> None:
    token, reader = await paste(world), world.anon()
    guard = await cookie(reader, token)
    world.clock.advance(DAY)
    await read(reader, token, guard, 410)
    await expire(world.kernel)
    assert await world.kernel.db.read(lambda tx: tx.value("SELECT count(*) FROM pastes")) == 0


async def test_the_guard_is_of_one_browser_one_paste_and_two_minutes(world: World) -> None:
    token, other, reader = await paste(world), await paste(world), world.anon()
    guard = await cookie(reader, token)
    await read(reader, token, await cookie(reader, other), 410)
    await read(reader, token, "", 410)
    await read(reader, token, guard + "x", 410)
    await read(reader, token, guard, 410, **{"user-agent": "another"})
    await read(reader, token, guard, 410, origin="https://elsewhere.example")
    world.clock.advance(2 * MINUTE)
    await read(reader, token, guard, 410)
    await read(reader, token, await cookie(reader, token), origin=world.kernel.config.app_url("paste"))


@pytest.mark.parametrize("header", [{"user-agent": "Twitterbot/1.0"}, {"sec-purpose": "prefetch;prerender"}, {"purpose": "preview"}])
async def test_what_only_looks_at_links_reads_nothing(world: World, header: dict[str, str]) -> None:
    token, reader = await paste(world), world.anon()
    await reader.post("/paste/guard", {"accessToken": token}, headers={**AGENT, **header}, expect=410)
    await read(reader, token, await cookie(reader, token))


async def test_reading_needs_the_confirmation(world: World) -> None:
    token, reader = await paste(world), world.anon()
    guard = await cookie(reader, token)
    for said in ("", "yes"):
        answer = await read(reader, token, guard, 400, **{"x-paste-consume": said})
        assert answer.json() == {"code": "BAD_REQUEST", "message": "missing consume confirmation"}
    await read(reader, token, guard)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"encryptedData": "A" * 32_257}, "encrypted payload too large"),
        ({"encryptedData": " "}, "invalid encrypted payload"),
        ({"decryptionHeader": "A" * 129}, "encrypted payload too large"),
        ({"encryptedPasteKey": "A" * 257}, "key material too large"),
        ({"encryptedPasteKeyNonce": "A" * 129}, "key material too large"),
        ({"kdfNonce": "c2hvcnQ="}, "invalid key derivation parameters"),
        ({"kdfNonce": "not base64!"}, "invalid key derivation parameters"),
        ({"kdfOpsLimit": 3}, "invalid key derivation parameters"),
    ],
)
async def test_what_does_not_fit_is_refused(world: World, other: dict[str, Any], said: str) -> None:
    answer = await world.anon().post("/paste/create", {**BODY, **other}, expect=400)
    assert answer.json() == {"code": "BAD_REQUEST", "message": said}


async def test_every_field_is_needed(world: World) -> None:
    for name in BODY:
        assert (await world.anon().post("/paste/create", {k: v for k, v in BODY.items() if k != name}, expect=400)).json() == {}


@pytest.mark.parametrize("token", ["short", "A" * 33, "a-b-c-d-e", "é" * 10])
async def test_odd_tokens(world: World, token: str) -> None:
    for path in ("/paste/guard", "/paste/consume"):
        answer = await world.anon().post(path, {"accessToken": token}, headers={"x-paste-consume": "1"}, expect=400)
        assert answer.json() == {"code": "BAD_REQUEST", "message": "invalid access token"}


async def test_strangers_together_keep_no_more_than_the_bound(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST", 3)
    for _ in range(3):
        await paste(world)
    await world.anon().post("/paste/create", BODY, expect=429)
    world.clock.advance(DAY)
    await paste(world)


async def test_the_token_is_not_kept(world: World) -> None:
    token = await paste(world)
    rows = await world.kernel.db.read(lambda tx: tx.all("SELECT * FROM pastes"))
    assert token not in str(rows)
