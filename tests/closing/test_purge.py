"""What is left of an account that cannot come back: every column of the schema that names a person has a fate, and meets it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from app.closing import purge
from app.closing.purge import BLANK, FATE, GONE
from app.contacts import purge as contacts_purge
from app.db import Tx
from app.kernel.clock import DAY
from app.legacy import jobs as legacy_jobs
from app.objects import deletion, multiparts
from tests.collections.scenes import album, photo, share
from tests.hostile.schema import Column, tables
from tests.inprocess import Person, World
from tests.newcomer import Newcomer
from tests.rows import insert
from tests.social.test_social import comment, react

PEOPLE = re.compile(r"(user|owner|contact|contact_user|to_user|member|admin|actor)_id|action_user")
WORDS = "darling"
MADE_BY_LIFE = {
    "collections",
    "files",
    "collection_files",
    "objects",
    "users",
    "feeds",
    "usage",
    "trash",
    "deletions",
    "file_data",
    "key_attributes",
    "srp_auth",
}
KEPT = {"token_hash", "link_id", "comment_id", "reaction_id", "app", "type", "author", "target", "anon_id", "parent_id"}
"""Columns of tombstones that say nothing of what somebody wrote."""


def people() -> set[str]:
    return {f"{table}.{c.name}" for table, columns in tables().items() for c in columns if PEOPLE.fullmatch(c.name)}


def test_every_column_that_names_a_person_has_a_fate() -> None:
    assert people() - set(FATE) == set(), "say in closing.purge.FATE what becomes of these rows, and see to it"
    assert set(FATE) - people() == set()


def fill(tx: Tx, table: str, person: str, user_id: int, other: int, n: int) -> None:
    """A row that names the person in this column, and is otherwise whatever the schema asks for."""
    values: dict[str, Any] = {person: user_id}
    for column in tables()[table]:
        if column.name in values or column.is_identity or (column.optional and column.kind != "TEXT") or column.name in ("anon_id", "claim"):
            continue
        values[column.name] = _value(tx, column, other, n)
    insert(tx, table, **values)


def _value(tx: Tx, column: Column, other: int, n: int) -> Any:
    if column.refers == "users" or PEOPLE.fullmatch(column.name):
        return other
    if column.refers == "collections" or column.name == "collection_id":
        return insert(tx, "collections", owner_id=other)
    if column.refers == "files" or column.name == "file_id":
        return insert(tx, "files", owner_id=other)
    kinds: dict[str, Any] = {"INTEGER": n, "BLOB": f"{WORDS}{n}".encode(), "BOOLEAN": False}
    return kinds.get(column.kind, f"{WORDS}{n}")


async def test_nothing_stays_that_was_theirs(world: World, alice: Person, dora: Newcomer) -> None:
    rows = [where.split(".") for where, fate in FATE.items() if fate in (GONE, BLANK) and where.split(".")[0] not in MADE_BY_LIFE]

    def fill_all(tx: Tx) -> None:
        for n, (table, column) in enumerate(rows):
            if table != "family_members":  # by its rules at most one; and it goes when the account closes
                fill(tx, table, column, dora.user_id, alice.user_id, n + 1)

    await world.kernel.db.write("test.fill", fill_all)
    mine = await album(dora.api)
    await photo(world, Person(dora.world.app, dora.user_id, dora.email, dora.api.token), mine)
    await world.kernel.db.write(
        "test.close", lambda tx: tx.run("UPDATE users SET deleted_at = :now, email_hash = 'deleted+d', former_hash = 'x' WHERE user_id = :u",
                                        now=world.clock.now(), u=dora.user_id)
    )  # fmt: skip
    world.clock.advance(purge.KEPT + 1)
    for job in (purge.purge, contacts_purge.purge, legacy_jobs.sweep):
        await job(world.kernel)
    world.clock.advance(60 * DAY)
    for job in (legacy_jobs.sweep, multiparts.sweep, deletion.sweep, deletion.run_deletions):
        await job(world.kernel)

    def left(tx: Tx) -> list[str]:
        found = []
        for where, fate in FATE.items():
            table, column = where.split(".")
            if fate == GONE and table not in CLOSED and tx.value(f"SELECT count(*) FROM {table} WHERE {column} = :u", u=dora.user_id):
                found.append(where)
            if fate == BLANK:
                texts = [c.name for c in tables()[table] if c.kind in ("TEXT", "BLOB") and c.name not in KEPT]
                for row in tx.all(f"SELECT {', '.join(texts)} FROM {table} WHERE {column} = :u", u=dora.user_id) if texts else ():
                    found += [f"{table}.{name} = {value!r}" for name, value in zip(texts, row, strict=True) if WORDS in str(value)]
        return found

    assert await world.kernel.db.scan(left) == []
    blank = await world.kernel.db.scan(lambda tx: tx.one("SELECT encrypted_key, attributes FROM collections WHERE collection_id = :c", c=mine))
    assert blank == ("", "{}")


CLOSED = {"sessions", "family_members", "casts"}
"""These go the moment an account closes (`deletion.close`, tests/closing/test_closing.py); a purge does not look at them."""


async def test_the_others_see_what_the_departed_wrote_go(world: World, alice: Person, bob: Person) -> None:
    cid = await album(alice)
    await share(alice, cid, bob)
    his, hers = await comment(bob, cid), await comment(alice, cid)
    heart = await react(bob, cid)
    seen = (await alice.get(f"/social/diff?collectionID={cid}&sinceTime=0")).json()
    since = max(row["updatedAt"] for row in seen["comments"] + seen["reactions"])
    await world.kernel.db.write(
        "test.close", lambda tx: tx.run("UPDATE users SET deleted_at = 1 WHERE user_id = :u", u=bob.user_id)
    )  # fmt: skip
    await purge.purge(world.kernel)
    found = (await alice.get(f"/social/diff?collectionID={cid}&sinceTime={since}")).json()
    assert [(c["id"], c["isDeleted"], c.get("cipher")) for c in found["comments"]] == [(his, True, None)]
    assert [(r["id"], r["isDeleted"]) for r in found["reactions"]] == [(heart, True)]
    rows = (await alice.get(f"/comments/diff?collectionID={cid}")).json()["comments"]
    assert [c["id"] for c in rows if not c["isDeleted"]] == [hers]


def test_the_schema_is_read() -> None:
    assert len(people()) > 40


async def test_records_go_a_few_at_a_time(world: World, alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purge, "RECORDS", 2)
    for n in range(5):
        await world.kernel.db.write(
            "t", lambda tx, n=n: insert(tx, "entities", created_at=1, updated_at=1, user_id=alice.user_id, id=f"e{n}", type="location")
        )
    counts = [await world.kernel.db.write("t", purge.entities.forget_some, alice.user_id, 2) for _ in range(4)]
    assert counts == [2, 2, 1, 0]
