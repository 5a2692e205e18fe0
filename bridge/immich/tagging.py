"""Tags and stacks: what Immich knows of photos and Ente's apps do not. Kept in the encrypted library (`library.noted`)."""

from __future__ import annotations

import uuid
from typing import Annotated

from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta

from ..library import noted, tags
from ..library.library import Library
from ..library.search import Wanted
from ..serving.problems import Problem
from . import lookup, present, shapes
from .albums import BulkId, BulkIds
from .shapes import Asset, Shape, Tag


class NewTag(Shape):
    name: str
    parent_id: str | None = None
    color: Annotated[str, Meta(pattern=r"^(#[0-9a-fA-F]{3,8})?$")] | None = None


class Upsert(Shape):
    tags: Annotated[list[str], Meta(max_length=1000)]


class TagAssets(Shape):
    tag_ids: Annotated[list[str], Meta(max_length=1000)]
    asset_ids: Annotated[list[str], Meta(max_length=50_000)]


class NewStack(Shape):
    asset_ids: Annotated[list[str], Meta(min_length=2, max_length=1000)]


class ChangeStack(Shape):
    primary_asset_id: str | None = None


class StackShape(Shape):
    id: str
    primary_asset_id: str
    assets: list[Asset]


@get("/api/tags", permission="tag.read", sync_to_thread=False)
def all_tags(library: NamedDependency[Library]) -> list[Tag]:
    return [shapes.tag(library, found) for found in tags.all_tags(library).values()]


@post("/api/tags", permission="tag.create", status_code=201)
async def create(data: JSONBody[NewTag], library: NamedDependency[Library]) -> Tag:
    parent = lookup.tag(library, data.parent_id).value + "/" if data.parent_id else ""
    value = tags.clean(parent + data.name)
    if any(found.value == value for found in tags.all_tags(library).values()):
        raise Problem(400, "A tag with that name already exists")
    (made,) = await tags.make(library, [value], data.color)
    return shapes.tag(library, made)


@put("/api/tags", permission="tag.create")
async def upsert(data: JSONBody[Upsert], library: NamedDependency[Library]) -> list[Tag]:
    return [shapes.tag(library, made) for made in await tags.make(library, data.tags)]


@put("/api/tags/{tag_id:str}/assets", permission="tag.asset")
async def tag(tag_id: FromPath[str], data: JSONBody[BulkIds], library: NamedDependency[Library]) -> list[BulkId]:
    value = lookup.tag(library, tag_id, "tag.asset").value
    results, wanted = [], []
    for text in data.ids:
        found = await lookup.find(library, text)
        if found is None or not library.shown(found):
            results.append(BulkId(text, False, "not_found"))
        elif not library.mine(found):
            results.append(BulkId(text, False, "no_permission"))
        elif value in noted.noted(found).tags or found.file.id in wanted:
            results.append(BulkId(text, False, "duplicate"))
        else:
            wanted.append(found.file.id)
            results.append(BulkId(text, True))
    await noted.tag(library, wanted, add=[value])
    return results


@put("/api/tags/assets", permission="tag.asset")
async def tag_many(data: JSONBody[TagAssets], library: NamedDependency[Library]) -> dict[str, int]:
    """Every tag on every photo; how many of the pairs are new."""
    values = {lookup.tag(library, tag_id, "tag.asset").value for tag_id in data.tag_ids}
    for text in data.asset_ids:
        await lookup.find(library, text)
    found = lookup.photos(library, data.asset_ids, "asset.update")
    count = sum(len(values - set(noted.noted(photo).tags)) for photo in found)
    if count:
        await noted.tag(library, [photo.file.id for photo in found], add=values)
    return {"count": count}


@post("/api/stacks", permission="stack.create", status_code=201)
async def stack(data: JSONBody[NewStack], library: NamedDependency[Library]) -> StackShape:
    """The first stands for the others. Stacks that any of them was in become part of it."""
    for text in data.asset_ids:
        await lookup.find(library, text)
    found = lookup.photos(library, data.asset_ids, "stack.create")
    if len(found) < 2:
        raise Problem(400, "A stack has at least two photos")
    old = {said.stack for photo in found if (said := noted.noted(photo)).stack}
    others = [number for stack_id in old for number in present.stacks(library).get(stack_id, ())]
    numbers = list(dict.fromkeys([*(photo.file.id for photo in found), *others]))
    stack_id = str(uuid.uuid4())
    await noted.stack(library, numbers, stack_id)
    return shown_stack(library, stack_id, present.stacks(library)[stack_id])


def shown_stack(library: Library, stack_id: str, members: list[int]) -> StackShape:
    """The one that stands for the others first."""
    entries = {entry.id: entry for entry in library.search.entries(Wanted(ids=members))}
    made = present.assets(library, [entries[number] for number in members if number in entries], details=True)
    return StackShape(stack_id, made[0].id, made)


@get("/api/tags/{tag_id:str}", permission="tag.read", sync_to_thread=False)
def one_tag(tag_id: FromPath[str], library: NamedDependency[Library]) -> Tag:
    return shapes.tag(library, lookup.tag(library, tag_id))


@get("/api/stacks", permission="stack.read", sync_to_thread=False)
def all_stacks(library: NamedDependency[Library], primary: Annotated[str | None, QueryParameter(name="primaryAssetId")] = None) -> list[StackShape]:
    """In the order of their first photos."""
    chosen = library.number_of(primary) if primary is not None else None
    known = sorted(present.stacks(library).items(), key=lambda one: one[1][0])
    return [shown_stack(library, stack_id, members) for stack_id, members in known if primary is None or members[0] == chosen]


@get("/api/stacks/{stack_id:str}", permission="stack.read", sync_to_thread=False)
def one_stack(stack_id: FromPath[str], library: NamedDependency[Library]) -> StackShape:
    return shown_stack(library, *_stack(library, stack_id, "stack.read"))


@put("/api/stacks/{stack_id:str}", permission="stack.update")
async def change_stack(stack_id: FromPath[str], data: JSONBody[ChangeStack], library: NamedDependency[Library]) -> StackShape:
    """Another photo of it stands for the others."""
    known, members = _stack(library, stack_id, "stack.update")
    if data.primary_asset_id is not None:
        first = library.number_of(data.primary_asset_id)
        if first not in members:
            raise Problem(400, "Primary asset must be in the stack")
        await noted.stack(library, [first, *(number for number in members if number != first)], known)
    return shown_stack(library, *_stack(library, known, "stack.update"))


@delete("/api/stacks/{stack_id:str}", permission="stack.delete", status_code=204)
async def unstack(stack_id: FromPath[str], library: NamedDependency[Library]) -> None:
    """Its photos stay."""
    await noted.stack(library, _stack(library, stack_id, "stack.delete")[1], None)


def _stack(library: Library, text: str, permission: str) -> tuple[str, list[int]]:
    members = present.stacks(library).get(text.lower())
    if members is None:
        raise Problem(400, f"Not found or no {permission} access")
    return text.lower(), members


HANDLERS = [all_tags, create, upsert, tag, tag_many, one_tag, stack, all_stacks, one_stack, change_stack, unstack]
