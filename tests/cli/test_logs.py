"""Log lines: one an event, in two forms, and never a secret."""

from __future__ import annotations

import io
import json
import logging
import random
from collections.abc import Iterator
from typing import Any

import pytest

from app.kernel import logs
from app.kernel.clock import Ids

TOKEN = Ids(random.Random(1)).token()


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """pytest's own handlers come back after each test."""
    root, ours = logging.getLogger(), logging.getLogger("darkroom")
    before = (list(root.handlers), root.level, ours.level)
    yield
    root.handlers[:], _, _ = before
    root.setLevel(before[1])
    ours.setLevel(before[2])


def logged(level: str = "info", style: str = "text", **said: Any) -> str:
    stream = io.StringIO()
    logs.setup(level, style, stream)
    try:
        if "fails" in said:
            raise ValueError(said["fails"])
    except ValueError:
        logging.getLogger("darkroom.x").exception("failed")
    for at, text in said.get("lines", []):
        logging.getLogger("darkroom.x").log(at, text)
    return stream.getvalue()


def test_a_level_hides_what_is_below_it() -> None:
    lines = [(10, "debug"), (20, "info"), (logs.NOTICE, "a code"), (30, "warning"), (40, "error")]
    assert [line.split(": ")[1] for line in logged("notice", lines=lines).splitlines()] == ["a code", "warning", "error"]
    assert " notice darkroom.x: a code" in logged("info", lines=lines)
    assert len(logged("debug", lines=lines).splitlines()) == 5


@pytest.mark.parametrize("style", ["text", "json"])
def test_an_event_is_one_line_and_a_forged_one_stays_inside(style: str) -> None:
    assert logged(style=style, lines=[(20, "a\n2026-01-01 error darkroom: forged")]).count("\n") == 1
    text = logged(style=style, fails="boom\nagain")
    assert text.count("\n") == 1
    assert "ValueError: boom" in text


def test_control_characters_do_not_reach_a_terminal() -> None:
    assert logged(lines=[(20, "a\x1b[2Jb\x07c\x9b1md\te")]).endswith("darkroom.x: a\ufffd[2Jb\ufffdc\ufffd1md\ufffde\n")


def test_json_is_an_object_with_its_parts() -> None:
    event = json.loads(logged(style="json", lines=[(25, "a code")]))
    assert {k: event[k] for k in ("level", "logger", "message")} == {"level": "notice", "logger": "darkroom.x", "message": "a code"}
    assert event["time"].endswith("Z")
    assert json.loads(logged(style="json", fails="boom"))["exception"].startswith("Traceback")


@pytest.mark.parametrize(
    "text",
    [
        f"GET /files/download/1?token={TOKEN} 200",
        f"session {TOKEN} ended",
        "GET /public-collection/files/preview/1?accessToken=hushhush",
        "accessTokenJWT=hushhush",
        "{'X-Auth-Token': 'hushhush'}",
        "https://s3.example.org/b/k?X-Amz-Signature=hushhush&X-Amz-Date=1",
    ],
)
@pytest.mark.parametrize("style", ["text", "json"])
def test_no_token_reaches_a_line(style: str, text: str) -> None:
    for line in (logged(style=style, lines=[(20, text)]), logged(style=style, fails=text)):
        assert TOKEN not in line
        assert "hushhush" not in line


def test_what_is_no_secret_stays() -> None:
    text = "code for alice@example.org (photos): 123456 at /files/download/1 [ser_HvAWkFpVGOrx5ZyZhOkzW]"
    assert logs.clean(text) == text


async def test_access_lines_have_the_path_only() -> None:
    stream = io.StringIO()
    logs.setup("debug", "text", stream)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 204})

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await logs.AccessLog(app)({"type": "http", "method": "GET", "path": "/ping", "query_string": b"token=hushhush"}, None, send)
    assert sent == [{"type": "http.response.start", "status": 204}]
    assert "GET /ping 204 " in stream.getvalue()
    assert "hushhush" not in stream.getvalue()
