"""The server's own keys in `secrets.toml` (mode 0600): made at the first start, read at every other, never replaced.

Must not invent new keys where data exists: they would lock everybody's e-mail address away.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import logging
import os
import tomllib
from pathlib import Path

from .clock import Ids
from .config_sources import ConfigError
from .crypto import Secrets

NAME = "secrets.toml"
_LENGTHS = {"encryption": 32, "hash": 64, "jwt": 32, "url": 32}  # bytes
_HEAD = """\
# Darkroom's own keys, made at the first start. Keep a copy with every backup of the database: without them nobody's e-mail
# address can be read and nobody can log in with it. They do not open anybody's photos.
"""
log = logging.getLogger("darkroom.secrets")


def load_or_create(folder: Path, ids: Ids, *, data_exists: bool) -> Secrets:
    """The keys in this folder. ConfigError when the file is damaged, or missing although `data_exists`."""
    path = folder / NAME
    if not path.exists():
        if data_exists:
            raise ConfigError(f"data_dir: {path} is missing but the database or the photos are there; put the file back from a backup")
        create(path, Secrets.generate(ids))
    return read(path)


def read(path: Path) -> Secrets:
    """The keys of this file; ConfigError when it cannot be read or does not hold them."""
    try:
        if path.stat().st_mode & 0o077:
            log.warning("%s can be read by other users of this machine: chmod 600 it", path)
        text = path.read_text(encoding="utf-8")
    except OSError as e:
        raise ConfigError(f"data_dir: cannot read {path}: {e.strerror}") from None
    except ValueError:
        raise ConfigError(f"data_dir: {path} is damaged; put it back from a backup") from None
    return parsed(text, path)


def parsed(text: str, path: Path) -> Secrets:
    """The keys in the text of this file; ConfigError when it does not hold them."""
    try:
        values = tomllib.loads(text)
        keys = {name: base64.b64decode(values[name], validate=True) for name in _LENGTHS}
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise ConfigError(f"data_dir: {path} is damaged; put it back from a backup") from None
    if any(len(keys[name]) != length for name, length in _LENGTHS.items()):
        raise ConfigError(f"data_dir: {path} is damaged; put it back from a backup")
    return Secrets(**keys)


def create(path: Path, secrets: Secrets) -> None:
    """Durably, and never over a file that another process made in the same moment."""
    lines = "".join(f'{name} = "{base64.b64encode(getattr(secrets, name)).decode()}"\n' for name in _LENGTHS)
    temp = path.with_name(f".{NAME}.{os.getpid()}")
    fd = os.open(temp, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(fd, (_HEAD + lines).encode())
        os.fsync(fd)
    finally:
        os.close(fd)
    try:
        os.link(temp, path)
    except FileExistsError:
        pass
    except OSError:  # a file system without links: the window in which two processes could differ is one call wide
        os.replace(temp, path)
    with contextlib.suppress(FileNotFoundError):
        temp.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
