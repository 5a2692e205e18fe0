"""PUT of single objects: what is bound, what is refused, what may be replaced (files.md §2.2, design.md §4)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from app.kernel import errors
from app.kernel.clock import DAY
from app.kernel.config import Config, Quota, Storage
from app.objects import service
from storage_backends import NoSpace, Unavailable
from tests.inprocess import Person, World, open_world
from tests.objects.parcels import free_url, hex_md5, local, put, row, send, sized_url, stored_bytes, uploaded


async def claim(world: World, person: Person, key: str) -> None:
    """Commit the object alone."""

    def go(tx: Any) -> None:
        service.mark_stored(tx, [c.object_id for c in service.claim(tx, person.user_id, key)])

    await world.kernel.db.write("test.claim", go)


async def test_it_works(world: World, alice: Person) -> None:
    made = await sized_url(alice, b"abc")
    done = await put(alice, made["url"], b"abc", X_Client_Package="io.ente.photos.web", X_Auth_Token="whatever", Origin="https://photos.example")
    assert done.content == b""
    assert done.headers["etag"] == f'"{hex_md5(b"abc")}"'
    assert done.headers["access-control-allow-origin"] == "https://photos.example"
    assert "ETag" in done.headers["access-control-expose-headers"]
    assert await row(world, made["objectKey"]) == ("pending", 3, hex_md5(b"abc"))
    assert await stored_bytes(world, made["objectKey"]) == b"abc"


async def test_a_retried_put_is_fine_before_and_after_the_commit(world: World, alice: Person) -> None:
    made = await sized_url(alice, b"abc")
    await asyncio.gather(*(put(alice, made["url"], b"abc") for _ in range(4)))
    await claim(world, alice, made["objectKey"])
    await put(alice, made["url"], b"abc")
    assert await row(world, made["objectKey"]) == ("stored", 3, hex_md5(b"abc"))


@pytest.mark.parametrize(
    ("data", "headers", "status", "code"),
    [
        (b"abd", {}, 400, "BadDigest"),
        (b"abc", {"Content_MD5": "zzz"}, 403, "SignatureDoesNotMatch"),
        (b"abc", {"Content_MD5": "kAFQmDzST7DWlj99KOF/cA=="}, 403, "SignatureDoesNotMatch"),
        (b"abcd", {}, 403, "SignatureDoesNotMatch"),
        (b"ab", {}, 403, "SignatureDoesNotMatch"),
        (b"ab", {"Content_Length": "3"}, 400, "IncompleteBody"),
        (b"abcd", {"Content_Length": "3"}, 400, "EntityTooLarge"),
    ],
)
async def test_other_bytes_than_promised(world: World, alice: Person, data: bytes, headers: dict[str, str], status: int, code: str) -> None:
    made = await sized_url(alice, b"abc")
    refused = await put(alice, made["url"], data, promised=b"abc", expect=status, **headers)
    assert f"<Code>{code}</Code>" in refused.content.decode()
    assert refused.headers["content-type"] == "application/xml"
    assert "access-control-allow-origin" in refused.headers
    assert await row(world, made["objectKey"]) is None
    assert await stored_bytes(world, made["objectKey"]) is None
    await put(alice, made["url"], b"abc")  # the right bytes still go


async def test_without_the_promised_digest(alice: Person) -> None:
    made = await sized_url(alice, b"abc")
    assert b"<Code>AccessDenied</Code>" in (await send(alice, "PUT", made["url"], b"abc", expect=400)).content


async def test_a_sender_that_vanishes_leaves_nothing(world: World, alice: Person) -> None:
    made = await sized_url(alice, b"abc")
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": b"ab", "more_body": True}, {"type": "http.disconnect"}]
    sent: list[dict[str, Any]] = []
    path, _, query = local(made["url"]).partition("?")
    headers = [(b"content-length", b"3"), (b"content-md5", b"kAFQmDzST7DWlj99KOF/cg==")]
    scope: dict[str, Any] = {
        "type": "http",
        "method": "PUT",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": headers,
    }

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def keep(message: Any) -> None:
        sent.append(message)

    await world.app(scope, receive, keep)
    assert sent[0]["status"] == 400
    assert await stored_bytes(world, made["objectKey"]) is None
    assert await row(world, made["objectKey"]) is None


async def test_unbound_urls_take_what_comes(world: World, alice: Person) -> None:
    for data, headers in ((b"anything", {}), (b"", {}), (b"chunked", {"Content_Length": ""})):
        made = await free_url(alice)
        await send(alice, "PUT", made["url"], data, expect=200, **headers)
        assert await stored_bytes(world, made["objectKey"]) == data
    made = await free_url(alice)
    assert b"BadDigest" in (await put(alice, made["url"], b"abc", promised=b"abd", expect=400)).content
    assert b"InvalidDigest" in (await send(alice, "PUT", made["url"], b"abc", Content_MD5="x", expect=400)).content


async def test_unbound_urls_have_a_greatest_length(engine: str, tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path, public_url="http://darkroom.test", quota=Quota(max_file=1000), storage=(Storage(kind="memory"),))
    async with open_world(engine, tmp_path, config=config) as world:
        alice = await world.person("alice")
        for headers in ({}, {"Content_Length": ""}):
            made = await free_url(alice)
            assert b"EntityTooLarge" in (await send(alice, "PUT", made["url"], bytes(1001), expect=400, **headers)).content
            assert await stored_bytes(world, made["objectKey"]) is None
        await send(alice, "PUT", made["url"], bytes(1000), expect=200)


async def test_other_bytes_replace_until_somebody_commits(world: World, alice: Person) -> None:
    made = await free_url(alice)
    await send(alice, "PUT", made["url"], b"first", expect=200)
    await send(alice, "PUT", made["url"], b"second!", expect=200)
    assert await row(world, made["objectKey"]) == ("pending", 7, hex_md5(b"second!"))
    assert await stored_bytes(world, made["objectKey"]) == b"second!"
    await claim(world, alice, made["objectKey"])
    refused = await send(alice, "PUT", made["url"], b"third", expect=409)
    assert b"<Code>OperationAborted</Code>" in refused.content
    assert await stored_bytes(world, made["objectKey"]) == b"second!"
    assert await row(world, made["objectKey"]) == ("stored", 7, hex_md5(b"second!"))


async def test_a_commit_never_sees_bytes_change(world: World, alice: Person) -> None:
    """Many writers and one commit: whatever was committed is what stays."""
    for attempt in range(20):
        made = await free_url(alice)
        await send(alice, "PUT", made["url"], b"%d" % attempt, expect=200)

        async def commit(key: str) -> None:
            try:
                await claim(world, alice, key)
            except errors.Unavailable:  # just being replaced: the client tries again
                await asyncio.sleep(0)
                await commit(key)

        bodies = [b"%d writer %d" % (attempt, n) for n in range(6)]
        await asyncio.gather(*(send(alice, "PUT", made["url"], b) for b in bodies[:3]), commit(made["objectKey"]),
                             *(send(alice, "PUT", made["url"], b) for b in bodies[3:]))  # fmt: skip
        now = await stored_bytes(world, made["objectKey"])
        assert now is not None
        assert await row(world, made["objectKey"]) == ("stored", len(now), hex_md5(now))
        for b in bodies:
            if b != now:
                await send(alice, "PUT", made["url"], b, expect=409)
        assert await stored_bytes(world, made["objectKey"]) == now


async def test_while_a_key_is_replaced_it_cannot_be_committed(world: World, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await free_url(alice)
    await send(alice, "PUT", made["url"], b"first", expect=200)
    publish = world.kernel.store.publish

    async def slowly(staged: Any, key: str, *, replace: bool = False) -> Any:
        if not replace:
            return await publish(staged, key)
        await service.present(world.kernel, alice.user_id, [key])
        with pytest.raises(errors.Unavailable):
            await claim(world, alice, key)
        await send(alice, "PUT", made["url"], b"first", expect=409)  # even the same bytes: they are going
        await send(alice, "PUT", made["url"], b"third", expect=409)
        return await publish(staged, key, replace=replace)

    monkeypatch.setattr(world.kernel.store, "publish", slowly)
    await send(alice, "PUT", made["url"], b"second", expect=200)
    await claim(world, alice, made["objectKey"])
    assert await stored_bytes(world, made["objectKey"]) == b"second"


async def test_urls_expire(world: World, alice: Person) -> None:
    made = await sized_url(alice, b"abc")
    world.clock.advance(7 * DAY - 1_000_000)
    await put(alice, made["url"], b"abc")
    world.clock.advance(1_000_000)
    assert b"<Code>AccessDenied</Code>" in (await put(alice, made["url"], b"abc", expect=403)).content


async def test_a_full_or_absent_store(world: World, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await sized_url(alice, b"abc")
    for error, status in ((NoSpace("full"), 507), (Unavailable("away"), 503)):

        async def fail(*_: Any, error: Exception = error, **__: Any) -> None:
            raise error

        with monkeypatch.context() as m:
            m.setattr(world.kernel.store, "put", fail)
            await put(alice, made["url"], b"abc", expect=status)
        assert await row(world, made["objectKey"]) is None
    await put(alice, made["url"], b"abc")


async def test_uncommitted_bytes_are_bounded_and_the_oldest_go_first(engine: str, tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path, public_url="http://darkroom.test", quota=Quota(pending=100), storage=(Storage(kind="memory"),))
    async with open_world(engine, tmp_path, config=config) as world:
        alice, bob = await world.person("alice"), await world.person("bob")
        keys = []
        for n in range(3):
            keys.append(await uploaded(alice, b"%d" % n * 40))
            world.clock.advance(1)
        await uploaded(bob, b"b" * 90)
        assert await row(world, keys[0]) == ("deleting", 40, hex_md5(b"0" * 40))
        assert [await stored_bytes(world, key) for key in keys] == [None, b"1" * 40, b"2" * 40]
        await claim(world, alice, keys[1])
        big = await uploaded(alice, b"3" * 100)  # committed bytes do not count; the newest may be as large as the bound
        assert await stored_bytes(world, keys[1]) == b"1" * 40
        assert await stored_bytes(world, keys[2]) is None
        assert await stored_bytes(world, big) == b"3" * 100


async def test_a_key_that_was_pushed_out_is_gone_for_good(engine: str, tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path, public_url="http://darkroom.test", quota=Quota(pending=5), storage=(Storage(kind="memory"),))
    async with open_world(engine, tmp_path, config=config) as world:
        alice = await world.person("alice")
        first = await sized_url(alice, b"abc")
        await put(alice, first["url"], b"abc")
        await uploaded(alice, b"defg")
        await put(alice, first["url"], b"abc", expect=409)
        assert await stored_bytes(world, first["objectKey"]) is None


async def test_what_one_commit_may_bring_is_never_pushed_out(engine: str, tmp_path: Path) -> None:
    """A file above the quota that its tolerance still allows, and its thumbnail after it."""
    config = Config(data_dir=tmp_path, public_url="http://darkroom.test", quota=Quota(default=100, tolerance=50), storage=(Storage(kind="memory"),))
    async with open_world(engine, tmp_path, config=config) as world:
        alice = await world.person("alice")
        file = await uploaded(alice, b"f" * 120)
        world.clock.advance(1)
        thumb = await uploaded(alice, b"t" * 30)
        assert [await stored_bytes(world, key) for key in (file, thumb)] == [b"f" * 120, b"t" * 30]
        await uploaded(alice, b"m")
        assert [await stored_bytes(world, key) for key in (file, thumb)] == [None, b"t" * 30]
