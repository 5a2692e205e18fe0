"""Whatever a client puts where a value belongs, it is no server error: every route of the access table with every value replaced in turn.

503 OBJECT_SIZE_FETCH_FAILED is the protocol's word for an object that is not there; nothing else of 5xx is allowed, on either engine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from app.kernel.clock import SECOND
from tests.access.rows import Key
from tests.access.scene import Scene, set_up
from tests.access.stage import Stage
from tests.access.table import PREPARE, TABLE, title
from tests.clients import strict
from tests.inprocess import World

BIG = 1 << 63
VALUES: tuple[Any, ...] = (
    None, "", "x", "NUL\0", "\ud800", "é\U0001f3d4", "%s'\";--", "1", 0, -1, 1, 1.5, 1e300, BIG, BIG - 1, -BIG, 10**40, True, [], [[]],
    [None], {}, {"id": {}},
)  # fmt: skip
LISTS: tuple[Any, ...] = ([1, 1], [BIG - 1, -BIG], list(range(10_000)), [BIG], [-1], ["1"], [None], [[1]], [{}])
QUERY = ("", "x", "-1", "0", str(BIG), str(BIG - 1), "1e3", "%00", "%ff", quote("é"), "1%2C2", "true", "9" * 400)


def mutants(value: Any) -> Iterator[Any]:
    """The value with one thing in it replaced, for every thing and every replacement."""
    yield from VALUES
    if isinstance(value, list):
        yield from LISTS
        yield [value[0]] * 10_000
        yield value * 2
        yield from ([m] for m in mutants(value[0]))
    if isinstance(value, dict):
        for name, inner in value.items():
            yield {k: v for k, v in value.items() if k != name}
            yield from ({**value, name: m} for m in mutants(inner))


def requests(key: Key, path: str, body: Any) -> Iterator[tuple[str, Any]]:
    where, _, query = path.partition("?")
    pairs = [p.partition("=")[::2] for p in query.split("&")] if query else [("sinceTime", "0")]
    for i, (name, _) in enumerate(pairs):
        rest = [f"{k}={v}" for j, (k, v) in enumerate(pairs) if j != i]
        for text in QUERY:
            yield f"{where}?{'&'.join([*rest, f'{name}={text}'])}", body
    if "{" in key[1]:
        for text in QUERY:
            if text:
                yield re.sub(r"\{[^}]*\}", text, key[1]), body
    if isinstance(body, bytes):
        yield from ((path, body[:n]) for n in range(len(body)))
        yield path, body * 1000
    elif body is not None:
        for mutant in mutants(body):
            yield path, mutant


@pytest.mark.slow
@pytest.mark.parametrize("key", TABLE, ids=title)
@pytest.mark.asyncio(loop_scope="module")
async def test_no_value_is_a_server_error(stage: Stage, key: Key, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strict, "check", lambda *_: None)  # who sends rubbish as a name gets it back
    row, s = TABLE[key], await stage.scene(PREPARE[key])
    actor = next(iter(row.statuses))
    path, body = row.ask(s, actor)
    bad = []
    for where, mutant in requests(key, path, body):
        sent = {"content": mutant} if isinstance(mutant, bytes) else {"body": mutant}
        r = await s.people[actor].call(key[0], where, headers=dict(row.headers or {}), expect=None, **sent)  # type: ignore[arg-type]
        if r.status >= 500 and not (r.status == 503 and b"OBJECT_SIZE_FETCH_FAILED" in r.content):
            bad.append((where[:200], repr(mutant)[:200], r.status, r.content[:100]))
    assert not bad, bad[:5]


VISITS = (
    "/public-collection/info?accessToken={t}", "/public-collection/diff?accessToken={t}&sinceTime=0",
    "/public-collection/files/download/{f}?accessToken={t}&accessTokenJWT=x", "/public-collection/files/preview/{f}?accessToken={t}",
    "/public-collection/files/download/v3/{f}?accessToken={t}", "/public-collection/files/thumbnail/v3/{f}?accessToken={t}",
    "/public-collection/files/data/fetch?accessToken={t}&fileID={f}&type=vid_preview&preferNoContent=1",
    "/public-collection/files/data/preview?accessToken={t}&fileID={f}&type=img_preview",
)  # fmt: skip
HEADERS = (
    "x-auth-access-token", "x-auth-access-token-jwt", "x-auth-link-device-token", "origin", "user-agent", "x-client-package", "x-forwarded-for",
)  # fmt: skip
TEXTS = ("é", "x" * 9000, "..", "a.b.c", "e30.e30.e30", "eyJhbGciOiJIUzI1NiJ9.W10.AA", "http://[", "http://é:x", "\x7f", "%00", "W10", "null", ",,")


@pytest.mark.slow
async def test_no_visit_is_a_server_error(world: World) -> None:
    s: Scene = await set_up(world)
    owner, visitor = s.people["OWNER"], world.anon()
    bad = []
    for lock in ({"enableCollect": True}, {"passHash": "aGFzaA==", "nonce": "bg==", "memLimit": 1, "opsLimit": 1}):
        await owner.put("/collections/share-url", {"collectionID": s.cid, **lock})
        asked: list[tuple[str, str, Any, dict[str, str]]] = [
            ("POST", f"/public-collection/verify-password?accessToken={s.link}", m, {}) for m in mutants({"passHash": "aGFzaA=="})
        ]
        for visit in VISITS:
            path = visit.format(t=s.link, f=s.file)
            asked += [("GET", where, None, {}) for where, _ in requests(("GET", ""), path, None)]
            asked += [("GET", path, None, {name: text}) for name in HEADERS for text in TEXTS if name != "origin" or text.isascii()]
        for method, path, body, headers in asked:
            world.clock.advance(10 * SECOND)
            r = await visitor.call(method, path, body, headers=headers, expect=None)
            assert r.status != 429
            if r.status >= 500:
                bad.append((method, path[:200], repr(body)[:100], headers, r.status))
    assert not bad, bad[:5]
