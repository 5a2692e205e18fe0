"""Every route of the face with input that does not fit: a refusal in ImaLink's form, and never a fault of the bridge."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bridge.imalink import people, wire
from bridge.serving.app import found
from tests.bridge.conftest import Tool
from tests.bridge.imalink.conftest import V1, made

BODIES = (b"", b"{", b"[]", b"null", b"5", b'"x"', b"\xff\xfe", b"[" * 5000, b'{"a": NaN}', b"{}")
VALUES: tuple[Any, ...] = ([], {}, True, -1, 10**30, 1.5, "", "\0", "x" * 5000, None)
NUMBERS = ("0", "-1", "999999999", "99999999999999999999", "9223372036854775808", "x", "1.5", "%00", "1e3", " ")
PAGES = ("offset=-1", "offset=x", "offset=99999999999999999999", "offset=", "limit=0", "limit=-1", "limit=1001", "limit=1.5", "limit=all", "width=1",
         "width=x", "height=99999", "threshold=17", "threshold=-1", "author_id=x")  # fmt: skip


def handlers() -> list[Any]:
    return [h for face, modules in found() if face.prefix.startswith(V1) for module in modules for h in getattr(module, "HANDLERS", [])]


def routes() -> list[tuple[str, str]]:
    return sorted((method, path) for h in handlers() for path in h.paths for method in h.http_methods - {"OPTIONS"})


def fields() -> list[tuple[str, str, str]]:
    """Method, path, and a field of the body, of every route that takes one."""
    made = []
    for handler in handlers():
        if match := re.search(r"wire\.(\w+)", str(handler.fn.__annotations__.get("data", ""))):
            names = getattr(wire, match[1]).__struct_fields__
            made += [(method, path, name) for path in handler.paths for method in handler.http_methods - {"OPTIONS"} for name in names]
    return sorted(made)


def refused(answer: Any, what: str) -> None:
    assert 400 <= answer.status_code < 500, (what, answer.status_code, answer.text)
    assert answer.json() == {"detail": answer.json()["detail"], "status_code": answer.status_code}, what
    assert isinstance(answer.json()["detail"], str), what


def filled(path: str, number: str = "1", hothash: str = "x") -> str:
    return re.sub(r"\{[a-z_]+:str\}", hothash, re.sub(r"\{[a-z_]+:int\}", number, path))


async def test_numbers_and_hashes_that_are_nobodys(client: Tool) -> None:
    wanted = await made(client)
    body = {"photo_hothash": wanted, "rating": 1, "name": "x", "storage_path": "x"}
    for method, path in routes():
        if "{" not in path:
            continue
        for number in NUMBERS if ":int" in path else ("1",):
            for hothash in ("x", "0" * 64, wanted.upper(), "%2e%2e", "%00", "é") if ":str" in path else ("x",):
                refused(await client.request(method, filled(path, number, hothash), json=body), f"{method} {path} {number} {hothash}")
    assert (await client.get(f"{V1}/photos")).json()["meta"]["total"] == 1


async def test_pages_that_do_not_fit(client: Tool) -> None:
    wanted = await made(client)
    image = (await client.get(f"{V1}/image-files")).json()["data"][0]["id"]
    named = {path: (client, filled(path, str(image), wanted)) for method, path in routes() if method == "GET"}
    for path, (_, real) in named.items():
        before = (await client.get(real)).status_code
        for query in PAGES:
            answer = await client.get(f"{real}?{query}")
            assert answer.status_code in (400, before), (path, query)
            if answer.status_code == 400:
                refused(answer, f"{path} {query}")
    for query in ("offset=-1", "offset=x", "limit=0", "limit=1001", "limit=all"):
        for path in ("/photos", "/image-files", "/authors", "/import-sessions", "/photo-stacks"):
            refused(await client.get(f"{V1}{path}?{query}"), path)


@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
async def test_bodies_that_are_none(client: Tool, kind: str) -> None:
    wanted = await made(client)
    image = (await client.get(f"{V1}/image-files")).json()["data"][0]["id"]
    for method, path in routes():
        if method in ("GET", "DELETE") or ("{" in path and method == "PUT" and "photo-stacks" in path):
            continue
        for body in BODIES:
            answer = await client.request(method, filled(path, str(image), wanted), content=body, headers={"content-type": kind})
            assert answer.status_code < 500, (method, path, body[:20], answer.text)
            if answer.status_code >= 400:
                refused(answer, f"{method} {path} {body[:20]!r}")
            elif body not in (b"{}", b'{"a": NaN}'):
                assert path.endswith(("/logout", "/import-sessions", "/photo-stacks")), (method, path, body[:20])
            if path.endswith("/logout"):
                client.headers["Authorization"] = f"Bearer {client.key}"


@pytest.mark.slow
async def test_fields_that_do_not_fit(client: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "FAILURES", 10**6)
    wanted = await made(client)
    asked = fields()
    assert len(asked) > 80
    for method, path, field in asked:
        for value in VALUES:
            answer = await client.request(method, filled(path, "1", wanted), json={field: value})
            assert answer.status_code < 500, (method, path, field, str(value)[:60], answer.text)
            if answer.status_code >= 400:
                refused(answer, f"{method} {path} {field}")
