"""Wire shapes of /public-memory/* (collections.md §11)."""

from __future__ import annotations

from ..files.entry import File
from ..kernel.wire import Reply


class MemoryFile(Reply):
    """A photo with its key for the memory; `file` has none."""

    file: File
    position: int
    encrypted_key: str
    key_decryption_nonce: str


class MemoryFiles(Reply):
    files: list[MemoryFile]
