"""axe-core, which finds what keeps people with a screen reader or without a mouse out of a page. From npm, where there is one."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.browser.chromium import Page

PACKAGE = "axe-core@4.14.1"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def fetch(folder: Path) -> str:
    """Its script; the test is skipped where npm cannot bring it."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm here, which brings axe-core")
    got = subprocess.run([npm, "pack", "--silent", "--cache", str(folder / "npm"), PACKAGE], cwd=folder, capture_output=True, text=True, timeout=120)
    if got.returncode:
        pytest.skip(f"npm does not bring {PACKAGE}: {got.stderr[-200:]}")
    (packed,) = folder.glob("axe-core-*.tgz")
    with tarfile.open(packed) as files:
        script = files.extractfile("package/axe.min.js")
        assert script is not None
        return script.read().decode()


def violations(page: Page, script: str) -> list[str]:
    """What is wrong with the page, one text each."""
    page.run(f"{script}; undefined")
    found: list[dict[str, Any]] = page.run(f"axe.run({{ runOnly: {RULES!r} }}).then((r) => r.violations)")
    return [f"{v['id']}: {v['help']}: {[node['html'][:200] for node in v['nodes'][:3]]}" for v in found]
