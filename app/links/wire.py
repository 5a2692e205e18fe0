"""Wire shapes of album links (collections.md §1.2, §5.4, §6, §7.4)."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from ..kernel.fields import Key, Word
from ..kernel.wire import Body, Needed, Reply

# --- requests


class NewLink(Body):
    """POST /collections/share-url (§6.1). `valid_till` in µs, 0 for ever; `enable_join` null means yes."""

    collection_id: Needed[int]
    enable_collect: bool = False
    enable_comment: bool = False
    enable_join: bool | None = None
    valid_till: int = 0
    device_limit: int = 0


class LinkChange(Body):
    """PUT /collections/share-url (§6.2): null leaves a value as it is."""

    collection_id: Needed[int]
    valid_till: int | None = None
    device_limit: int | None = None
    pass_hash: Key | None = None
    nonce: Key | None = None
    mem_limit: int | None = None
    ops_limit: int | None = None
    enable_download: bool | None = None
    enable_collect: bool | None = None
    enable_comment: bool | None = None
    disable_password: bool | None = None
    enable_join: bool | None = None
    min_role: Word | None = None


class Password(Body):
    """POST /public-collection/verify-password: what the visitor's app derived from the password."""

    pass_hash: Needed[Key]


class Join(Body):
    """POST /collections/join-link: the album's key, sealed to whoever joins (80 bytes)."""

    collection_id: Needed[int]
    encrypted_key: Needed[Key]


# --- replies


class PublicUrl(Reply):
    """A link as its owner and sharees see it. UNSET fields are absent: without a password, without a least role."""

    url: str
    device_limit: int
    valid_till: int
    enable_download: bool
    enable_collect: bool
    enable_comment: bool
    enable_join: bool
    password_enabled: bool
    nonce: str | UnsetType = UNSET
    mem_limit: int | UnsetType = UNSET
    ops_limit: int | UnsetType = UNSET
    min_role: str | UnsetType = UNSET


class Result(Reply):
    result: PublicUrl


class Info(Reply):
    """GET /public-collection/info. `collection` is the album as `collections.service.guests` shows it."""

    collection: msgspec.Struct
    referral_code: str


class Proof(Reply):
    jwt_token: str
