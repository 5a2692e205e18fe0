"""Log lines: one an event, in two forms, and never a secret."""

from __future__ import annotations

import io
import json
import logging
import random
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.cli.serve import log_to
from app.kernel import logs
from app.kernel.clock import Ids
from app.kernel.config import Config, Log, Storage
from app.kernel.config_sources import ConfigError
from app.kernel.log_file import LogFile
from tests.inprocess import World, open_world

TOKEN = Ids(random.Random(1)).token()


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """pytest's own handlers come back after each test."""
    root, ours = logging.getLogger(), logging.getLogger("darkroom")
    before = (list(root.handlers), root.level, ours.level)
    yield
    for handler in root.handlers:
        if isinstance(handler, LogFile):
            handler.close()
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


async def test_a_request_is_one_line_with_its_id(world: World) -> None:
    stream = io.StringIO()
    logs.setup("debug", "text", stream)
    answer = await world.anon().get("/ping?token=hushhush")
    lines = [line for line in stream.getvalue().splitlines() if "darkroom.access" in line]
    assert len(lines) == 1
    assert re.search(r"GET /ping 200 [0-9.]+ ms \[(\S+)\]$", lines[0])[1] == answer.headers["x-request-id"]  # type: ignore[index]
    assert "hushhush" not in stream.getvalue()


async def test_requests_have_lines_at_info_where_that_is_wanted(engine: str, tmp_path: Path) -> None:
    stream = io.StringIO()
    logs.setup("info", "json", stream)
    config = Config(data_dir=tmp_path, storage=(Storage(kind="memory"),))
    async with open_world(engine, tmp_path, config=config) as world:
        await world.anon().get("/ping")
    assert "/ping" not in stream.getvalue()
    async with open_world(engine, tmp_path, config=config.model_copy(update={"log": Log(requests=True)})) as world:
        await world.anon().get(f"/nothing/{TOKEN}", expect=404, headers={"x-request-id": "mine"})
    (event,) = [e for e in map(json.loads, stream.getvalue().splitlines()) if e["logger"] == "darkroom.access"]  # an engine may say something too
    assert {k: event[k] for k in ("method", "path", "status", "id")} == {"method": "GET", "path": "/nothing/{}", "status": 404, "id": "mine"}
    assert event["ms"] >= 0


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("/public/collections/Ab3dE9xY", "/public/collections/{token}"),
        ("/cast/device-info/K7PQ2A", "/cast/device-info/{code}"),
        ("/family/invite-info/Zz9", "/family/invite-info/{token}"),
        ("/AbcDefgh", "/{}"),  # an album's short link, which a page answers
        ("/nothing/AbcDefgh", "/nothing/{}"),
    ],
)
async def test_no_line_of_a_request_has_a_token_or_code(tmp_path: Path, asked: str, told: str) -> None:
    stream = io.StringIO()
    logs.setup("debug", "json", stream)
    async with open_world("sqlite", tmp_path, config=Config(data_dir=tmp_path, storage=(Storage(kind="memory"),))) as world:
        await world.anon().get(asked, expect=None)
    events = [e for e in map(json.loads, stream.getvalue().splitlines()) if e["logger"] == "darkroom.access"]
    assert [e["path"] for e in events] == [told]
    assert asked.rpartition("/")[2] not in stream.getvalue()


# --- log.file
def to_file(path: Path, **more: Any) -> logging.Logger:
    logs.serve(Log(file=path, **more))
    return logging.getLogger("darkroom.x")


def lines_of(path: Path) -> list[str]:
    return [line.partition("darkroom.x: ")[2] for line in path.read_text().splitlines()]


def test_the_log_can_be_a_file_of_its_owner(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "logs" / "darkroom.log"
    to_file(path).info("hello")
    assert lines_of(path) == ["hello"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert capsys.readouterr().err == ""


def test_a_full_file_makes_room_and_the_oldest_goes(tmp_path: Path) -> None:
    path = tmp_path / "darkroom.log"
    log = to_file(path, file_size=200, files=2)
    for n in range(20):
        log.info("line %02d %s", n, "x" * 20)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["darkroom.log", "darkroom.log.1", "darkroom.log.2"]
    kept = [line for name in ("darkroom.log.2", "darkroom.log.1", "darkroom.log") for line in lines_of(tmp_path / name)]
    assert kept == [f"line {n:02d} {'x' * 20}" for n in range(20 - len(kept), 20)]
    assert all(p.stat().st_size <= 200 for p in tmp_path.iterdir())


def test_none_of_the_older_files_is_kept_when_nobody_wants_them(tmp_path: Path) -> None:
    log = to_file(tmp_path / "darkroom.log", file_size=100, files=0)
    for n in range(5):
        log.info("%d %s", n, "x" * 20)
    assert [p.name for p in tmp_path.iterdir()] == ["darkroom.log"]
    assert lines_of(tmp_path / "darkroom.log") == [f"4 {'x' * 20}"]


def test_two_processes_and_logrotate_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "darkroom.log"
    log, other = to_file(path, file_size=300, files=9), LogFile(path, 300, 9)
    other.setFormatter(logs.TextFormat())
    for n in range(20):
        log.info("line %d", n)
        other.handle(logging.LogRecord("darkroom.x", 20, "", 0, f"other {n}", (), None))
    all_lines = sorted(line for p in tmp_path.iterdir() for line in lines_of(p))
    assert all_lines == sorted([*(f"line {n}" for n in range(20)), *(f"other {n}" for n in range(20))])
    path.rename(tmp_path / "moved")
    log.info("after")
    assert lines_of(path) == ["after"]
    other.close()


def test_what_the_file_does_not_take_goes_to_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = to_file(tmp_path / "darkroom.log")
    terminal = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr("sys.stderr", terminal)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as m:
        m.setattr("app.kernel.log_file.os.write", full)
        log.info("important")
    assert b"important" in terminal.buffer.getvalue()  # type: ignore[attr-defined]  # BytesIO


def test_a_file_that_cannot_be_written_is_said_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"^log.file: cannot write to "):
        log_to(Config(log=Log(file=tmp_path / "file" / "darkroom.log")))
