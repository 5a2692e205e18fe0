"""Groups of photos (`/photo-stacks`). A photo is in one at most; put into another, it leaves the first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from litestar import delete, get, post, put
from litestar.params import FromPath, JSONBody

from ..library import companions, noted, records
from ..serving.problems import Problem
from . import PREFIX, stacks, wire
from .access import CREATE, DELETE, READ, UPDATE, Books, Me
from .catalog import Catalog, Seen
from .people import Person
from .photos import now

_WORDS = ("stack_type", "name")


@dataclass(frozen=True)
class Stack:
    """`members` in their order; `record` is empty for one that another face made and nobody has said more of."""

    number: int
    text: str
    record: records.Record
    members: list[Seen]

    @property
    def cover(self) -> int:
        """A photo's number, 0: none."""
        return int(self.record.get("cover", self.members[0].id if self.members else 0))

    def summary(self, catalog: Catalog) -> dict[str, Any]:
        hothashes = {
            seen.id: seen.hothash for seen in catalog.of(self.record.get("user", self.members[0].user if self.members else companions.OWNER))
        }
        made = self.record.get("made") or min((seen.made for seen in self.members), default=0)
        changed = self.record.get("changed") or max((seen.updated for seen in self.members), default=made)
        return {
            "id": self.number,
            "stack_type": self.record.get("stack_type"),
            "cover_photo_hothash": hothashes.get(self.cover),
            "photo_count": len(self.members),
            "created_at": wire.time_of(made),
            "updated_at": wire.time_of(changed),
        }

    def whole(self, catalog: Catalog) -> dict[str, Any]:
        return self.summary(catalog) | {"photo_hothashes": [seen.hothash for seen in self.members]}


def _stacks(catalog: Catalog, me: Person) -> dict[int, Stack]:
    """A user's stacks by number."""
    members: dict[int, list[Seen]] = {}
    texts: dict[int, str] = {}
    for seen in catalog.of(me.id):
        if seen.stack:
            number = stacks.number_of(catalog.library, seen.stack)
            members.setdefault(number, []).append(seen)
            texts[number] = seen.stack
    known = {n: record for n, record in catalog.records(stacks.SECTION).items() if record.get("user", companions.OWNER) == me.id}
    found = {}
    for number in sorted({*members, *known}):
        record = known.get(number, {})
        text = str(record.get("text") or texts.get(number) or "")
        found[number] = Stack(number, text, record, _in_order(record, members.get(number, [])))
    return found


def _in_order(record: records.Record, members: list[Seen]) -> list[Seen]:
    """As they were put in; those of whom nothing is known by when they were taken."""
    places = {photo: place for place, photo in enumerate(record.get("members") or ())}
    return sorted(members, key=lambda seen: (places.get(seen.id, len(places)), seen.taken or seen.made, seen.id))


def _stack(catalog: Catalog, me: Person, number: int) -> Stack:
    found = _stacks(catalog, me).get(number)
    if found is None:
        raise Problem(404, f"PhotoStack with id {number} not found")
    return found


def _answer(message: str, stack: dict[str, Any] | None) -> dict[str, Any]:
    return {"success": True, "message": message, "stack": stack}


def _said(data: wire.StackChange, catalog: Catalog, me: Person) -> records.Record:
    said = wire.given(data)
    record: records.Record = {name: (said[name] or "").strip() or None for name in _WORDS if name in said}
    if "cover_photo_hothash" in said:
        hothash = said["cover_photo_hothash"]
        record["cover"] = catalog.id_of(me.id, hothash) if hothash else 0
        if record["cover"] is None:
            raise Problem(400, "Cover photo does not exist or is not accessible")
    return record


async def _write(catalog: Catalog, me: Person, stack: Stack, said: records.Record, members: Iterable[int] | None = None) -> None:
    """Into the stack's record, which is made for one that another face made."""
    made = stack.record.get("made") or min((seen.made for seen in stack.members), default=now())

    def edit(record: records.Record) -> None:
        record.update({"text": stack.text, "made": made, "cover": stack.cover} | record | said | {"changed": now()})
        if me.id != companions.OWNER:
            record["user"] = me.id
        if members is not None:
            record["members"] = list(members)

    await records.change(catalog.library, stacks.SECTION, stack.number, edit, make=True)


@get(f"{PREFIX}/photo-stacks", sync_to_thread=False, **READ)
def listed(catalog: Books, me: Me, offset: wire.Offset = 0, limit: wire.Limit = 50) -> dict[str, Any]:
    found = list(_stacks(catalog, me).values())
    return wire.page([stack.summary(catalog) for stack in found[offset : offset + limit]], len(found), offset, limit)


@get(PREFIX + "/photo-stacks/{stack_id:int}", sync_to_thread=False, **READ)
def one(stack_id: FromPath[int], catalog: Books, me: Me) -> dict[str, Any]:
    return _stack(catalog, me, stack_id).whole(catalog)


@get(PREFIX + "/photos/{hothash:str}/stack", sync_to_thread=False, **READ)
def of_photo(hothash: FromPath[str], catalog: Books, me: Me) -> dict[str, Any] | None:
    seen = catalog.seen(catalog.photo(me.id, hothash))
    if not seen.stack:
        return None
    number = stacks.number_of(catalog.library, seen.stack)
    stack = _stack(catalog, me, number)
    return {"id": number, "name": stack.record.get("name")} | stack.summary(catalog)


@post(f"{PREFIX}/photo-stacks", request_max_body_size=wire.SMALL, **CREATE)
async def create(data: JSONBody[wire.StackChange], catalog: Books, me: Me) -> dict[str, Any]:
    made = now()
    record = {"made": made, "changed": made, "cover": 0} | _said(data, catalog, me)
    if me.id != companions.OWNER:
        record["user"] = me.id
    async with catalog.alone(stacks.SECTION):
        number = await records.add(catalog.library, stacks.SECTION, record)
        text = stacks.text_of(catalog.library, number)
        await records.change(catalog.library, stacks.SECTION, number, lambda found: found.update(text=text))
    return _answer("Photo stack created successfully", _stack(catalog, me, number).whole(catalog))


@put(PREFIX + "/photo-stacks/{stack_id:int}", request_max_body_size=wire.SMALL, **UPDATE)
async def change(stack_id: FromPath[int], data: JSONBody[wire.StackChange], catalog: Books, me: Me) -> dict[str, Any]:
    await _write(catalog, me, _stack(catalog, me, stack_id), _said(data, catalog, me))
    return _answer("Photo stack updated successfully", _stack(catalog, me, stack_id).whole(catalog))


@delete(PREFIX + "/photo-stacks/{stack_id:int}", **DELETE)
async def remove(stack_id: FromPath[int], catalog: Books, me: Me) -> dict[str, Any]:
    """The grouping alone: the photos stay."""
    async with catalog.alone(stacks.SECTION):
        stack = _stack(catalog, me, stack_id)
        if stack.members:
            await noted.stack(catalog.library, [seen.id for seen in stack.members], None)
        if stack.record:
            await records.drop(catalog.library, stacks.SECTION, stack_id)
    return _answer("Photo stack deleted successfully", None)


@post(PREFIX + "/photo-stacks/{stack_id:int}/photo", request_max_body_size=wire.SMALL, **UPDATE)
async def add_photo(stack_id: FromPath[int], data: JSONBody[wire.StackPhoto], catalog: Books, me: Me) -> dict[str, Any]:
    async with catalog.alone(stacks.SECTION):
        stack, photo = _stack(catalog, me, stack_id), catalog.photo(me.id, data.photo_hothash)
        members = [seen.id for seen in stack.members]
        if photo.file.id not in members:
            await noted.stack(catalog.library, [photo.file.id], stack.text)
            said = {} if stack.cover else {"cover": photo.file.id}
            await _write(catalog, me, stack, said, [*members, photo.file.id])
    return _answer("Photo added to stack successfully", _stack(catalog, me, stack_id).whole(catalog))


@delete(PREFIX + "/photo-stacks/{stack_id:int}/photo/{photo_hothash:str}", **UPDATE)
async def remove_photo(stack_id: FromPath[int], photo_hothash: FromPath[str], catalog: Books, me: Me) -> dict[str, Any]:
    """A stack of which nothing is left stays until it is deleted; the next photo becomes the cover where the cover went."""
    async with catalog.alone(stacks.SECTION):
        stack, number = _stack(catalog, me, stack_id), catalog.photo(me.id, photo_hothash).file.id
        left = [seen.id for seen in stack.members if seen.id != number]
        if len(left) == len(stack.members):
            raise Problem(404, f"Photo {photo_hothash[:80]} not found in this stack")
        await _write(catalog, me, stack, {"cover": next(iter(left), 0)} if stack.cover == number else {}, left)
        await noted.stack(catalog.library, [number], None)
    return _answer("Photo removed from stack successfully", _stack(catalog, me, stack_id).whole(catalog))


HANDLERS = [listed, one, of_photo, create, change, remove, add_photo, remove_photo]
