"""The in-process transport, with a small app: lifespan around it, bodies and headers through it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.clients.api import Api, ApiError, close_all
from tests.clients.asgi import AsgiTransport


class Echo:
    def __init__(self) -> None:
        self.life: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for event in ("startup", "shutdown"):
                assert (await receive())["type"] == f"lifespan.{event}"
                self.life.append(event)
                await send({"type": f"lifespan.{event}.complete"})
            return
        body, more = b"", True
        while more:
            event = await receive()
            body, more = body + event.get("body", b""), event.get("more_body", False)
        names = {name.decode(): value.decode() for name, value in scope["headers"]}
        answer = {"path": scope["path"], "query": scope["query_string"].decode(), "body": body.decode(), "headers": names}
        status = 404 if scope["path"] == "/missing" else 200
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})


def test_requests_pass_as_the_web_app_sends_them() -> None:
    app = Echo()
    with AsgiTransport(app) as transport:
        api = Api("http://inside", transport=transport)
        api.token = "secret-token"
        answer = api.call("POST", "/some/route", {"a": 1}, params={"ts": 5})
        assert (answer["path"], answer["query"], json.loads(answer["body"])) == ("/some/route", "ts=5", {"a": 1})
        assert answer["headers"]["content-type"] == "text/plain;charset=UTF-8"
        assert answer["headers"]["x-auth-token"] == "secret-token"
        assert answer["headers"]["x-forwarded-for"].startswith("10.")
        assert "x-auth-token" not in api.at_object("PUT", "http://inside/object", b"x").json()["headers"]
        with pytest.raises(ApiError, match="404"):
            api.get("/missing")
        api.close()
    assert app.life == ["startup", "shutdown"]


def test_every_client_has_an_address_of_its_own() -> None:
    assert len({Api("http://inside").address for _ in range(50)}) == 50
    close_all()


def test_an_app_that_does_not_start_is_an_error() -> None:
    async def broken(_scope: Any, _receive: Any, _send: Any) -> None:
        raise RuntimeError("no disk")

    with pytest.raises(RuntimeError, match="no disk"), AsgiTransport(broken):
        pass
