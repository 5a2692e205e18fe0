"""`darkroom backup` and `restore` as processes, beside a running server."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.command import darkroom, serving


def test_it_works(tmp_path: Path) -> None:
    with serving(tmp_path):
        darkroom("user", "add", "alice@example.org", cwd=tmp_path)
        saved = darkroom("backup", "saved", "--json", cwd=tmp_path)
        assert (saved.returncode, saved.stderr, json.loads(saved.stdout)["ok"]) == (0, "", True)
    alone = darkroom("backup", "saved", "--no-secrets", cwd=tmp_path)
    assert alone.returncode == 0
    assert "WITHOUT secrets.toml" in alone.stderr
    checked = darkroom("backup", "verify", "saved", cwd=tmp_path)
    assert (checked.returncode, checked.stdout.splitlines()[1:]) == (
        0,
        ["It can be restored whole.", "It has no secrets.toml: restoring needs a copy of that file."],
    )
    assert "--yes" in darkroom("backup", "prune", "saved", "--keep", "1", cwd=tmp_path).stderr
    first, second = sorted(p.name for p in (tmp_path / "saved" / "snapshots").iterdir())
    refused = darkroom("restore", "saved", cwd=tmp_path)
    assert (refused.returncode, "never writes over" in refused.stderr) == (1, True)
    restored = darkroom("restore", "saved", "--snapshot", first, "--data-dir", "new", "--json", cwd=tmp_path)
    assert (restored.returncode, json.loads(restored.stdout)["users"]) == (0, 1)
    with serving(tmp_path, "--data-dir", "new"):
        assert "alice@example.org" in darkroom("user", "--data-dir", "new", "list", cwd=tmp_path).stdout
        assert darkroom("fsck", "--data-dir", "new", cwd=tmp_path).returncode == 0
    pruned = darkroom("backup", "prune", "saved", "--keep", "1", "--yes", "--json", cwd=tmp_path)
    assert json.loads(pruned.stdout)["kept"] == [second]


def test_refusals(tmp_path: Path) -> None:
    for args, said in [
        (("backup", "burn", "saved"), "one of verify, prune"),
        (("backup", "verify", "nowhere"), "nowhere"),
        (("backup", "prune", "."), "--keep"),
        (("backup", "verify", "s3://bucket/x"), "needs backup.endpoint"),
        (("restore", "nowhere"), "nowhere"),
    ]:
        done = darkroom(*args, cwd=tmp_path)
        assert (done.returncode, said in done.stderr) == (1, True), done
