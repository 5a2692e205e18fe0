"""A built web app in its folder: which files it has, how each is answered, and which server it was built to ask. Reads only."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

INDEX = "index.html"
MOST_FILES = 20_000
MEDIA = {
    ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8", ".json": "application/json", ".map": "application/json", ".webmanifest": "application/manifest+json",
    ".txt": "text/plain; charset=utf-8", ".xml": "application/xml", ".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp", ".avif": "image/avif", ".ico": "image/x-icon",
    ".woff": "font/woff", ".woff2": "font/woff2", ".ttf": "font/ttf", ".wasm": "application/wasm", ".mp4": "video/mp4", ".pdf": "application/pdf",
}  # fmt: skip
"""Types by the ends of names; all others are bytes."""
_HASHED = re.compile(r"_next/static/.+|.*[.-](?=[A-Za-z0-9_]*[0-9])[A-Za-z0-9_]{8,}\.[a-z0-9]+")
"""Names that change with what is in the file."""
_PACKED = {".br": "br", ".gz": "gzip"}
_INLINE = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)
PLACEHOLDERS = {
    "ENTE_API_ORIGIN_PLACEHOLDER": None, "ENTE_ALBUMS_ORIGIN_PLACEHOLDER": "albums", "ENTE_PHOTOS_ORIGIN_PLACEHOLDER": "photos",
}  # fmt: skip
"""What Ente's container image has in the place of addresses, and the app whose address it is; None: this server's."""
_ENDPOINT = re.compile(rb"apiOrigin.{0,300}?[\"'`](https?://[^\"'`/\s]+)", re.DOTALL)


class NoBuild(Exception):
    """The folder holds no built web app; the text says why."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file. `packed`: the same bytes compressed, by the name of the coding. `scripts`: hashes of what a page runs inline."""

    path: Path
    size: int
    media: str
    etag: str
    immutable: bool
    packed: dict[str, tuple[Path, int]] = field(default_factory=dict)
    scripts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Build:
    """`stamp` changes when the folder is replaced."""

    assets: dict[str, Asset]
    stamp: tuple[int, int]

    def find(self, path: str) -> Asset | None:
        """The file for a path of a URL: itself, with `.html`, or the index below it. None where there is none."""
        name = path.strip("/")
        for candidate in (name, f"{name}.html", f"{name}/{INDEX}") if name else (INDEX,):
            if (found := self.assets.get(candidate)) is not None:
                return found
        return None


def stamp(folder: Path) -> tuple[int, int]:
    """(inode, time of change) of the folder; NoBuild where there is none."""
    try:
        found = folder.stat()
    except OSError:
        raise NoBuild(f"there is no folder {folder}") from None
    return found.st_ino, found.st_mtime_ns


def read(folder: Path) -> Build:
    """The build in a folder, without links and hidden files. Raises NoBuild."""
    at = stamp(folder)
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and not p.is_symlink() and not _hidden(p.relative_to(folder))]
    if len(files) > MOST_FILES:
        raise NoBuild(f"{folder} has more than {MOST_FILES} files")
    names = {p.relative_to(folder).as_posix(): p for p in files}
    if INDEX not in names:
        raise NoBuild(f"{folder} has no {INDEX}")
    return Build({name: _asset(name, path, names) for name, path in names.items() if not _is_packed(name, names)}, at)


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") and part != ".well-known" for part in path.parts)


def _is_packed(name: str, names: dict[str, Path]) -> bool:
    return any(name.endswith(end) and name.removesuffix(end) in names for end in _PACKED)


def _asset(name: str, path: Path, names: dict[str, Path]) -> Asset:
    found = path.stat()
    packed = {coding: (names[name + end], names[name + end].stat().st_size) for end, coding in _PACKED.items() if name + end in names}
    media = MEDIA.get(path.suffix.lower(), "application/octet-stream")
    page = path.suffix.lower() == ".html"
    scripts = tuple(_hash(s) for s in _INLINE.findall(path.read_text(encoding="utf-8", errors="replace"))) if page else ()
    etag = hashlib.sha256(f"{name} {found.st_size} {found.st_mtime_ns}".encode()).hexdigest()[:20]
    return Asset(path, found.st_size, media, etag, not page and _HASHED.fullmatch(name) is not None, packed, scripts)


def _hash(script: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() + "'"


def endpoint(folder: Path, own: str) -> str | None:
    """The server that a build asks: its origin, `own` where that stands in it, the placeholder of a container image, None where nothing
    can be told."""
    guess: str | None = None
    for script in sorted(folder.rglob("*.js")):
        text = script.read_bytes()
        if b"ENTE_API_ORIGIN_PLACEHOLDER" in text:
            return "ENTE_API_ORIGIN_PLACEHOLDER"
        if own.encode() in text:
            return own
        if guess is None and (found := _ENDPOINT.search(text)):
            guess = found[1].decode("ascii", "replace")
    return guess
