"""The names clients know preview blobs by: `pv_` and 22 letters and digits (files.md §8).

A name is the object's key in disguise, bound to the file and the type it was issued for: no row has to remember it until it is registered.
"""

from __future__ import annotations

from ..kernel.crypto import Crypto

PREFIXES = {"vid_preview": "pv_", "img_preview": "pi_"}


def name_of(crypto: Crypto, file_id: int, kind: str, key: str) -> str:
    """The name of a minted key for a preview of this file."""
    return PREFIXES[kind] + crypto.name_of_key(key, "preview", kind, file_id)


def key_of(crypto: Crypto, owner_id: int, file_id: int, kind: str, name: str) -> str | None:
    """The key behind a name that was issued to this owner for this file; None for any other text."""
    prefix, digits = name[:3], name[3:]
    return crypto.key_of_name(owner_id, digits, "preview", kind, file_id) if prefix == PREFIXES[kind] else None
