"""Numbered records that belong to the account and to no photo (authors, import sessions, stacks, users), each kind a section of `settings`.

Numbers begin at 1 and are not used twice. A section that has become too large for the album it lies in takes no more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

import msgspec

from ..client.errors import ClientError
from . import settings
from .library import Library

MOST_BYTES = 150_000
"""Of all sections together, as JSON: the server takes 256 KiB of sealed base64."""
Record = dict[str, Any]

_writing: WeakKeyDictionary[Library, asyncio.Lock] = WeakKeyDictionary()


class TooMany(ClientError):
    """The album that holds them is full."""


def read(library: Library, section: str) -> dict[int, Record]:
    """Number → record, in order. Lenient: what does not fit was not written by us."""
    items = settings.read(library, section).get("items")
    found = {}
    for name, record in items.items() if isinstance(items, Mapping) else ():
        if name.isdecimal() and isinstance(record, Mapping):
            found[int(name)] = dict(record)
    return dict(sorted(found.items()))


async def add(library: Library, section: str, record: Record, *, first: int = 1) -> int:
    """The new record's number."""
    made = 0

    def edit(whole: Record) -> None:
        nonlocal made
        items = dict(whole.get("items") or {})
        made = max(int(whole.get("next") or first), first)
        whole["next"], whole["items"] = made + 1, items | {str(made): record}

    await _change(library, section, edit)
    return made


async def change(library: Library, section: str, number: int, edit: Callable[[Record], None], *, make: bool = False) -> Record | None:
    """The record as it is then; None where there is none, unless `make`."""
    changed: Record | None = None

    def inside(whole: Record) -> None:
        nonlocal changed
        items = dict(whole.get("items") or {})
        found = items.get(str(number))
        if found is None and not make:
            changed = None
            return
        changed = dict(found or {})
        edit(changed)
        whole["items"] = items | {str(number): changed}

    await _change(library, section, inside)
    return changed


async def drop(library: Library, section: str, number: int) -> bool:
    """Whether it was there."""
    there = False

    def edit(whole: Record) -> None:
        nonlocal there
        items = dict(whole.get("items") or {})
        there = items.pop(str(number), None) is not None
        whole["items"] = items

    await _change(library, section, edit)
    return there


async def _change(library: Library, section: str, edit: Callable[[Record], None]) -> None:
    """One at a time: the server does not check the version of an album's metadata."""

    def checked(whole: Record) -> None:
        before = len(msgspec.json.encode(whole))
        edit(whole)
        more = len(msgspec.json.encode(whole)) - before
        if more > 0 and settings.size(library) + more > MOST_BYTES:
            raise TooMany("There is no room for more of these")

    async with _writing.setdefault(library, asyncio.Lock()):
        await settings.change(library, section, checked)
