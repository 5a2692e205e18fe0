"""Wire shapes of /user-entity/* (misc.md §2)."""

from __future__ import annotations

from ..kernel import fields
from ..kernel.fields import Word
from ..kernel.wire import Body, Needed, Reply


class NewKey(Body):
    """POST /user-entity/key."""

    type: Needed[Word]
    encrypted_key: Needed[fields.Key]
    header: Needed[fields.Key]


class NewEntity(Body):
    """POST /user-entity/entity; `id` is made by the server unless given."""

    type: Needed[Word]
    encrypted_data: Needed[fields.Entity]
    header: Needed[fields.Key]
    id: Word = ""


class ChangedEntity(Body):
    """PUT /user-entity/entity. `expected_updated_at`: the stamp that the change was made on; a younger record is not overwritten."""

    id: Needed[Word]
    type: Needed[Word]
    encrypted_data: Needed[fields.Entity]
    header: Needed[fields.Key]
    expected_updated_at: int = 0


class Key(Reply):
    user_id: int
    type: str
    encrypted_key: str
    header: str
    created_at: int


class Entity(Reply):
    """A record; a deleted one has null payloads. Times in µs."""

    id: str
    user_id: int
    type: str
    encrypted_data: str | None
    header: str | None
    is_deleted: bool
    created_at: int
    updated_at: int


class Diff(Reply):
    """Ascending by `updated_at`. The apps ask again until a page is shorter than the limit."""

    diff: list[Entity]
