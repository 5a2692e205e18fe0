"""A small web app as a build leaves it."""

from __future__ import annotations

import zipfile
from pathlib import Path

PAGE = "<!doctype html><title>Albums</title><script src='/_next/static/main-0a1b2c3d.js'></script><script>start()</script>"
SCRIPT = 'const o=(await kv("apiOrigin"))??"ENTE_API_ORIGIN_PLACEHOLDER"??void 0;' + "/* long */" * 300
FILES = {
    "index.html": PAGE,
    "shared.html": "<!doctype html>shared",
    "_next/static/main-0a1b2c3d.js": SCRIPT,
    "images/logo.svg": "<svg/>",
    "core.wasm": "\0asm",
}


def build(folder: Path, **more: str) -> Path:
    for name, text in {**FILES, **more}.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return folder


def packed(folder: Path, names: dict[str, str], root: str = "") -> Path:
    made = folder / "app.zip"
    with zipfile.ZipFile(made, "w") as z:
        for name, text in names.items():
            z.writestr(root + name, text)
    return made
