"""Wire shapes of /file-link/* (files.md §7.2)."""

from __future__ import annotations

from ..files.entry import File
from ..kernel.wire import Lean, Reply


class Secrets(Lean):
    """What a visitor's app opens the file with."""

    encrypted_file_key: str | None = None
    encrypted_file_key_nonce: str | None = None
    kdf_nonce: str | None = None
    kdf_mem_limit: int | None = None
    kdf_ops_limit: int | None = None


class Info(Reply):
    file: File
    link: Secrets


class PassInfo(Reply):
    """nulls where there is no password."""

    nonce: str | None
    ops_limit: int | None
    mem_limit: int | None
