"""Bytes that no client sends, over raw sockets against a started server: smuggling, bad chunks, folded heads, odd targets, trickles. No answer is a
server error, nothing hangs, memory stays, and `/ping` answers all along. A failure names the seed of its bytes.

`DARKROOM_TEST_FUZZ=20000 pytest -m slow tests/hostile/test_fuzz.py` for longer.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
from collections.abc import Callable, Iterator

import httpx
import pytest

from app.main import TABLE
from tests.clients.ente import Device
from tests.hostile.test_flood import memory
from tests.wire.process import RunningServer, start_server

pytestmark = pytest.mark.slow
MANY = int(os.environ.get("DARKROOM_TEST_FUZZ", "1500"))
AT_ONCE = 24
LONGEST = 60.0  # seconds: beyond the server's deadlines for heads and bodies
UNWELL = {503, 507}
PATHS = sorted({re.sub(r"\{[^}]+\}", "7", route.path) for route in TABLE.routes if not route.hidden})
Dice = random.Random


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    running = start_server(tmp_path_factory.mktemp("fuzz"), extra_toml="[limits]\naddress = { count = 0 }\n")
    yield running
    running.kill()


# --- bytes
def target(dice: Dice) -> bytes:
    path = dice.choice(PATHS).encode()
    return dice.choice(
        [
            path,
            path,
            b"http://evil.test" + path,
            b"*",
            b"//" + path,
            path + b"?token=%00",
            path + b"?%zz=%",
            path + b"/%2e%2e/%2e%2e/etc/passwd",
            b"/objects/../../secrets.toml",
            b"/objects/1/%2e%2e%2f%2e%2e%2fsecrets.toml",
            b"/objects/1/" + b"A" * dice.choice([300, 9000, 70_000]),
            path + b"#fragment",
            path + b"?sinceTime=99999999999999999999999999&limit=-1&collectionID=NaN",
            path + b"\x00",
            path + b"\xff\xfe",
            b"/" + b"a/" * 3000,
            path + b"?" + b"a=b&" * 5000,
            path + b"%",
            path + b"?x=%ed%a0%80",
            b"ftp://x/",
            b"",
        ]
    )


def value(dice: Dice, depth: int = 0) -> bytes:
    plain = [
        b"1e999",
        b"NaN",
        b"-0",
        b"99999999999999999999999999999999999999",
        b"1e-400",
        b'"\\ud800"',
        b'"\\u0000"',
        b"null",
        b"true",
        b'"x"',
        b"{}",
        b"[]",
        b'{"a":1,"a":2}',
        b"[" * 5000,
        b'{"a":' * 3000,
        b'"' + b"\\u0041" * 2000 + b'"',
        b"\xff\xfe",
        b"[" + b"1," * 20_000 + b"1]",
        b"1" * 5000,
        b"\x00",
    ]
    if depth > 2 or dice.random() < 0.4:
        return dice.choice(plain)
    names = [b"id", b"collectionID", b"fileIDs", b"encryptedKey", b"email", b"type", b"files", b"items", b"magicMetadata", b"version", b"ID", b"iD"]
    return b"{" + b",".join(b'"' + dice.choice(names) + b'":' + value(dice, depth + 1) for _ in range(dice.randint(1, 5))) + b"}"


def chunked(dice: Dice, body: bytes) -> bytes:
    size = b"%x" % len(body)
    return dice.choice(
        [
            size + b"\r\n" + body + b"\r\n0\r\n\r\n",
            b"0" * 40 + size + b"\r\n" + body + b"\r\n0\r\n\r\n",
            b"-1\r\n" + body + b"\r\n0\r\n\r\n",
            b"0x" + size + b"\r\n" + body + b"\r\n0\r\n\r\n",
            b"ffffffffffffffffff\r\n" + body,
            size + b";a=" + b"b" * 20_000 + b"\r\n" + body + b"\r\n0\r\n\r\n",
            size + b"\n" + body + b"\n0\n\n",
            size + b"\r\n" + body + b"XX0\r\n\r\n",
            size + b"\r\n" + body + b"\r\n0\r\nContent-Length: 5\r\nX: y\r\n\r\n",
        ]
    )


def framing(dice: Dice, body: bytes) -> tuple[list[bytes], bytes]:
    """(lines, body) that say how long the body is, or lie."""
    n = len(body)
    return dice.choice(
        [
            ([b"Content-Length: %d" % n], body),
            ([b"Content-Length: %d" % n], body),
            ([b"Content-Length: %d" % n, b"Content-Length: %d" % (n + 5)], body),
            ([b"Content-Length: %d, %d" % (n, n)], body),
            ([b"Content-Length: +%d" % n], body),
            ([b"Content-Length: -1"], body),
            ([b"Content-Length: 99999999999999999999999"], body),
            ([b"Content-Length : %d" % n], body),
            ([b"Content-Length: %d\x0b" % n], body),
            ([b"Transfer-Encoding: chunked"], chunked(dice, body)),
            ([b"Transfer-Encoding: chunked", b"Content-Length: %d" % n], chunked(dice, body)),
            ([b"Content-Length: %d" % n, b"Transfer-Encoding: xchunked"], body),
            ([b"Transfer-Encoding: chunked, identity"], chunked(dice, body)),
            ([b"Transfer-Encoding:\tchunked"], chunked(dice, body)),
            ([b"Transfer-Encoding: gzip, chunked"], chunked(dice, body)),
            ([b"Content-Length: %d" % n, b"Expect: 100-continue"], body),
            ([b"Content-Length: %d" % (n + 10)], body),
            ([], body),
            ([b"Expect: nonsense"], body),
        ]
    )


def lines(dice: Dice, token: str) -> list[bytes]:
    odd = [
        b"X-A: b\r\n folded",
        b"X-A\x00: b",
        b"X A: b",
        b": b",
        b"X-A: \xff\xfe\x80",
        b"X-A: " + b"a" * dice.choice([100, 9000, 100_000]),
        b"Host: a, b",
        b"Host: ",
        b"Host: x@y:99999",
        b"Range: bytes=" + b"0-1," * 500 + b"5-",
        b"Range: bytes=-999999999999999999999",
        b"Range: bytes=5-1",
        b"Range: lines=1-2",
        b"If-Range: \xff",
        b"Accept-Encoding: gzip;q=NaN, *;q=-1",
        b"Origin: null",
        b"Origin: \"'<script>",
        b"X-Forwarded-For: " + b"1.1.1.1," * 500,
        b"X-Forwarded-Proto: javascript",
        b"X-Request-Id: a\tb",
        b"Content-MD5: !!!",
        b"Content-Type: application/xml; charset=utf-7",
        b"Content-Encoding: gzip",
        b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAAA",
        b"Upgrade: websocket\r\nConnection: upgrade",
        b"Connection: close, te",
        b"TE: trailers",
        b"X-Auth-Token: \xf0\x9f\x98\x80",
        b"X-Auth-Access-Token: ../../x",
        b"X-Client-Package: " + b"io.ente." * 200,
        b"Cookie: " + b"a=b; " * 800,
    ]
    many = [b"X-%d: y" % n for n in range(dice.choice([0, 0, 0, 90, 120, 3000]))]
    there = [b"Host: darkroom.test", b"X-Auth-Token: " + token.encode(), b"X-Client-Package: io.ente.photos.web"]
    return [*there, *dice.sample(odd, dice.randint(0, 3)), *many]


def request(seed: int, token: str) -> bytes:
    dice = Dice(seed)
    method = dice.choice(
        [b"GET", b"POST", b"PUT", b"DELETE", b"PATCH", b"HEAD", b"OPTIONS", b"TRACE", b"CONNECT", b"get", b"G\x00T", b"PRI", b"X" * 300]
    )
    version = dice.choice([b"HTTP/1.1"] * 8 + [b"HTTP/1.0", b"HTTP/2.0", b"HTTP/9.9", b"HTTP/1.1 ", b""])
    length, body = framing(dice, value(dice))
    end = dice.choice([b"\r\n"] * 9 + [b"\n"])
    raw = end.join([b" ".join([method, target(dice), version]), *lines(dice, token), *length]) + end + end + body
    if dice.random() < 0.1:
        raw = raw[: dice.randint(1, len(raw))]
    if dice.random() < 0.1:
        odd = bytearray(raw)
        for _ in range(dice.randint(1, 8)):
            odd[dice.randrange(len(odd))] = dice.randrange(256)
        raw = bytes(odd)
    return raw


# --- sockets
async def exchange(port: int, raw: bytes, seed: int) -> bytes:
    """What the server answers to these bytes until it closes, or says nothing more for a moment after an answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    try:
        trickle = seed % 16 == 0
        with contextlib.suppress(OSError):
            pieces = [raw[i : i + 7] for i in range(0, min(len(raw), 140), 7)] + [raw[140:]] if trickle else [raw]
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            if seed % 3:
                writer.write_eof()
        got = b""
        with contextlib.suppress(OSError):
            while piece := await asyncio.wait_for(reader.read(65536), 3.0 if got else LONGEST):
                got += piece
                if len(got) > 4 << 20:
                    break
    except TimeoutError:
        if not got:
            raise
    finally:
        writer.close()
    return got


def statuses(answer: bytes) -> list[int]:
    return [int(code) for code in re.findall(rb"HTTP/1\.[01] (\d{3})", answer)]


async def pinging(url: str, slowest: list[float]) -> None:
    loop = asyncio.get_running_loop()
    async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
        while True:
            began = loop.time()
            assert (await client.get(f"{url}/ping")).status_code == 200
            slowest.append(loop.time() - began)
            await asyncio.sleep(0.2)


async def storm(server: RunningServer, make: Callable[[int], bytes], seeds: range) -> tuple[dict[int, int], list[float]]:
    """Send them all; (how often each status came, how long `/ping` took). What went wrong names its seed."""
    gate, counts, pings, wrong = asyncio.Semaphore(AT_ONCE), dict[int, int](), list[float](), list[str]()

    async def one(seed: int) -> None:
        async with gate:
            raw = make(seed)
            try:
                answer = await exchange(server.port, raw, seed)
            except TimeoutError:
                wrong.append(f"seed {seed} hangs: {raw[:200]!r}")
                return
            for status in statuses(answer):
                counts[status] = counts.get(status, 0) + 1
                if status >= 500 and status not in UNWELL:
                    wrong.append(f"seed {seed} is {status}: {raw[:300]!r}")

    ping = asyncio.create_task(pinging(server.url, pings))
    await asyncio.gather(*(one(seed) for seed in seeds))
    if ping.done():
        ping.result()
    ping.cancel()
    assert wrong == []
    return counts, pings


def test_nothing_that_comes_over_a_socket_is_a_server_error(server: RunningServer) -> None:
    alice = Device.sign_up(server.url, "alice-fuzz@example.org")
    before = memory(server.pid)
    counts, pings = asyncio.run(storm(server, lambda seed: request(seed, alice.api.token), range(MANY)))
    held = memory(server.pid)
    print(f"{MANY} requests: {dict(sorted(counts.items()))}; /ping at worst {max(pings):.3f} s of {len(pings)}; {before} MiB before, {held} after")
    assert counts.get(200, 0) > MANY // 100, "some of it reached the routes"
    assert held < 300
    assert sorted(pings)[-2] < 5.0


SMUGGLED = b"GET /healthz HTTP/1.1\r\nHost: darkroom.test\r\n\r\n"


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 0\r\nContent-Length: %d" % len(SMUGGLED),
        b"Content-Length: %d, 0" % len(SMUGGLED),
        b"Transfer-Encoding: xchunked\r\nContent-Length: 0",
        b"Transfer-Encoding: chunked, identity",
        b"Content-Length: 0x0",
        b"Content-Length : 0",
    ],
)
def test_a_length_that_can_be_read_in_two_ways_ends_the_connection(server: RunningServer, head: bytes) -> None:
    raw = b"POST /ping HTTP/1.1\r\nHost: darkroom.test\r\n" + head + b"\r\n\r\n" + SMUGGLED
    answer = asyncio.run(exchange(server.port, raw, 1))
    assert b'"checks"' not in answer
    assert all(400 <= status < 500 or status == 501 for status in statuses(answer)), answer[:200]
