"""Wire shapes of /authenticator/* (misc.md §3)."""

from __future__ import annotations

from ..wire import Body, Reply


class NewKey(Body):
    """POST /authenticator/key."""

    encrypted_key: str = ""
    header: str = ""

    @classmethod
    def required(cls) -> tuple[str, ...]:
        return ("encrypted_key", "header")


class NewEntity(Body):
    """POST /authenticator/entity."""

    encrypted_data: str = ""
    header: str = ""

    @classmethod
    def required(cls) -> tuple[str, ...]:
        return ("encrypted_data", "header")


class ChangedEntity(NewEntity):
    """PUT /authenticator/entity; `id` is a UUID."""

    id: str = ""

    @classmethod
    def required(cls) -> tuple[str, ...]:
        return ("id", "encrypted_data", "header")


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
