"""How an album looks to its owner, to a sharee, and to people without an account. No statements here."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, Raw

from ..files.entry import raw
from ..kernel.access import Role
from ..kernel.parts import Kernel
from . import link_views, queries, wire
from .wire import PublicUrl


def owned(row: queries.Row, sharees: list[wire.Person] | None = None, url: PublicUrl | None = None) -> wire.Collection:
    """An album as its owner sees it. `sharees` None (an answer to create) also leaves the links null."""
    (cid, owner, app, kind, key, nonce, name, encrypted_name, name_nonce, attributes, magic, pub, deleted, updated) = row
    return wire.Collection(
        id=cid,
        owner=wire.Person(id=owner),
        encrypted_key=key,
        key_decryption_nonce=nonce or UNSET,
        name=name,
        encrypted_name="" if name else encrypted_name,
        name_decryption_nonce="" if name else name_nonce,
        type=kind,
        attributes=Raw(attributes.encode()),
        sharees=sharees,
        public_urls=None if sharees is None else link_views.visible(url, Role.OWNER),
        updation_time=updated,
        is_deleted=True if deleted else UNSET,
        magic_metadata=raw(magic),
        pub_magic_metadata=raw(pub),
        app=app,
    )


def shared(kernel: Kernel, row: queries.Row, sharees: list[wire.Person], url: PublicUrl | None) -> wire.Collection:
    """An album as a sharee sees it: the own sealed key, nothing private of the owner's; after the end only what was known by then."""
    (cid, owner, app, kind, _, _, name, encrypted_name, name_nonce, _, _, pub, _, updated) = row[:14]
    key, shared_magic, last_seen, shared_at, ended, share_updated, cipher, nonce, role = row[14:]
    if ended:
        seen = msgspec.json.decode(last_seen) if last_seen else {}
        name, encrypted_name, name_nonce, pub = (seen.get(k) for k in ("name", "encryptedName", "nameDecryptionNonce", "pubMagicMetadata"))
    return wire.Collection(
        id=cid,
        owner=wire.Person(id=owner, email="" if ended or cipher is None else kernel.crypto.decrypt(cipher, nonce)),
        encrypted_key=key,
        name=name or "",
        encrypted_name="" if name else encrypted_name or "",
        name_decryption_nonce="" if name else name_nonce or "",
        type=kind,
        sharees=[] if ended else sharees,
        public_urls=[] if ended else link_views.visible(url, Role[role]),
        updation_time=share_updated if ended else updated,
        shared_at=shared_at,
        is_deleted=True if ended else UNSET,
        pub_magic_metadata=raw(pub),
        shared_magic_metadata=UNSET if ended else raw(shared_magic),
        app=app,
    )


def visited(row: queries.Row, url: PublicUrl | None = None) -> wire.Collection:
    """An album as somebody without an account sees it: nothing private, nobody's address. `url`: of a link, what its visitor may see.

    The owner's sealed key stays: mobile takes it when the visitor is the owner (collections.md §7.4).
    """
    view = owned(row)
    view.magic_metadata = UNSET
    view.public_urls = None if url is None else [url]
    return view
