"""`darkroom routes` shows the table of routes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from app.cli.main import main
from app.main import TABLE

ROOT = Path(__file__).parent.parent.parent


def printed(capsys: pytest.CaptureFixture[str], *more: str) -> str:
    assert main(["routes", *more]) == 0
    return capsys.readouterr().out


def test_it_lists_every_route_with_guard_budget_and_limit(capsys: pytest.CaptureFixture[str]) -> None:
    head, *rows = printed(capsys).splitlines()
    assert head.split() == ["METHOD", "PATH", "GUARD", "LIMIT", "BODY", "WHERE"]
    assert len(rows) == len(TABLE.routes)
    (row,) = [row for row in rows if row.startswith("POST") and " /users/ott " in row]
    assert re.fullmatch(r"POST +/users/ott +anyone +sensitive 10/60s +[\d.]+KiB +app\.\S+", row)


def test_as_json_with_the_figures_in_force(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("[limits.sensitive]\ncount = 3\n[http]\nmax_body = 1000\n")
    rows = json.loads(printed(capsys, "--json", "--config", str(file)))
    assert {(r["method"], r["path"]) for r in rows} == {(r.method, r.path) for r in TABLE.routes}
    (ott,) = [r for r in rows if r["path"] == "/users/ott"]
    assert (ott["guard"], ott["limit"], ott["requests"], ott["seconds"]) == ("anyone", "sensitive", 3, 60)
    (keys,) = [r for r in rows if (r["method"], r["path"]) == ("PUT", "/users/attributes")]
    assert keys["bodyLimit"] == 1000


def test_it_prints_the_documents_whatever_the_configuration(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("[limits.sensitive]\ncount = 3\n")
    assert json.loads(printed(capsys, "--openapi", "--config", str(file)))["openapi"] == "3.1.0"
    assert printed(capsys, "--fields").startswith("# Limits of fields")
