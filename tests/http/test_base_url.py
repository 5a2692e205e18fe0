"""The address that a client is told: configured, or that of its request, as a trusted proxy names it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.http import request as request_module
from app.http.request import Request
from app.kernel import logs
from app.kernel.config import Config, Http, Storage
from tests.inprocess import World, open_world


def asked(world: World, ip: str, *headers: tuple[bytes, bytes]) -> Request:
    scope: dict[str, Any] = {
        "type": "http", "method": "GET", "path": "/", "scheme": "http", "query_string": b"", "headers": list(headers), "client": (ip, 1),
        "server": ("192.0.2.9", 8080),
    }  # fmt: skip
    return world.app.server.request(scope, lambda: None)  # type: ignore[arg-type, return-value]  # nobody reads


FORWARDED = ((b"host", b"127.0.0.1:8080"), (b"x-forwarded-proto", b"https"), (b"x-forwarded-host", b"photos.example"))


async def test_a_trusted_proxy_is_believed_and_nobody_else(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path, http=Http(trusted_proxies=("127.0.0.1",)), storage=(Storage(kind="memory"),))
    async with open_world("sqlite", tmp_path, config=config) as world:
        assert asked(world, "127.0.0.1", *FORWARDED).base_url == "https://photos.example"
        assert asked(world, "10.0.0.1", *FORWARDED).base_url == "http://127.0.0.1:8080"
        assert asked(world, "127.0.0.1", (b"host", b"a"), (b"x-forwarded-host", b'b"><')).base_url == "http://a"
        assert asked(world, "127.0.0.1").base_url == "http://192.0.2.9:8080", "HTTP/1.0 names no host"


async def test_a_mismatch_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    request_module._compared.clear()
    config = Config(data_dir=tmp_path, public_url="http://a.example", http=Http(trusted_proxies=("127.0.0.1",)), storage=(Storage(kind="memory"),))
    async with open_world("sqlite", tmp_path, config=config) as world:
        for _ in range(3):
            assert asked(world, "127.0.0.1", *FORWARDED).base_url == "http://a.example"
    assert caplog.text.count("public_url is http://a.example") == 1


async def test_a_request_id_is_no_text_for_the_log(world: World) -> None:
    assert asked(world, "10.0.0.1", (b"x-request-id", b"req-7:a/b")).request_id == "req-7:a/b"
    for forged in (b"a] error: all is lost [b", b"\xff\xe9", b"", b"\x1b[2J"):
        assert asked(world, "10.0.0.1", (b"x-request-id", forged)).request_id.startswith("ser_")
    assert logs.quoted("alice+1@example.org") == "alice+1@example.org"
    assert logs.quoted("a\u2028 (photos): 123456") == "'a\\u2028 (photos): 123456'"
