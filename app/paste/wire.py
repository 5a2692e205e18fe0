"""Wire shapes of /paste/* (collections.md §12.1)."""

from __future__ import annotations

from ..kernel.fields import Key, Title, Word
from ..kernel.wire import Body, Needed, Reply


class NewPaste(Body):
    """POST /paste/create; memory in bytes. Lengths are the service's to refuse, with a text for the person."""

    encrypted_data: Needed[Title]
    decryption_header: Needed[Key]
    encrypted_paste_key: Needed[Key]
    encrypted_paste_key_nonce: Needed[Key]
    kdf_nonce: Needed[Key]
    kdf_mem_limit: Needed[int]
    kdf_ops_limit: Needed[int]


class Created(Reply):
    """`expires_at` in µs."""

    access_token: str
    expires_at: int


class Opening(Body):
    """POST /paste/guard, POST /paste/consume."""

    access_token: Needed[Word]


class Paste(Reply):
    """What was put in, given out once."""

    encrypted_data: str
    decryption_header: str
    encrypted_paste_key: str
    encrypted_paste_key_nonce: str
    kdf_nonce: str
    kdf_mem_limit: int
    kdf_ops_limit: int
