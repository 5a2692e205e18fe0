"""Putting a built web app in its place: from a ZIP file or a folder, checked, its placeholders filled, compressed once for all."""

from __future__ import annotations

import contextlib
import gzip
import os
import shutil
import stat
import zipfile
from pathlib import Path, PurePosixPath

from . import builds
from .builds import INDEX, MOST_FILES, PLACEHOLDERS, NoBuild

MOST_BYTES = 1 << 30
WORTH = 1024  # bytes from which compressing is worth a file
_TEXT = (".html", ".js", ".mjs", ".css", ".json", ".map", ".svg", ".txt", ".xml", ".wasm", ".webmanifest")
_FILLED = (".js", ".mjs", ".html", ".json", ".txt")


def add(source: Path, target: Path, addresses: dict[str, str]) -> None:
    """Make `target` the build in `source`. `addresses`: what stands for each placeholder. Raises NoBuild; then `target` is as it was."""
    target.parent.mkdir(parents=True, exist_ok=True)
    new, old = target.with_name(f".{target.name}.new"), target.with_name(f".{target.name}.old")
    for left in (new, old):
        shutil.rmtree(left, ignore_errors=True)
    try:
        new.mkdir()
        if source.is_dir():
            _copy(source, new)
        else:
            _unpack(source, new)
        root = _root(new)
        _fill(root, addresses)
        builds.read(root)
        _compress(root)
        _readable(root)
        if target.exists():
            target.rename(old)
        root.rename(target)
    except OSError as e:
        raise NoBuild(f"{e.filename or source}: {e.strerror or e}") from e
    finally:
        for left in (new, old):
            shutil.rmtree(left, ignore_errors=True)


def _unpack(source: Path, into: Path) -> None:
    try:
        with zipfile.ZipFile(source) as packed:
            entries = [entry for entry in packed.infolist() if not entry.is_dir()]
            if len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > MOST_BYTES:
                raise NoBuild(f"{source} is too large for a web app")
            for entry in entries:
                _unpack_one(packed, entry, into)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as e:
        raise NoBuild(f"{source} is no ZIP file that can be read: {e}") from None


def _unpack_one(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, into: Path) -> None:
    """One file. Names that lead out of the folder, and links, are refused, not skipped: such an archive was not made by a build."""
    name = PurePosixPath(entry.filename.replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts or ":" in entry.filename or "\0" in entry.filename:
        raise NoBuild(f"{entry.filename!r} in the archive leads out of the folder")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise NoBuild(f"{entry.filename!r} in the archive is a link")
    place = into / name
    place.parent.mkdir(parents=True, exist_ok=True)
    left = entry.file_size
    with packed.open(entry) as reading, place.open("wb") as writing:
        while piece := reading.read(1 << 20):
            left -= len(piece)
            if left < 0:
                raise NoBuild(f"{entry.filename!r} in the archive is longer than it says")
            writing.write(piece)


def _copy(source: Path, into: Path) -> None:
    total = 0
    for n, path in enumerate(sorted(source.rglob("*"))):
        total += 0 if path.is_symlink() or not path.is_file() else path.stat().st_size
        if n > MOST_FILES or total > MOST_BYTES:
            raise NoBuild(f"{source} is too large for a web app")
        place = into / path.relative_to(source)
        if path.is_symlink():
            raise NoBuild(f"{path} is a link")
        if path.is_dir():
            place.mkdir(exist_ok=True)
        else:
            shutil.copyfile(path, place)


def _root(folder: Path) -> Path:
    """Where the index is: in the folder, or in the one folder inside it that archives often have."""
    inside = [path for path in folder.iterdir() if path.name != "__MACOSX"]
    if not (folder / INDEX).is_file() and len(inside) == 1 and (inside[0] / INDEX).is_file():
        return inside[0]
    return folder


def _fill(folder: Path, addresses: dict[str, str]) -> None:
    """Put addresses in the places that a container image leaves for them; what was compressed before would say otherwise."""
    for path in [p for p in folder.rglob("*") if p.is_file() and p.suffix in _FILLED]:
        text = filled = path.read_bytes()
        for placeholder in PLACEHOLDERS:
            if placeholder in addresses:
                filled = filled.replace(placeholder.encode(), addresses[placeholder].encode())
        if filled != text:
            path.write_bytes(filled)
            for end in (".gz", ".br"):
                with contextlib.suppress(FileNotFoundError):
                    path.with_name(path.name + end).unlink()


def _compress(folder: Path) -> None:
    for path in [p for p in folder.rglob("*") if p.is_file() and p.suffix in _TEXT and p.stat().st_size >= WORTH]:
        packed = path.with_name(path.name + ".gz")
        if packed.exists():
            continue
        small = gzip.compress(path.read_bytes(), 9, mtime=0)
        if len(small) < path.stat().st_size * 0.95:
            packed.write_bytes(small)


def _readable(folder: Path) -> None:
    """A server that runs as somebody else than whoever adds an app must be able to read it; there is nothing secret in one."""
    for path in (folder, *folder.rglob("*")):
        os.chmod(path, 0o755 if path.is_dir() else 0o644)  # meant for everybody
