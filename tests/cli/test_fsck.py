"""`darkroom fsck` as a process: through a running server and without one."""

from __future__ import annotations

import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.cli.progress_bar import Bar, line
from tests.cli.command import darkroom, serving


def test_it_works(tmp_path: Path) -> None:
    with serving(tmp_path):
        asked = darkroom("fsck", "--json", cwd=tmp_path)
        assert (asked.returncode, asked.stderr) == (0, "")
        assert json.loads(asked.stdout)["ok"] is True
    alone = darkroom("fsck", cwd=tmp_path)
    assert (alone.returncode, alone.stdout.splitlines()[-1]) == (0, "Everything is whole.")
    with closing(sqlite3.connect(tmp_path / "darkroom-data" / "darkroom.db")) as db:
        db.execute("INSERT INTO users (user_id, email_hash, created_at) VALUES (5, 'x', 1)")
        db.execute("INSERT INTO usage VALUES (5, 'photos', 7, 1)")
        db.execute("INSERT INTO objects (object_key, owner_id, store, size, state, created_at) VALUES ('5/a', 5, 'main', 3, 'stored', 1)")
        db.commit()
    with serving(tmp_path):
        again = darkroom("fsck", "--json", cwd=tmp_path)
        assert again.returncode == 3
        assert "every row has its bytes" in [p["check"] for p in json.loads(again.stdout)["problems"]]
    broken = darkroom("fsck", "--repair", cwd=tmp_path)
    assert broken.returncode == 3
    assert "BROKEN: the ledger is the sum of the files: 1, 1 repaired, 0 left" in broken.stdout
    assert "5/a main stored 3 None" in broken.stdout
    assert darkroom("fsck", cwd=tmp_path).returncode == 0  # nothing names the object: it is on its way out


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_bar_waits_then_draws_and_cleans_up(monkeypatch: pytest.MonkeyPatch) -> None:
    out = Terminal()
    with Bar(out) as tell:
        tell("copying", 1, 2)
        assert out.getvalue() == ""
        tell._next = 0
        tell("copying", 1, 2)
        assert "copying" in out.getvalue()
    assert out.getvalue().endswith("\r\x1b[K")
    quiet = io.StringIO()
    with Bar(quiet) as tell:
        tell._next = 0
        tell("copying", 1, 2)
    assert quiet.getvalue() == ""


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (("copying", 0, None, 80), "copying"),
        (("listing", 12_000, None, 80), "listing  12,000"),
        (("copying", 5, 10, 30), "copying  [####    ]  5 of 10"),
        (("copying", 5, 10, 20), "copying  5 of 10"),
        (("a very long stage", 5, 10, 10), "a very lo"),
    ],
)
def test_a_line(args: tuple[str, int, int | None, int], text: str) -> None:
    assert line(*args) == text
