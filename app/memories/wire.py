"""Wire shapes of /memory-share* (collections.md §11)."""

from __future__ import annotations

from ..kernel.fields import Batch, Entity, Key, Word
from ..kernel.wire import Body, Lean, Needed, Reply


class NewMemoryFile(Body):
    """A photo of the memory; its place is that in the list unless it says another."""

    file_id: int = 0
    position: int | None = None
    encrypted_key: Key = ""
    key_decryption_nonce: Key = ""


class NewMemory(Body, kw_only=True):
    """POST /memory-share."""

    type: Word = ""
    memory_hash: Word | None = None
    metadata_cipher: Entity | None = None
    metadata_nonce: Key | None = None
    encrypted_key: Needed[Key]
    key_decryption_nonce: Needed[Key]
    files: Needed[Batch[NewMemoryFile]]


class MemoryShare(Lean, kw_only=True):
    """A shared memory as its owner and its visitors see it. Times in µs."""

    id: int
    type: str
    memory_hash: str | None = None
    metadata_cipher: str | None = None
    metadata_nonce: str | None = None
    encrypted_key: str
    key_decryption_nonce: str
    access_token: str
    created_at: int
    updated_at: int
    url: str


class OneMemory(Reply):
    memory_share: MemoryShare


class Memories(Reply):
    memory_shares: list[MemoryShare]
