"""The one file that opens the account: token and keys, sealed by a passphrase or by a key file that only its owner can read.

The password of the account is not kept.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from nacl.exceptions import CryptoError

from ..client import crypto
from ..client.errors import ClientError
from ..client.keys import Keys

OPS, MEM = 3, 268_435_456
"""Argon2id of a passphrase: passes and bytes."""


class VaultError(ClientError):
    """The vault is missing, of another version, or does not open."""


class Link(msgspec.Struct, frozen=True):
    """A linked account. `own_key` seals the journal of uploads."""

    url: str
    email: str
    token: str
    read_only: bool
    keys: Keys
    own_key: bytes


class Sealed(msgspec.Struct):
    """The file. `salt` is empty where a key file opens it."""

    version: int
    salt: bytes
    nonce: bytes
    cipher: bytes


def write_private(path: Path, content: bytes) -> None:
    """Whole or not at all, on the disk, and readable by the owner alone."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def save(folder: Path, link: Link, passphrase: str = "") -> None:
    """Makes or replaces the vault of this folder."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    salt = os.urandom(16) if passphrase else b""
    cipher, nonce = crypto.box(msgspec.json.encode(link), _key(folder, passphrase, salt, make=True))
    write_private(folder / "vault.json", msgspec.json.encode(Sealed(1, salt, nonce, cipher)))


def needs_passphrase(folder: Path) -> bool:
    return bool(_read(folder).salt)


def load(folder: Path, passphrase: str = "") -> Link:
    sealed = _read(folder)
    if sealed.version != 1:
        raise VaultError(f"the vault in {folder} was made by a newer version")
    try:
        plain = crypto.unbox(sealed.cipher, sealed.nonce, _key(folder, passphrase, sealed.salt, make=False))
    except CryptoError:
        raise VaultError("the vault does not open: wrong passphrase or key file") from None
    return msgspec.json.decode(plain, type=Link)


def remove(folder: Path) -> None:
    for name in ("vault.json", "vault.key"):
        (folder / name).unlink(missing_ok=True)


def _read(folder: Path) -> Sealed:
    try:
        return msgspec.json.decode((folder / "vault.json").read_bytes(), type=Sealed)
    except FileNotFoundError:
        raise VaultError("no account is linked: run `darkroom bridge link URL EMAIL`") from None
    except msgspec.MsgspecError:
        raise VaultError(f"the vault in {folder} is damaged: link the account again") from None


def _key(folder: Path, passphrase: str, salt: bytes, *, make: bool) -> bytes:
    if salt:
        return crypto.derive_key(passphrase, salt, OPS, MEM)
    path = folder / "vault.key"
    if make and not path.exists():
        write_private(path, crypto.random_key())
    try:
        if path.stat().st_mode & 0o077:
            raise VaultError(f"{path} can be read by others: chmod 600 it")
        return path.read_bytes()
    except FileNotFoundError:
        raise VaultError(f"{path} is missing: link the account again") from None


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """This process alone works in the folder: two would send the same uploads."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise VaultError(f"another `darkroom bridge` works in {folder}") from None
        yield
