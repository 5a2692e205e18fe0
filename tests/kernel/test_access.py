"""Who may do what to whose album or file: every decision, for every kind of person (collections.md §1.5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from app.db import Database, Tx
from app.kernel import access
from app.kernel.access import Membership, Role, Session
from app.kernel.errors import AppError, BadRequest, Conflict, Forbidden, NotFound
from tests.inprocess import Person, World
from tests.rows import insert

ALICE, VIEWER, COLLABORATOR, ADMIN, FORMER, STRANGER = "alice", "viewer", "collaborator", "admin", "former", "stranger"


@dataclass
class Scene:
    """An album of Alice's with a sharee of every role, a former one, and a stranger."""

    db: Database
    ids: dict[str, int]
    album: int

    async def ask(self, fn: Callable[..., Any], who: str, *args: Any, **more: Any) -> Any:
        """The answer, or the status of the refusal."""
        try:
            return await self.db.read(fn, self.ids[who], *args, **more)
        except AppError as e:
            return e.status

    async def run(self, sql: str, **params: Any) -> None:
        await self.db.write("t", lambda tx: tx.run(sql, **params))

    async def delete_album(self) -> None:
        await self.run("UPDATE collections SET is_deleted = TRUE WHERE collection_id = :id", id=self.album)


def _make_album(tx: Tx, owner: int) -> int:
    return insert(tx, "collections", owner_id=owner)


def _share(tx: Tx, album: int, user: int, role: str, gone: bool = False) -> None:
    insert(tx, "collection_shares", collection_id=album, to_user_id=user, role=role, is_deleted=gone)


def _make_file(tx: Tx, owner: int, album: int | None = None, gone: bool = False) -> int:
    file_id = insert(tx, "files", owner_id=owner)
    if album is not None:
        insert(tx, "collection_files", collection_id=album, file_id=file_id, owner_id=owner, is_deleted=gone)
    return file_id


@pytest.fixture
async def scene(world: World) -> Scene:
    db = world.kernel.db
    ids = {name: (await world.person(name)).user_id for name in (ALICE, VIEWER, COLLABORATOR, ADMIN, FORMER, STRANGER)}
    album = await db.write("t", _make_album, ids[ALICE])
    for name in (VIEWER, COLLABORATOR, ADMIN):
        await db.write("t", _share, album, ids[name], name.upper())
    await db.write("t", _share, album, ids[FORMER], "ADMIN", True)
    return Scene(db, ids, album)


# --- albums
def as_role(scene: Scene, role: Role, *, deleted: bool = False) -> Membership:
    return Membership(scene.album, scene.ids[ALICE], role, "photos", "album", deleted)


@pytest.mark.parametrize("who, role", [(ALICE, Role.OWNER), (ADMIN, Role.ADMIN), (COLLABORATOR, Role.COLLABORATOR), (VIEWER, Role.VIEWER)])
async def test_participants(scene: Scene, who: str, role: Role) -> None:
    assert await scene.ask(access.participant, who, scene.album) == as_role(scene, role)
    assert await scene.ask(access.participant, who, scene.album, deleted_ok=True) == as_role(scene, role)


async def test_others_do_not_find_the_album(scene: Scene) -> None:
    for who in (FORMER, STRANGER):
        assert await scene.ask(access.participant, who, scene.album) == 404
        assert await scene.ask(access.participant, who, scene.album, deleted_ok=True) == 404
    for who in scene.ids:
        for fn in (access.participant, access.owned, access.managed):
            assert await scene.ask(fn, who, scene.album + 999) == 404


async def test_only_the_owner_owns(scene: Scene) -> None:
    assert await scene.ask(access.owned, ALICE, scene.album) == as_role(scene, Role.OWNER)
    for who in (ADMIN, COLLABORATOR, VIEWER, FORMER, STRANGER):
        assert await scene.ask(access.owned, who, scene.album) == 403
        assert await scene.ask(access.owned, who, scene.album, deleted_ok=True) == 403


async def test_owner_and_admins_manage_people(scene: Scene) -> None:
    assert await scene.ask(access.managed, ALICE, scene.album) == as_role(scene, Role.OWNER)
    assert await scene.ask(access.managed, ADMIN, scene.album) == as_role(scene, Role.ADMIN)
    for who in (COLLABORATOR, VIEWER, FORMER, STRANGER):
        assert await scene.ask(access.managed, who, scene.album) == 403


async def test_a_deleted_album(scene: Scene) -> None:
    await scene.delete_album()
    for who in scene.ids:
        assert await scene.ask(access.participant, who, scene.album) == 404
        if who != ALICE:
            assert await scene.ask(access.participant, who, scene.album, deleted_ok=True) == 404
            assert await scene.ask(access.owned, who, scene.album, deleted_ok=True) == 403
    gone = as_role(scene, Role.OWNER, deleted=True)
    assert await scene.ask(access.participant, ALICE, scene.album, deleted_ok=True) == gone
    assert await scene.ask(access.owned, ALICE, scene.album, deleted_ok=True) == gone
    assert await scene.ask(access.owned, ALICE, scene.album) == 404
    for who in (ALICE, ADMIN):
        assert await scene.ask(access.managed, who, scene.album) == 404


async def test_a_share_with_oneself_takes_nothing_from_the_owner(scene: Scene) -> None:
    await scene.db.write("t", _share, scene.album, scene.ids[ALICE], "VIEWER", True)
    assert (await scene.ask(access.participant, ALICE, scene.album)).role == Role.OWNER


def test_roles_are_ordered() -> None:
    for have in Role:
        album = Membership(1, 2, have, "photos", "album", False)
        for need in Role:
            if have >= need:
                access.at_least(album, need)
            else:
                with pytest.raises(Forbidden):
                    access.at_least(album, need)
    assert sorted(Role) == [Role.VIEWER, Role.COLLABORATOR, Role.ADMIN, Role.OWNER]


def test_an_album_stays_in_its_app() -> None:
    album = Membership(1, 2, Role.OWNER, "photos", "album", False)
    access.same_app(album, "photos")
    for app in ("locker", "auth", ""):
        with pytest.raises(BadRequest):
            access.same_app(album, app)


# --- files
async def test_a_batch_of_ones_own_files(scene: Scene) -> None:
    mine = [await scene.db.write("t", _make_file, scene.ids[ALICE]) for _ in range(3)]
    foreign = await scene.db.write("t", _make_file, scene.ids[VIEWER])
    missing = foreign + 999
    for batch, answer in (
        (mine, None), (mine[:1], None), ([*mine, mine[0]], 400), ([], 400), ([missing], 400), ([*mine, missing], 400), ([*mine, foreign], 403),
        ([foreign], 403), ([foreign, missing], 403),
    ):  # fmt: skip
        assert await scene.ask(access.own_files, ALICE, batch) == answer, batch


async def test_files_in_the_trash(scene: Scene) -> None:
    files = {state: await scene.db.write("t", _make_file, scene.ids[ALICE]) for state in ("live", "trashed", "restored", "gone", "foreign")}

    for state, user, deleted, restored in (
        ("trashed", ALICE, False, False), ("restored", ALICE, False, True), ("gone", ALICE, True, False), ("foreign", VIEWER, False, False),
    ):  # fmt: skip
        row = {"file_id": files[state], "user_id": scene.ids[user], "collection_id": scene.album, "is_deleted": deleted, "is_restored": restored}
        await scene.db.write("t", lambda tx, row=row: insert(tx, "trash", **row))
    for state in ("live", "restored", "foreign"):
        await scene.db.read(access.not_trashed, scene.ids[ALICE], [files[state]])
    await scene.db.read(access.not_trashed, scene.ids[ALICE], [])
    for state in ("trashed", "gone"):
        with pytest.raises(Conflict) as e:
            await scene.db.read(access.not_trashed, scene.ids[ALICE], [files["live"], files[state]])
        assert e.value.code == "FILE_IN_TRASH"


async def test_ones_own_file(scene: Scene) -> None:
    file_id = await scene.db.write("t", _make_file, scene.ids[ALICE], scene.album)
    assert await scene.ask(access.own_file, ALICE, file_id) is None
    for who in (ADMIN, COLLABORATOR, VIEWER, FORMER, STRANGER):
        assert await scene.ask(access.own_file, who, file_id) == 403
    assert await scene.ask(access.own_file, ALICE, file_id + 999) == 404


# --- sessions
def test_the_app_is_what_the_package_says() -> None:
    for package, app in (
        ("io.ente.auth", "auth"), ("io.ente.auth.web", "auth"), ("io.ente.locker.ios", "locker"), ("io.ente.photos", "photos"), ("", "photos"),
        ("IO.ENTE.AUTH", "photos"), (" io.ente.auth", "photos"), ("x.io.ente.locker", "photos"), ("io.ente.frame.independent", "photos"),
    ):  # fmt: skip
        assert access.app_of(package) == app


def test_a_session_does_not_print_its_token() -> None:
    session = Session(7, "photos", b"hash", "the-secret-token", 1, 2)
    assert repr(session) == str(session) == "Session(user 7, photos)"
    assert "secret" not in f"{[session]}"


async def test_refusals_tell_nothing_about_the_album(world: World, alice: Person, bob: Person) -> None:
    album = await world.kernel.db.write("t", _make_album, alice.user_id)
    refusals = []
    for number in (album, album + 999):
        with pytest.raises(NotFound) as e:
            await world.kernel.db.read(access.participant, bob.user_id, number)
        refusals.append((e.value.status, e.value.body()))
    assert refusals[0] == refusals[1] == (404, b"{}")
