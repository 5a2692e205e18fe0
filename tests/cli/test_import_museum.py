"""`darkroom import-museum` as a process."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

from app.cli.main import APART, COMMANDS, MODULES
from app.kernel.crypto import b64
from tests.cli.command import darkroom
from tests.maintenance.test_museum import BYTES, KEY, folder, museum

__all__ = ["folder", "museum"]  # fixtures


def test_it_works(museum: str, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "museum.yaml").write_text(f"key:\n    encryption: {b64(KEY)}\n")
    command = ("import-museum", "--postgres", museum, "--objects", str(folder), "--museum-config", "museum.yaml")
    done = darkroom(*command, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["ok"], report["objects"], report["came"]["files"]) == (True, {"linked": len(BYTES)}, 3)
    again = darkroom(*command, cwd=tmp_path)
    assert (again.returncode, again.stdout.splitlines()[-1]) == (0, "Everything came.")
    assert darkroom("fsck", cwd=tmp_path).returncode == 0


def test_refusals(tmp_path: Path) -> None:
    (tmp_path / "objects").mkdir()
    for args, said in [
        (("--objects", "objects"), "key.encryption is needed"),
        (("--objects", "nowhere"), "no folder"),
        (("--objects", "s3://bucket"), "no [[storage]] has the bucket"),
    ]:
        env = {} if "needed" in said else {"ENTE_KEY_ENCRYPTION": b64(KEY)}
        done = darkroom("import-museum", "--postgres", "postgresql://x@127.0.0.1:1/x", *args, cwd=tmp_path, **env)
        assert done.returncode == 1, done
        assert said in done.stderr or "museum's database" in done.stderr


def test_every_command_has_its_module() -> None:
    wanted = {MODULES.get(name, name).replace("-", "_") for name in COMMANDS.keys() - APART.keys()}
    assert [m for m in sorted(wanted) if importlib.util.find_spec(f"app.cli.{m}") is None] == []
