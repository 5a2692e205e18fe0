"""Requests message by message, with headers as bytes, and answers as they are."""

from __future__ import annotations

from typing import Any

from tests.inprocess import World


def scope_of(path: str, headers: list[tuple[bytes, bytes]], peer: Any = ("10.0.0.9", 1), method: str = "POST") -> dict[str, Any]:
    path, _, query = path.partition("?")
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http", "path": path,
        "raw_path": path.encode(), "query_string": query.encode(), "root_path": "", "headers": headers, "client": peer, "server": ("h", 80),
        "extensions": {}, "state": {},
    }  # fmt: skip


async def call_raw(world: World, scope: dict[str, Any], *messages: dict[str, Any]) -> Any:
    """Status, headers and body of the answer to these messages."""
    sent: list[dict[str, Any]] = []
    waiting = list(messages)

    async def receive() -> dict[str, Any]:
        return waiting.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    await world.app(scope, receive, send)
    return {"status": sent[0]["status"], "headers": dict(sent[0]["headers"]), "body": b"".join(m.get("body", b"") for m in sent[1:])}


def piece(body: bytes, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}
