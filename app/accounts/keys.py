"""Key attributes, the recovery key, public keys (accounts.md §5.5). All are written once: what is lost cannot be made again."""

from __future__ import annotations

import msgspec
from nacl.exceptions import CryptoError

from ..db import Tx
from ..http.query import Query
from ..kernel import people
from ..kernel.access import Session
from ..kernel.crypto import seal_text
from ..kernel.errors import BadRequest, CodedBadRequest, Conflict, Forbidden, NotFound
from ..kernel.parts import Kernel
from ..kernel.wire import b64_bytes
from . import queries
from .wire import Addresses, KeyAttributes, KeyOf, PublicKey, PublicKeys, RecoveryKey

STRENGTH = 1 << 32  # memLimit x opsLimit of every key derivation a client may ask for
LEAST_MEMORY = 128 << 20  # bytes
LONGEST = 1024  # characters of a wrapped key, nonce or salt; the clients' have at most 64


def check_strength(mem_limit: int, ops_limit: int) -> None:
    """400 BAD_REQUEST for a key derivation weaker or odder than the clients' four."""
    if mem_limit * ops_limit != STRENGTH:
        raise CodedBadRequest("Unexpected KDF strength")
    if mem_limit < LEAST_MEMORY:
        raise CodedBadRequest("memory limit must be at least 128MB")


def check_sizes(*texts: str) -> None:
    """400 BAD_REQUEST for what is no key: strangers who know an address are told its salts, and every log-in all of it."""
    if max(map(len, texts)) > LONGEST:
        raise CodedBadRequest(f"key attributes may have {LONGEST} characters")


def _check_public_key(text: str) -> None:
    """400 unless tokens can be sealed to it: libsodium refuses points of low order."""
    if b64_bytes(text, 32) is None:
        raise CodedBadRequest("publicKey must be 32 bytes")
    try:
        seal_text("", text)
    except CryptoError:
        raise CodedBadRequest("publicKey is no usable key") from None


def check(keys: KeyAttributes) -> None:
    """400 BAD_REQUEST for key attributes that no client makes."""
    check_strength(keys.mem_limit, keys.ops_limit)
    check_sizes(*(v for v in msgspec.structs.astuple(keys) if isinstance(v, str)))
    _check_public_key(keys.public_key)


def keep(tx: Tx, user_id: int, keys: KeyAttributes) -> bool:
    """Store an account's keys, once: whether they are new. Others than the stored ones are 403; the same again are no error, because
    clients repeat the request when its answer got lost."""
    if queries.insert_key_attributes(tx, user_id, keys):
        return True
    if queries.key_attributes(tx, user_id) != keys:
        raise Forbidden(log=f"user {user_id} has other key attributes")
    return False


async def set_recovery_key(kernel: Kernel, actor: Session, ask: RecoveryKey) -> None:
    """For accounts of old clients, made without one. 404 without key attributes, 409 CONFLICT when another is stored."""
    check_sizes(*msgspec.structs.astuple(ask))
    await kernel.db.write("accounts.set_recovery_key", _set_recovery_key, actor.user_id, ask)


def _set_recovery_key(tx: Tx, user_id: int, ask: RecoveryKey) -> None:
    stored = queries.key_attributes(tx, user_id)
    if stored is None:
        raise NotFound(log=f"user {user_id} has no key attributes")
    if not stored.recovery_key_encrypted_with_master_key:
        queries.set_recovery_key(tx, user_id, ask)
    elif any(getattr(stored, f) != getattr(ask, f) for f in RecoveryKey.__struct_fields__):
        raise Conflict("recovery key is already set", code="CONFLICT")


class AddressQuery(Query):
    email: str = ""


async def public_key(kernel: Kernel, actor: Session, query: AddressQuery) -> PublicKey:
    """Of whoever has this address; 404 for nobody and for accounts without keys, 429 after too many different ones."""
    user_id = await people.look_up(kernel, actor.user_id, query.email) if query.email.strip() else None
    found = None if user_id is None else await kernel.db.read(queries.public_key, user_id)
    if found is None:
        raise NotFound(log="no public key")
    return PublicKey(public_key=found)


async def public_keys(kernel: Kernel, actor: Session, ask: Addresses) -> PublicKeys:
    """Of several people, in the order asked for; 404 when one of them is nobody or has no keys, 400 for an empty list, 429 as for one: a list
    is no cheaper way to try out addresses."""
    if not ask.emails:
        raise BadRequest(log="no addresses")
    people_asked: dict[str, int] = {}
    for email in ask.emails:
        user_id = await people.look_up(kernel, actor.user_id, email) if email.strip() else None
        if user_id is None:
            raise NotFound(log="one of several addresses is nobody's")
        people_asked[email] = user_id
    found = await kernel.db.read(queries.public_keys, list(people_asked.values()))
    if not found.keys() >= set(people_asked.values()):
        raise NotFound(log="no public key of one of several people")
    return PublicKeys(public_keys=[KeyOf(email=email, public_key=found[user_id]) for email, user_id in people_asked.items()])
