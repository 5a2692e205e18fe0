"""The vault: what is sealed stays so; who else uses the folder is told."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from bridge.client.keys import Keys
from bridge.library import vault
from bridge.library.vault import Link, VaultError

LINK = Link("http://s", "alice@example.org", "the-token", True, Keys(1, b"m" * 32, b"p" * 32, b"s" * 32), b"o" * 32)


@pytest.mark.parametrize("passphrase", ["", "seven words"])
def test_it_works(tmp_path: Path, passphrase: str) -> None:
    vault.save(tmp_path, LINK, passphrase)
    assert vault.needs_passphrase(tmp_path) == bool(passphrase)
    assert vault.load(tmp_path, passphrase) == LINK
    assert b"the-token" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.iterdir())


def test_a_wrong_passphrase_and_a_missing_or_open_key_file(tmp_path: Path) -> None:
    vault.save(tmp_path / "a", LINK, "right")
    with pytest.raises(VaultError, match="does not open"):
        vault.load(tmp_path / "a", "wrong")
    vault.save(tmp_path / "b", LINK)
    (tmp_path / "b/vault.key").chmod(0o644)
    with pytest.raises(VaultError, match="chmod 600"):
        vault.load(tmp_path / "b")
    (tmp_path / "b/vault.key").unlink()
    with pytest.raises(VaultError, match="is missing"):
        vault.load(tmp_path / "b")


def test_no_vault_and_a_damaged_one(tmp_path: Path) -> None:
    with pytest.raises(VaultError, match="no account is linked"):
        vault.load(tmp_path)
    vault.save(tmp_path, LINK)
    (tmp_path / "vault.json").write_bytes(b"{")
    with pytest.raises(VaultError, match="damaged"):
        vault.load(tmp_path)
    (tmp_path / "vault.json").write_bytes(msgspec.json.encode(vault.Sealed(2, b"", b"", b"")))
    with pytest.raises(VaultError, match="newer"):
        vault.load(tmp_path)


def test_two_do_not_work_in_one_folder(tmp_path: Path) -> None:
    with vault.alone(tmp_path):
        with pytest.raises(VaultError, match="another"), vault.alone(tmp_path):
            raise AssertionError
    with vault.alone(tmp_path):
        pass
