"""Every command and action: says what it does, answers in JSON, and does nothing that is not undone unless somebody is sure."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.cli import build, folder, main, reach
from app.kernel import logs
from app.kernel.config import Config

NO_JSON = {"serve": "it answers nobody but by its log, which log.format makes JSON"}
Leaf = tuple[str, argparse.ArgumentParser]


def leaves() -> Iterator[Leaf]:
    """(the words of the command line, its parser)."""
    for name in main.COMMANDS:
        module = main.MODULES.get(name, name).replace("-", "_")
        parser = main._parser(name, importlib.import_module(f"app.cli.{module}"))
        yield from _leaves(name, _below(parser)[name])


def _leaves(path: str, parser: argparse.ArgumentParser) -> Iterator[Leaf]:
    if not (below := _below(parser)):
        yield path, parser
    for name, other in below.items():
        yield from _leaves(f"{path} {name}", other)


def _below(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    return {name: p for a in parser._actions if isinstance(a, argparse._SubParsersAction) for name, p in a.choices.items()}


ALL = dict(leaves())


@pytest.mark.parametrize("path", ALL)
def test_it_says_what_it_does(path: str) -> None:
    parser = ALL[path]
    said = parser.format_help()
    assert parser.description
    assert len(parser.description) > 10
    assert "Exit status: 0 " in " ".join(said.split()) or path == "serve"
    mute = [a.option_strings or a.dest for a in parser._actions if not a.help]
    assert mute == [], "arguments without a word"
    assert path in NO_JSON or any("--json" in a.option_strings for a in parser._actions)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose server does not run."""
    made = folder.prepare(tmp_path_factory.mktemp("table") / "data")

    async def begin() -> None:
        async with build.started(Config(data_dir=made)):
            pass

    asyncio.run(begin())
    return made


@pytest.fixture
def run(data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Any]:
    """(exit status, standard output, standard error) of a command line, in this process."""
    for name in [n for n in os.environ if n.startswith("DARKROOM_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DARKROOM_DATA_DIR", str(data))
    monkeypatch.setattr(logs, "setup", lambda *_: None)
    mask = os.umask(0o022)

    def do(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        try:
            status = main.main(list(words))
        except SystemExit as e:
            status = int(str(e.code))
        return status, *capsys.readouterr()

    yield do
    os.umask(mask)


LINES = (
    "version", "config show", "config check", "config example", "routes", "user list", "user add alice@example.org", "user invite bob@example.org",
    "user invite", "user invites", "user withdraw bob@example.org", "user quota alice@example.org 5GiB", "family list",
    "family create alice@example.org", "family dissolve alice@example.org --yes alice@example.org", "admin login", "admin status", "admin accounts",
    "admin codes", "admin show alice@example.org", "admin jobs", "admin audit", "admin quota alice@example.org default",
    "admin end-sessions alice@example.org", "user reset-second-factor alice@example.org --yes alice@example.org", "storage status",
    "storage add main", "storage verify main --no-wait", "web list", "fsck", "gc --dry-run", "upgrade-check",
    "admin close alice@example.org --yes alice@example.org",
)  # fmt: skip


def test_what_it_answers_is_json(run: Any) -> None:
    for line in LINES:
        status, out, err = run(*line.split(), "--json")
        assert status in (0, 3), (line, err)
        json.loads(out)
    assert not {" ".join(line.split()[:2]) for line in LINES} - {" ".join(path.split()[:2]) for path in ALL} - set(LINES)


def test_what_it_answers_without_success_too(run: Any) -> None:
    status, out, err = run("ott", "nobody@example.org", "--json")
    assert (status, json.loads(out)) == (1, [])
    assert "no code waits" in err
    status, out, _ = run("healthcheck", "--port", "1", "--json")
    assert (status, json.loads(out)) == (1, {"well": False, "status": None})


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("user reset-second-factor alice@example.org", "alice@example.org"),
        ("admin reset-second-factor 17", "17"),
        ("admin close alice@example.org", "alice@example.org"),
        ("family dissolve alice@example.org", "alice@example.org"),
    ],
)
def test_what_is_not_undone_asks_for_the_name(run: Any, line: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr(reach, "perform", lambda _, command, *__, **___: done.append(command))
    for sure in ([], ["--yes", "somebody@example.org"]):
        status, out, err = run(*line.split(), *sure)
        assert (status, out, done) == (1, "", [])
        assert err.startswith("darkroom: nothing was done. This would ")
        assert f"--yes {name}" in err
    assert run(*line.split(), "--yes", name)[0] == 0
    assert len(done) == 1


def test_at_a_terminal_it_is_asked(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "perform", lambda *_, **__: None)
    for typed, status in (("alice@example.org\n", 0), ("yes\n", 1), ("", 1)):
        with contextlib.ExitStack() as stack:
            monkeypatch.setattr("sys.stdin", stack.enter_context(Terminal(typed)))
            monkeypatch.setattr("app.cli.arguments.sys.stderr.isatty", lambda: True, raising=False)
            assert run("admin", "close", "alice@example.org")[0] == status, typed


class Terminal(contextlib.AbstractContextManager["Terminal"]):
    """Somebody who types this."""

    def __init__(self, typed: str) -> None:
        self.typed = typed

    def __exit__(self, *_: object) -> None:
        """Nothing is to be closed."""

    def isatty(self) -> bool:
        return True

    def readline(self) -> str:
        return self.typed


@pytest.mark.parametrize("line", ["nonsense", "user", "user add", "storage move main", "config show --yes x", "backup"])
def test_a_wrong_command_line_is_status_2(run: Any, line: str) -> None:
    status, out, err = run(*line.split())
    assert (status, out) == (2, "")
    assert "usage:" in err


def test_a_wrong_configuration_is_status_2(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARKROOM_HTTP_PORT", "many")
    status, out, err = run("config", "show")
    assert (status, out, err.count("\n")) == (2, "", 1)


def test_without_a_server_it_says_whose_word_that_is(run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DARKROOM_REGISTRATION_MODE", "open")
    _, out, _ = run("user", "invite", "carol@example.org")
    assert "(registration.mode is open, says no file: the defaults and the environment; no server is running here)" in out
    file = tmp_path / "darkroom.toml"
    file.write_text('[registration]\nmode = "closed"\n')
    monkeypatch.delenv("DARKROOM_REGISTRATION_MODE")
    _, out, _ = run("user", "invite", "dave@example.org", "--config", str(file))
    assert f"(registration.mode is closed, says {file}; no server is running here)" in out
