"""Wire shapes of /authenticator/* (misc.md §3)."""

from __future__ import annotations

from ..kernel import fields
from ..kernel.fields import Word
from ..kernel.wire import Body, Needed, Reply


class NewKey(Body):
    """POST /authenticator/key."""

    encrypted_key: Needed[fields.Key]
    header: Needed[fields.Key]


class NewEntity(Body):
    """POST /authenticator/entity."""

    encrypted_data: Needed[fields.Entity]
    header: Needed[fields.Key]


class ChangedEntity(NewEntity, kw_only=True):
    """PUT /authenticator/entity; `id` is a UUID."""

    id: Needed[Word]


class Key(Reply):
    user_id: int
    encrypted_key: str
    header: str
    created_at: int


class Entity(Reply):
    """A code; a deleted one has null payloads. Times in µs."""

    id: str
    user_id: int
    encrypted_data: str | None
    header: str | None
    is_deleted: bool
    created_at: int
    updated_at: int


class Diff(Reply):
    """`timestamp` (µs) lets the app correct its clock for the codes it shows."""

    diff: list[Entity]
    timestamp: int
