"""Upload URLs: who gets how many, and what is refused (files.md §1)."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from app.kernel.config import Config, Limit, Limits, Quota, Storage
from tests.inprocess import AUTH, Person, World, open_world
from tests.objects.parcels import document, md5, row, send

MD5 = md5(b"abc")
MIB, GIB = 1 << 20, 1 << 30
ROUTES = [
    ("GET", "/files/upload-urls?count=1", None),
    ("POST", "/files/upload-url", {"contentLength": 3, "contentMD5": MD5}),
    ("GET", "/files/multipart-upload-urls?count=1", None),
    ("POST", "/files/multipart-upload-url", {"contentLength": 3, "partLength": 3, "partMd5s": [MD5]}),
    ("GET", "/files/upload-eligibility", None),
]


async def test_it_works(world: World, alice: Person) -> None:
    found = (await alice.get("/files/upload-urls?count=3")).json()
    assert set(found) == {"urls"}
    assert len({u["url"] for u in found["urls"]}) == 3
    for made in found["urls"]:
        owner, name = made["objectKey"].split("/")
        assert owner == str(alice.user_id)
        assert str(uuid.UUID(name, version=4)) == name
        assert made["url"].startswith(f"http://darkroom.test/objects/{made['objectKey']}?")
        assert await row(world, made["objectKey"]) is None  # asking leaves no trace: clients ask at every retry
    one = (await alice.post("/files/upload-url", {"contentLength": 3, "contentMD5": MD5})).json()
    assert set(one) == {"objectKey", "url"}
    assert (await alice.get("/files/upload-eligibility")).content == b""


async def test_counts_are_clamped_to_50_and_bad_ones_give_none(alice: Person) -> None:
    assert len((await alice.get("/files/upload-urls?count=60")).json()["urls"]) == 50
    for query in ("", "?count=0", "?count=-1", "?count=x", "?count=1.5", "?ts=5"):
        assert (await alice.get(f"/files/upload-urls{query}")).json() == {"urls": []}


async def test_every_key_is_new_and_known_again(world: World, alice: Person, bob: Person) -> None:
    keys = [u["objectKey"] for _ in range(4) for u in (await alice.get("/files/upload-urls?count=50")).json()["urls"]]
    assert len(set(keys)) == 200
    crypto = world.kernel.crypto
    for key in keys:
        assert crypto.minted(alice.user_id, key)
        assert not crypto.minted(bob.user_id, key)
        assert not crypto.minted(bob.user_id, key.replace(str(alice.user_id), str(bob.user_id)))


@pytest.mark.parametrize(
    "body",
    [
        {}, {"contentMD5": MD5}, {"contentLength": 3}, {"contentLength": 0, "contentMD5": MD5}, {"contentLength": -1, "contentMD5": MD5},
        {"contentLength": "3", "contentMD5": MD5}, {"contentLength": 3.5, "contentMD5": MD5}, {"contentLength": True, "contentMD5": MD5},
        {"contentLength": 3, "contentMD5": ""}, {"contentLength": 3, "contentMD5": "zzz"}, {"contentLength": 3, "contentMD5": "c2hvcnQ="},
        {"contentLength": 3, "contentMD5": "900150983cd24fb0d6963f7d28e17f72"}, {"contentLength": 10 * GIB + 1, "contentMD5": MD5},
        {"contentLength": 1 << 70, "contentMD5": MD5}, {"contentLength": 3, "contentMD5": ["x"]}, [], "x",
    ],
)  # fmt: skip
async def test_bad_bodies(alice: Person, body: object) -> None:
    assert (await alice.post("/files/upload-url", body, expect=400)).json() == {}


async def test_bodies_as_clients_send_them(alice: Person) -> None:
    await alice.post("/files/upload-url", {"contentLength": 3, "contentMD5": f" {MD5}\n"})
    await alice.post("/files/upload-url", {"contentlength": 3, "CONTENTMD5": MD5, "unknown": 1})
    for raw in (b'{"contentLe', b""):
        assert (await alice.call("POST", "/files/upload-url", content=raw, expect=400)).json() == {}


async def test_multipart(alice: Person) -> None:
    v1 = (await alice.get("/files/multipart-upload-urls?count=2")).json()
    assert set(v1) == {"urls"}
    assert set(v1["urls"]) == {"objectKey", "partURLs", "completeURL"}
    v2 = (await alice.post("/files/multipart-upload-url", {"contentLength": 11 * MIB, "partLength": 5 * MIB, "partMd5s": [MD5] * 3})).json()
    assert set(v2) == {"objectKey", "partURLs", "completeURL"}
    assert len(set(v2["partURLs"])) == 3
    last = v2["partURLs"][2]
    assert f"&len={MIB}&" in last  # the rest
    many = (await alice.get("/files/multipart-upload-urls?count=10000")).json()["urls"]["partURLs"]
    assert len(set(many)) == 10_000
    await alice.post("/files/multipart-upload-url", {"contentLength": 3, "partLength": 20_971_520, "partMd5s": [MD5]})


@pytest.mark.parametrize("absent", [{}, {"partMd5s": None}])
async def test_digests_that_come_with_the_parts(alice: Person, absent: dict[str, None]) -> None:
    """(2026-08) Each part's length is bound, its MD5 is what the client sends along: a wrong one is still found."""
    body = bytes(6 * MIB)
    made = (await alice.post("/files/multipart-upload-url", {"contentLength": len(body), "partLength": 5 * MIB, **absent})).json()
    first, last = made["partURLs"]
    assert f"&len={5 * MIB}&part=1" in first
    assert f"&len={MIB}&part=2" in last
    await send(alice, "PUT", last, bytes(MIB - 1), expect=403, Content_MD5=md5(bytes(MIB - 1)))
    await send(alice, "PUT", last, bytes(MIB), expect=400, Content_MD5=md5(b"other bytes"))
    etags = []
    for url, part in ((first, bytes(5 * MIB)), (last, bytes(MIB))):
        etags.append((await send(alice, "PUT", url, part, expect=200, Content_MD5=md5(part))).headers["etag"])
    await send(alice, "POST", made["completeURL"], document(etags), expect=200)


async def test_multipart_refusals(alice: Person) -> None:
    for count in ("", "?count=0", "?count=-1", "?count=x", "?count=10001"):
        assert (await alice.get(f"/files/multipart-upload-urls{count}", expect=400)).json() == {}
    good = {"contentLength": 11 * MIB, "partLength": 5 * MIB, "partMd5s": [MD5] * 3}
    changes: tuple[dict[str, object], ...] = (
        {"contentLength": 0}, {"contentLength": 10 * GIB + 1, "partLength": 5 * GIB}, {"partLength": 0}, {"partLength": -5},
        {"partLength": 5 * MIB - 1},
        {"partLength": 5 * GIB + 1, "partMd5s": [MD5]}, {"partMd5s": [MD5] * 2}, {"partMd5s": [MD5] * 4}, {"partMd5s": []},
        {"partMd5s": [MD5, MD5, "zzz"]}, {"partMd5s": [MD5, MD5, 5]}, {"partMd5s": "x"},
    )  # fmt: skip
    for change in changes:
        assert (await alice.post("/files/multipart-upload-url", {**good, **change}, expect=400)).json() == {}


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_who_may_ask(world: World, alice: Person, method: str, path: str, body: object) -> None:
    assert (await alice.call(method, path, body, token=None, expect=401)).json() == {"error": "missing token"}
    assert (await alice.call(method, path, body, token="nope", expect=401)).json() == {"error": "invalid token"}
    codes = await world.in_app(alice, AUTH)
    assert (await codes.call(method, path, body, expect=403)).json() == {"error": "invalid app for endpoint"}


async def test_a_full_account_gets_no_urls(engine: str, tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path, public_url="http://darkroom.test", quota=Quota(default="100MiB"), storage=(Storage(kind="memory"),))
    async with open_world(engine, tmp_path, config=config) as world:
        alice = await world.person("alice")

        async def uses(size: int) -> None:
            await world.kernel.db.write(
                "test.usage",
                lambda tx: tx.run(
                    "INSERT INTO usage (user_id, app, bytes, files) VALUES (:u, 'photos', :s, 1) "
                    "ON CONFLICT (user_id, app) DO UPDATE SET bytes = excluded.bytes",
                    u=alice.user_id, s=size,
                ),
            )  # fmt: skip

        async def statuses(size: int) -> list[int]:
            """Of the routes that name no size, then of the two that do."""
            part = {"contentLength": size, "partLength": 5 * GIB, "partMd5s": [MD5]}
            asked = [await alice.call(m, p, b, expect=None) for m, p, b in (ROUTES[0], ROUTES[2], ROUTES[4])]
            asked += [await alice.post("/files/upload-url", {"contentLength": size, "contentMD5": MD5}, expect=None)]
            asked += [await alice.post("/files/multipart-upload-url", part, expect=None)]
            assert all(r.content == b"{}" for r in asked if r.status >= 400)
            return [r.status for r in asked]

        await uses(100 * MIB)
        assert await statuses(50 * MIB) == [200, 200, 200, 200, 200]
        assert await statuses(50 * MIB + 1) == [200, 200, 200, 426, 426]
        await uses(100 * MIB + 1)
        assert await statuses(50 * MIB) == [426] * 5
        await uses(0)
        await world.kernel.db.write("test.plan", lambda tx: tx.run("UPDATE users SET plan_ends_at = 5 WHERE user_id = :u", u=alice.user_id))
        assert await statuses(1) == [402] * 5


async def test_each_route_has_its_own_budget(engine: str, tmp_path: Path) -> None:
    limits = Limits(upload_urls=Limit(count=2, seconds=60))
    config = Config(data_dir=tmp_path, public_url="http://darkroom.test", limits=limits, storage=(Storage(kind="memory"),))
    async with open_world(engine, tmp_path, config=config) as world:
        alice, bob = await world.person("alice"), await world.person("bob")
        for method, path, body in ROUTES[:4]:
            assert [(await alice.call(method, path, body, expect=None)).status for _ in range(3)] == [200, 200, 429]
        assert (await alice.get("/files/upload-urls?count=1", expect=429)).json() == {"error": "Rate limit breached, try later"}
        await bob.get("/files/upload-urls?count=1")
