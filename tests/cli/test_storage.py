"""`darkroom storage`, with a server and without one."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

from tests.cli.command import darkroom, serving

TWO = """
[tiers]
copies = 2
rate = 0
[[storage]]
name = "main"
[[storage]]
name = "second"
path = "{second}"
role = "{role}"
"""


def configured(folder: Path, role: str = "copy") -> str:
    file = folder / "darkroom.toml"
    file.write_text(f'data_dir = "{folder / "data"}"\n' + TWO.format(second=folder / "second", role=role))
    return str(file)


def test_a_start_without_the_second_disk(tmp_path: Path) -> None:
    config = configured(tmp_path)
    with serving(tmp_path, "--config", config):
        pass
    away = (tmp_path / "second").rename(tmp_path / "away")
    (tmp_path / "second").mkdir()
    with serving(tmp_path, "--config", config) as server:
        assert server.get("/readyz") == (200, b'{"status":"degraded"}')
        text = darkroom("storage", "--config", config, "status", cwd=tmp_path).stdout
        assert "down" in text and "mounted?" in text
        shutil.rmtree(tmp_path / "second")
        away.rename(tmp_path / "second")
        deadline = time.monotonic() + 30
        while server.get("/readyz")[1] != b'{"status":"ok"}' and time.monotonic() < deadline:
            time.sleep(0.5)
        assert server.get("/readyz") == (200, b'{"status":"ok"}')


def test_it_works_with_a_server_and_without(tmp_path: Path) -> None:
    config = configured(tmp_path)
    with serving(tmp_path, "--config", config):
        shown = json.loads(darkroom("storage", "--config", config, "status", "--json", cwd=tmp_path).stdout)
        assert [(s["name"], s["role"], s["state"], s["health"]) for s in shown["stores"]] == [
            ("main", "primary", "active", "ok"),
            ("second", "copy", "active", "ok"),
        ]
        refused = darkroom("storage", "--config", config, "drain", "main", cwd=tmp_path)
        assert refused.returncode == 1 and "nowhere to go" in refused.stderr
        done = darkroom("storage", "--config", config, "verify", "second", cwd=tmp_path)
        assert done.returncode == 0 and "verify second: 0 objects" in done.stdout
    done = darkroom("storage", "--config", config, "drain", "second", cwd=tmp_path)
    assert done.returncode == 0 and "retire second" in done.stdout, done
    assert darkroom("storage", "--config", config, "retire", "second", cwd=tmp_path).returncode == 0
    text = darkroom("storage", "--config", config, "status", cwd=tmp_path).stdout
    assert "retired" in text and "copies of each object: 2" in text
    assert darkroom("storage", "--config", config, "add", "second", cwd=tmp_path).returncode == 0
    unknown = darkroom("storage", "--config", config, "verify", "third", cwd=tmp_path)
    assert unknown.returncode == 1 and "main, second" in unknown.stderr
