"""Who took photos (`/authors`) and how they came in (`/import-sessions`): records of the account."""

from __future__ import annotations

from typing import Any

from litestar import delete, get, patch, post, put
from litestar.params import FromPath, JSONBody

from ..library import companions, records
from ..library.library import Library
from ..serving.problems import Problem
from . import PREFIX, wire
from .access import CREATE, DELETE, READ, UPDATE, Books, Me
from .catalog import AUTHORS, IMPORTS, Catalog
from .people import Person
from .photos import now

STATES = ("pending", "started", "active", "running", "in_progress", "processing", "importing", "paused", "completed", "failed", "cancelled")
_COUNTS = ("total_files", "processed_files", "failed_files")


def _mine(catalog: Catalog, section: str, me: Person) -> dict[int, records.Record]:
    return {n: record for n, record in catalog.records(section).items() if record.get("user", companions.OWNER) == me.id}


def _found(catalog: Catalog, section: str, me: Person, number: int, what: str) -> records.Record:
    found = _mine(catalog, section, me).get(number)
    if found is None:
        raise Problem(404, f"{what} with id {number} not found")
    return found


def _new(me: Person, said: records.Record) -> records.Record:
    made = now()
    mine = {} if me.id == companions.OWNER else {"user": me.id}
    return {name: value for name, value in said.items() if value is not None} | {"made": made, "changed": made} | mine


async def _change(library: Library, section: str, number: int, said: records.Record) -> None:
    await records.change(library, section, number, lambda record: record.update(said | {"changed": now()}))


def _times(record: records.Record) -> dict[str, Any]:
    return {"created_at": wire.time_of(record.get("made")), "updated_at": wire.time_of(record.get("changed"))}


# -- authors --------------------------------------------------------------------------------------


def _author(number: int, record: records.Record) -> dict[str, Any]:
    return {"id": number, "name": record.get("name"), "email": record.get("email"), "bio": record.get("bio")} | _times(record)


@get(f"{PREFIX}/authors", sync_to_thread=False, **READ)
def authors(catalog: Books, me: Me, offset: wire.Offset = 0, limit: wire.Limit = 100) -> dict[str, Any]:
    found = [_author(*entry) for entry in _mine(catalog, AUTHORS, me).items()]
    return wire.page(found[offset : offset + limit], len(found), offset, limit)


@get(PREFIX + "/authors/{author_id:int}", sync_to_thread=False, **READ)
def author(author_id: FromPath[int], catalog: Books, me: Me) -> dict[str, Any]:
    return _author(author_id, _found(catalog, AUTHORS, me, author_id, "Author"))


@post(f"{PREFIX}/authors", request_max_body_size=wire.SMALL, **CREATE)
async def new_author(data: JSONBody[wire.NewAuthor], catalog: Books, me: Me) -> dict[str, Any]:
    said = {"name": _name(data.name), "email": wire.address(data.email), "bio": data.bio}
    number = await records.add(catalog.library, AUTHORS, _new(me, said))
    return _author(number, catalog.records(AUTHORS)[number])


@put(PREFIX + "/authors/{author_id:int}", request_max_body_size=wire.SMALL, **UPDATE)
async def change_author(author_id: FromPath[int], data: JSONBody[wire.AuthorChange], catalog: Books, me: Me) -> dict[str, Any]:
    _found(catalog, AUTHORS, me, author_id, "Author")
    said = wire.given(data)
    if "name" in said:
        said["name"] = _name(said["name"])
    if "email" in said:
        said["email"] = wire.address(said["email"])
    await _change(catalog.library, AUTHORS, author_id, said)
    return _author(author_id, _found(catalog, AUTHORS, me, author_id, "Author"))


@delete(PREFIX + "/authors/{author_id:int}", **DELETE)
async def drop_author(author_id: FromPath[int], catalog: Books, me: Me) -> dict[str, Any]:
    """Photos of this author have none then."""
    _found(catalog, AUTHORS, me, author_id, "Author")
    await records.drop(catalog.library, AUTHORS, author_id)
    return wire.done("Author deleted successfully")


def _name(text: str) -> str:
    if not text.strip():
        raise Problem(400, "Author name cannot be empty")
    return text.strip()


# -- import sessions ------------------------------------------------------------------------------


def _import(number: int, record: records.Record, catalog: Catalog) -> dict[str, Any]:
    author_id = record.get("author_id")
    return {
        "id": number,
        "source_path": record.get("source_path"),
        "description": record.get("description"),
        "author_id": author_id if author_id in catalog.records(AUTHORS) else None,
        "status": record.get("status", "pending"),
        **{name: record.get(name, 0) for name in _COUNTS},
        **_times(record),
    }


def _checked(said: dict[str, Any], catalog: Catalog, me: Person) -> dict[str, Any]:
    if said.get("status", "pending") not in STATES:
        raise Problem(400, f"status is one of {', '.join(STATES)}")
    if (author_id := said.get("author_id")) is not None and author_id not in _mine(catalog, AUTHORS, me):
        raise Problem(400, f"Author with id {author_id} not found")
    return said


@post(f"{PREFIX}/import-sessions", request_max_body_size=wire.SMALL, **CREATE)
async def new_import(data: JSONBody[wire.ImportChange], catalog: Books, me: Me) -> dict[str, Any]:
    said = _checked(wire.given(data), catalog, me)
    number = await records.add(catalog.library, IMPORTS, _new(me, said))
    return _import(number, catalog.records(IMPORTS)[number], catalog)


@get(f"{PREFIX}/import-sessions", sync_to_thread=False, **READ)
def imports(catalog: Books, me: Me, offset: wire.Offset = 0, limit: wire.Limit = 50) -> dict[str, Any]:
    found = list(_mine(catalog, IMPORTS, me).items())
    return wire.page([_import(*entry, catalog) for entry in found[offset : offset + limit]], len(found), offset, limit)


@get(PREFIX + "/import-sessions/{import_id:int}", sync_to_thread=False, **READ)
def one_import(import_id: FromPath[int], catalog: Books, me: Me) -> dict[str, Any]:
    return _import(import_id, _found(catalog, IMPORTS, me, import_id, "Import session"), catalog)


@patch(PREFIX + "/import-sessions/{import_id:int}", request_max_body_size=wire.SMALL, **UPDATE)
async def change_import(import_id: FromPath[int], data: JSONBody[wire.ImportChange], catalog: Books, me: Me) -> dict[str, Any]:
    _found(catalog, IMPORTS, me, import_id, "Import session")
    await _change(catalog.library, IMPORTS, import_id, _checked(wire.given(data), catalog, me))
    return _import(import_id, _found(catalog, IMPORTS, me, import_id, "Import session"), catalog)


@delete(PREFIX + "/import-sessions/{import_id:int}", **DELETE)
async def drop_import(import_id: FromPath[int], catalog: Books, me: Me) -> dict[str, Any]:
    """The record alone: the photos that came with it stay."""
    _found(catalog, IMPORTS, me, import_id, "Import session")
    await records.drop(catalog.library, IMPORTS, import_id)
    return wire.done("Import session deleted successfully")


HANDLERS = [
    authors, author, new_author, change_author, drop_author,
    new_import, imports, one_import, change_import, drop_import,
]  # fmt: skip
