"""GET and HEAD of signed URLs: whole, ranges, validators (files.md §2.2)."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from app.kernel.clock import DAY
from app.objects import service
from tests.inprocess import Person, World, open_world
from tests.objects.parcels import hex_md5, local, send, uploaded

DATA = bytes(range(256)) * 4


@pytest.fixture
async def url(world: World, alice: Person) -> str:
    key = await uploaded(alice, DATA)
    return service.url(world.kernel, "http://darkroom.test", key, world.kernel.store.name)


async def test_it_works(alice: Person, url: str) -> None:
    got = await send(alice, "GET", url, expect=200, Origin="null", X_Auth_Token="the command line client sends its own")
    assert got.content == DATA
    assert got.headers["content-length"] == str(len(DATA))
    assert got.headers["content-type"] == "application/octet-stream"
    assert got.headers["content-disposition"] == "attachment"
    assert got.headers["etag"] == f'"{hex_md5(DATA)}"'
    assert got.headers["accept-ranges"] == "bytes"
    assert got.headers["cache-control"].startswith("private")
    assert got.headers["access-control-allow-origin"] == "null"
    assert got.headers["vary"] == "Origin"  # what a browser keeps for one web app is no answer to another
    head = await send(alice, "HEAD", url, expect=200)
    assert head.content == b""
    other = ("access", "x-request-id")  # the client's origin and this request's name
    assert {k: v for k, v in head.headers.items() if not k.startswith(other)} == {k: v for k, v in got.headers.items() if not k.startswith(other)}


@pytest.mark.parametrize(
    ("spec", "piece"),
    [
        ("bytes=10-19", slice(10, 20)), ("bytes=0-0", slice(0, 1)), ("bytes=1000-", slice(1000, None)), ("bytes=-5", slice(-5, None)),
        ("bytes=1023-5000", slice(1023, None)),
        ("bytes=1-" + "9" * 30, slice(1, None)), ("bytes=-" + "9" * 30, slice(0, None)),
        ("bytes=-5000", slice(0, None)), ("bytes=0-", slice(0, None)), ("bytes = 1 - 2", slice(1, 3)),
    ],
)  # fmt: skip
async def test_ranges(alice: Person, url: str, spec: str, piece: slice) -> None:
    got = await send(alice, "GET", url, Range=spec, expect=206)
    wanted = range(len(DATA))[piece]
    assert got.content == DATA[piece]
    assert got.headers["content-range"] == f"bytes {wanted.start}-{wanted.stop - 1}/{len(DATA)}"
    assert got.headers["content-length"] == str(len(wanted))


@pytest.mark.parametrize("spec", ["bytes=1024-", "bytes=5000-6000", "bytes=-0", "bytes=" + "9" * 30 + "-"])
async def test_beyond_the_end(alice: Person, url: str, spec: str) -> None:
    got = await send(alice, "GET", url, Range=spec, expect=416)
    assert got.headers["content-range"] == f"bytes */{len(DATA)}"
    assert b"<Code>InvalidRange</Code>" in got.content


@pytest.mark.parametrize("spec", ["bytes=-", "bytes=5-4", "bytes=0-1,5-6", "items=0-1", "bytes=a-b", "bytes=--5", "bytes=" + "9" * 5000 + "-", ""])
async def test_what_is_no_single_range_gets_everything(alice: Person, url: str, spec: str) -> None:
    assert (await send(alice, "GET", url, Range=spec, expect=200)).content == DATA


async def test_validators(alice: Person, url: str) -> None:
    tag = f'"{hex_md5(DATA)}"'
    for header in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        same = await send(alice, "GET", url, If_None_Match=header, expect=304)
        assert same.content == b""
        assert same.headers["etag"] == tag
    await send(alice, "GET", url, If_None_Match='"x"', expect=200)
    assert (await send(alice, "GET", url, Range="bytes=0-4", If_Range=tag, expect=206)).content == DATA[:5]
    for old in ('"x"', f"W/{tag}", "Wed, 21 Oct 2015 07:28:00 GMT"):
        assert (await send(alice, "GET", url, Range="bytes=0-4", If_Range=old, expect=200)).content == DATA
    assert (await send(alice, "HEAD", url, Range="bytes=0-4", expect=200)).headers["content-length"] == str(len(DATA))


async def test_empty_objects(world: World, alice: Person) -> None:
    made = (await alice.get("/files/upload-urls?count=1")).json()["urls"][0]
    await send(alice, "PUT", made["url"], b"", expect=200)
    url = service.url(world.kernel, "http://darkroom.test", made["objectKey"], world.kernel.store.name)
    assert (await send(alice, "GET", url, expect=200)).headers["content-length"] == "0"
    await send(alice, "GET", url, Range="bytes=0-", expect=416)


async def test_a_url_lives_one_to_two_days_and_repeats_within_one(world: World, alice: Person, url: str) -> None:
    def again() -> str:
        return service.url(world.kernel, "http://darkroom.test", url.split("?")[0].split("/objects/")[1], world.kernel.store.name)

    until_midnight = DAY - world.clock.now() % DAY
    world.clock.advance(until_midnight)
    today = again()
    world.clock.advance(DAY - 1)
    assert again() == today
    world.clock.advance(1)
    assert again() != today
    world.clock.advance(DAY - 1)
    await send(alice, "GET", today, expect=200)
    world.clock.advance(1)
    assert b"<Code>AccessDenied</Code>" in (await send(alice, "GET", today, expect=403)).content


async def test_an_unknown_key(world: World, alice: Person) -> None:
    key = world.kernel.crypto.mint_key(alice.user_id)
    url = service.url(world.kernel, "http://darkroom.test", key, world.kernel.store.name)
    assert b"<Code>NoSuchKey</Code>" in (await send(alice, "GET", url, expect=404)).content
    assert (await send(alice, "HEAD", url, expect=404)).content == b""


async def test_whole_files_are_handed_to_the_server(engine: str, tmp_path: Path) -> None:
    async with open_world(engine, tmp_path, store="filesystem") as world:
        alice = await world.person("alice")
        key = await uploaded(alice, DATA)
        url = service.url(world.kernel, "http://darkroom.test", key, world.kernel.store.name)
        path, _, query = local(url).partition("?")

        async def ask(headers: list[tuple[bytes, bytes]], *, offered: bool = True) -> list[dict[str, Any]]:
            sent: list[dict[str, Any]] = []
            extensions: dict[str, Any] = {"http.response.pathsend": {}} if offered else {}
            scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": query.encode(),
                     "headers": headers, "extensions": extensions}  # fmt: skip

            async def receive() -> dict[str, Any]:
                raise AssertionError("a GET has no body")

            async def keep(message: Any) -> None:
                sent.append(message)

            await world.app(scope, receive, keep)
            return sent

        _, body = await ask([])
        assert body["type"] == "http.response.pathsend"
        assert Path(body["path"]).is_absolute()
        assert Path(body["path"]).read_bytes() == DATA
        assert [m["body"] for m in (await ask([(b"range", b"bytes=2-5")]))[1:]] == [DATA[2:6]]
        assert [m["body"] for m in (await ask([], offered=False))[1:]] == [DATA]


async def test_an_object_that_cannot_be_read_now_is_503_with_everything_a_browser_needs(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_world(engine, tmp_path, store="filesystem") as world:
        alice = await world.person("alice")
        key = await uploaded(alice, DATA)
        url = service.url(world.kernel, "http://darkroom.test", key, world.kernel.store.name)

        def no_descriptor(*args: Any, **kwargs: Any) -> int:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

        with monkeypatch.context() as m:
            m.setattr("storage_backends.filesystem.os.open", no_descriptor)
            got = await send(alice, "GET", url, expect=503, Origin="https://photos.example")
        assert got.headers["access-control-allow-origin"] == "https://photos.example"
        assert "Too many open files" in caplog.text
        await send(alice, "GET", url, expect=200)
