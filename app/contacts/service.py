"""Rules of contacts: one for each person one knows, deleted ones included; nobody learns of people they share nothing with.

A change takes the owner's feed first, so that a person's devices come one after the other.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from ..db import Tx
from ..kernel import sync
from ..kernel.access import Session
from ..kernel.clock import DAY
from ..kernel.crypto import Crypto
from ..kernel.errors import CodedBadRequest, NotFound, TooMany
from ..kernel.parts import Kernel
from ..kernel.wire import b64_bytes
from ..objects import service as objects
from . import queries
from .queries import Stored
from .wire import ChangedContact, Contact, Diff, DiffQuery, NewContact

__all__ = ["address_changed", "change", "contact", "create", "delete", "diff", "picture_bytes"]

LIMIT = 5000  # rows of a diff page
MOST = 2000  # contacts of an account: with the limit of their texts, what they can take up in the database
_ID = re.compile(r"ct_[0-9A-Za-z_-]{1,64}")
picture_bytes = queries.picture_bytes
"""`(tx, user_id) -> int`: bytes of an account's pictures."""


def shown(crypto: Crypto, row: Stored) -> Contact:
    live = row.data is not None
    return Contact(
        id=row.id,
        user_id=row.user_id,
        contact_user_id=row.contact_user_id,
        email=crypto.decrypt(*row.email) if live and row.email else None,
        profile_picture_attachment_id=row.picture_id,
        encrypted_key=row.key if live else None,
        encrypted_data=row.data,
        is_deleted=not live,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def checked_id(text: str) -> str:
    """400 BAD_REQUEST for what is no contact's id."""
    if _ID.fullmatch(text) is None:
        raise CodedBadRequest("invalid contact id")
    return text


def own(tx: Tx, user_id: int, contact_id: str) -> Stored:
    """A contact of this person; 404 NOT_FOUND for anything else."""
    found = queries.contact(tx, user_id, contact_id)
    if found is None:
        raise NotFound(code="NOT_FOUND", log=f"user {user_id} has no contact {contact_id}")
    return found


def own_live(tx: Tx, user_id: int, contact_id: str) -> Stored:
    """The same, and not deleted."""
    found = own(tx, user_id, contact_id)
    if found.data is None:
        raise NotFound(code="NOT_FOUND", log=f"contact {contact_id} is deleted")
    return found


async def contact(kernel: Kernel, actor: Session, id: str) -> Contact:
    """One contact; a deleted one as the diff has it."""
    return shown(kernel.crypto, await kernel.db.read(own, actor.user_id, checked_id(id)))


async def diff(kernel: Kernel, actor: Session, ask: DiffQuery) -> Diff:
    """Contacts changed after `since_time` (µs), at most `limit` (1…5000), ascending. Stamps of one person's contacts all differ."""
    if not 0 < ask.limit <= LIMIT:
        raise CodedBadRequest(f"limit must be between 1 and {LIMIT}")
    if ask.since_time >= await kernel.db.read(sync.feed, actor.user_id):
        return Diff(diff=[])
    rows = await kernel.db.scan(queries.changed_since, actor.user_id, ask.since_time, ask.limit)
    return Diff(diff=[shown(kernel.crypto, row) for row in rows])


# --- changes
async def create(kernel: Kernel, actor: Session, ask: NewContact) -> Contact:
    """A new contact. 400 BAD_REQUEST for a stranger, for nobody, and for somebody who is or was one already."""
    _check_base64(ask.encrypted_key, ask.encrypted_data)
    contact_id = "ct_" + kernel.ids.alnum(22)
    return shown(kernel.crypto, await kernel.db.write("contacts.create", _create, actor.user_id, contact_id, ask, kernel.clock.now()))


def _check_base64(*texts: str) -> None:
    if None in map(b64_bytes, texts):
        raise CodedBadRequest("invalid base64")


def _create(tx: Tx, user_id: int, contact_id: str, ask: NewContact, now: int) -> Stored:
    stamp = sync.stamp(tx, now, [user_id])
    other = ask.contact_user_id
    if queries.id_of(tx, user_id, other) is not None:
        raise CodedBadRequest("contact already exists for contactUserID")
    _check_known(tx, user_id, other)
    if queries.count(tx, user_id) >= MOST:
        raise TooMany(log=f"user {user_id} has {MOST} contacts")
    queries.insert(tx, Stored(contact_id, user_id, other, ask.encrypted_key, ask.encrypted_data, None, None, stamp, stamp))
    return own(tx, user_id, contact_id)


def _check_known(tx: Tx, user_id: int, other: int) -> None:
    """The same answer for strangers and for nobody: ids of accounts are no secret to be tried out here."""
    if not queries.may_know(tx, user_id, other):
        raise CodedBadRequest("contactUserID is not eligible to be added as a contact")


async def change(kernel: Kernel, actor: Session, id: str, ask: ChangedContact) -> Contact:
    """New data, perhaps for another person; brings a deleted contact back. 404 NOT_FOUND, 400 as `create`."""
    _check_base64(ask.encrypted_data)
    changed = await kernel.db.write("contacts.change", _change, actor.user_id, checked_id(id), ask, kernel.clock.now())
    return shown(kernel.crypto, changed)


def _change(tx: Tx, user_id: int, contact_id: str, ask: ChangedContact, now: int) -> Stored:
    stamp = sync.stamp(tx, now, [user_id])
    known, other = own(tx, user_id, contact_id), ask.contact_user_id
    if other != known.contact_user_id and queries.id_of(tx, user_id, other) is not None:
        raise CodedBadRequest("contact already exists for contactUserID")
    if known.data is None or other != known.contact_user_id:
        _check_known(tx, user_id, other)
    queries.update(tx, user_id, contact_id, other, ask.encrypted_data, stamp)
    return own(tx, user_id, contact_id)


async def delete(kernel: Kernel, actor: Session, id: str) -> None:
    """Leave a tombstone and let go of the picture; a deleted one stays as it is. 404 NOT_FOUND."""
    await kernel.db.write("contacts.delete", _delete, kernel, actor.user_id, checked_id(id), kernel.clock.now())


def _delete(tx: Tx, kernel: Kernel, user_id: int, contact_id: str, now: int) -> None:
    stamp = sync.stamp(tx, now, [user_id])
    known = own(tx, user_id, contact_id)
    if known.data is not None:
        queries.bury(tx, user_id, contact_id, stamp)
        let_go(tx, kernel, user_id, [known.picture_object_id], now)


def let_go(tx: Tx, kernel: Kernel, user_id: int, object_ids: Collection[int | None], now: int) -> None:
    """Delete the bytes of pictures that were just taken out of their rows, after the usual grace: devices may be fetching them."""
    objects.release(tx, user_id, object_ids, now, kernel.config.trash.deletion_grace_days * DAY)


def address_changed(tx: Tx, user_id: int, now: int) -> None:
    """This person has a new address, or none any more: those who keep them as a contact are told at their next sync.

    Call it in the transaction that changes the address; it locks those people's feeds.
    """
    if keepers := queries.keepers(tx, user_id):
        queries.touch(tx, user_id, keepers, sync.stamp(tx, now, keepers))
