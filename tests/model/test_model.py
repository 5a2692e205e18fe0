"""Several people change a library at random; after every step each client's mirror, built from diffs alone, equals the model's view,
the ledger equals the sum and the database is consistent. Failures replay: hypothesis prints the steps, and the run is derandomised.

The ordinary run takes hundreds of steps; `pytest -m slow tests/model` thousands.
"""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from app.collections.feed import _NOTHING, _page
from app.maintenance.consistency import problems
from tests.collections.scenes import SEALED, album, items
from tests.inprocess import Person, open_world
from tests.model.mirror import Mirror
from tests.model.state import Album, Library, Photo
from tests.objects.parcels import uploaded

PEOPLE = ("alice", "bob", "carol")
who = st.integers(0, 2)
pick = st.integers(0, 1000)
some = st.lists(pick, min_size=1, max_size=3)
role = st.sampled_from(["VIEWER", "COLLABORATOR", "ADMIN"])


class Machine(RuleBasedStateMachine):
    engine = "sqlite"

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.folder = tempfile.TemporaryDirectory()
        self.runner.run(self._open())
        self.model = Library()
        self.ever: set[tuple[int, int]] = set()  # (album, file) pairs that ever were
        self.n = 0

    async def _open(self) -> None:
        self.world = await self.stack.enter_async_context(open_world(self.engine, Path(self.folder.name)))
        self.world.kernel.pages.least = 0
        self.people: list[Person] = [await self.world.person(name) for name in PEOPLE]
        self.mirrors = [Mirror(p) for p in self.people]

    def teardown(self) -> None:
        self.runner.run(self.stack.aclose())
        self.runner.close()
        self.folder.cleanup()

    # --- picking what is there
    def album(self, n: int) -> int | None:
        ids = sorted(self.model.albums)
        return ids[n % len(ids)] if ids else None

    def files(self, ns: list[int]) -> list[int]:
        ids = sorted(self.model.photos)
        return list(dict.fromkeys(ids[n % len(ids)] for n in ns)) if ids else []

    def call(self, actor: int, method: str, path: str, body: Any, accepted: bool) -> Any:
        """The server accepts exactly what the model does; a refusal is the client's mistake, never a 500."""
        r = self.runner.run(self.people[actor].call(method, path, body, expect=None))
        assert (r.status == 200) is accepted, (method, path, body, r.status, r.content)
        assert r.status < 500, r.status
        return r

    # --- rules
    @rule(a=who)
    def create_album(self, a: int) -> None:
        if len(self.model.albums) < 6:
            cid = self.runner.run(album(self.people[a]))
            self.model.albums[cid] = Album(self.people[a].user_id)

    @rule(a=who, c=pick)
    def upload(self, a: int, c: int) -> None:
        cid = self.album(c)
        if cid is None or len(self.model.photos) >= 10:
            return
        self.n += 1
        data, thumb = b"f" * (100 + self.n), b"t" * (10 + self.n)
        person = self.people[a]
        keys = [self.runner.run(uploaded(person, d)) for d in (data, thumb)]
        body = {
            "collectionID": cid,
            "encryptedKey": "key",
            "keyDecryptionNonce": "nonce",
            "file": {"objectKey": keys[0], "decryptionHeader": "fh", "size": len(data)},
            "thumbnail": {"objectKey": keys[1], "decryptionHeader": "th"},
            "metadata": {"encryptedData": "bQ==", "decryptionHeader": "mh"},
        }
        found = self.model.albums[cid]
        r = self.call(a, "POST", "/files", body, found.owner == person.user_id and not found.deleted)
        if r.status == 200:
            fid = r.json()["id"]
            self.model.photos[fid] = Photo(person.user_id, len(data) + len(thumb))
            found.files[fid] = None
            self.ever.add((cid, fid))

    @rule(a=who, c=pick, b=who, r=role)
    def share(self, a: int, c: int, b: int, r: str) -> None:
        if (cid := self.album(c)) is not None:
            other = self.people[b]
            body = {"collectionID": cid, "email": other.email, "encryptedKey": SEALED, "role": r}
            self.call(a, "POST", "/collections/share", body, self.model.share(self.people[a].user_id, cid, other.user_id, r))

    @rule(a=who, c=pick, b=who)
    def unshare(self, a: int, c: int, b: int) -> None:
        if (cid := self.album(c)) is not None:
            other = self.people[b]
            ok = self.model.unshare(self.people[a].user_id, cid, other.user_id)
            self.call(a, "POST", "/collections/unshare", {"collectionID": cid, "email": other.email}, ok)

    @rule(a=who, c=pick)
    def leave(self, a: int, c: int) -> None:
        if (cid := self.album(c)) is not None:
            self.call(a, "POST", f"/collections/leave/{cid}", None, self.model.leave(self.people[a].user_id, cid))

    @rule(a=who, c=pick, fs=some)
    def add(self, a: int, c: int, fs: list[int]) -> None:
        if (cid := self.album(c)) is not None and (files := self.files(fs)):
            ok = self.model.add(self.people[a].user_id, cid, files)
            self.call(a, "POST", "/collections/add-files", {"collectionID": cid, "files": items(*files)}, ok)
            self.ever |= {(cid, f) for f in files} if ok else set()

    @rule(a=who, c=pick, d=pick, fs=some)
    def move(self, a: int, c: int, d: int, fs: list[int]) -> None:
        src, dst = self.album(c), self.album(d)
        if src is not None and dst is not None and (files := self.files(fs)):
            ok = self.model.move(self.people[a].user_id, src, dst, files)
            self.call(a, "POST", "/collections/move-files", {"fromCollectionID": src, "toCollectionID": dst, "files": items(*files)}, ok)
            self.ever |= {(dst, f) for f in files} if ok else set()

    @rule(a=who, c=pick, fs=some)
    def remove(self, a: int, c: int, fs: list[int]) -> None:
        if (cid := self.album(c)) is not None and (files := self.files(fs)):
            ok = self.model.remove(self.people[a].user_id, cid, files, self.ever)
            self.call(a, "POST", "/collections/v3/remove-files", {"collectionID": cid, "fileIDs": files}, ok)

    @rule(a=who, c=pick, fs=some)
    def trash(self, a: int, c: int, fs: list[int]) -> None:
        if (cid := self.album(c)) is not None and (files := self.files(fs)):
            if any(self.model.photos[f].state == "gone" for f in files):
                return  # museum and we answer 200 and change nothing; tests/trash has it
            deleted = self.model.albums[cid].deleted
            ok = not deleted and self.model.put_in_trash(self.people[a].user_id, cid, files, self.ever)
            if not deleted:
                self.call(a, "POST", "/files/trash", {"items": [{"fileID": f, "collectionID": cid} for f in files]}, ok)

    @rule(a=who, c=pick, fs=some)
    def restore(self, a: int, c: int, fs: list[int]) -> None:
        if (cid := self.album(c)) is not None and (files := self.files(fs)):
            ok = self.model.restore(self.people[a].user_id, cid, files)
            self.call(a, "POST", "/collections/restore-files", {"collectionID": cid, "files": items(*files)}, ok)
            self.ever |= {(cid, f) for f in files} if ok else set()

    @rule(a=who, fs=some)
    def delete_forever(self, a: int, fs: list[int]) -> None:
        if files := self.files(fs):
            self.model.delete_forever(self.people[a].user_id, files)
            self.call(a, "POST", "/trash/delete", {"fileIDs": files}, True)

    @rule(a=who)
    def empty(self, a: int) -> None:
        mine = self.model.trash(self.people[a].user_id)
        self.model.delete_forever(self.people[a].user_id, sorted(mine))
        self.call(a, "POST", "/trash/empty", {"lastUpdatedAt": self.world.clock.now() + 10**9}, True)

    @rule(a=who, c=pick, d=pick, fs=some)
    def copy(self, a: int, c: int, d: int, fs: list[int]) -> None:
        src, dst = self.album(c), self.album(d)
        if src is None or dst is None or not (files := self.files(fs)) or len(self.model.photos) >= 14:
            return
        actor = self.people[a].user_id
        body = {"srcCollectionID": src, "dstCollectionID": dst, "files": items(*files)}
        r = self.call(a, "POST", "/files/copy", body, self.model.may_copy(actor, src, dst, files))
        if r.status == 200:
            for old, new in r.json()["oldToNewFileIDMap"].items():
                self.model.photos[new] = Photo(actor, self.model.photos[int(old)].size)
                self.model.albums[dst].files[new] = None
                self.ever.add((dst, new))

    @rule(a=who, c=pick, keep=st.booleans())
    def delete_album(self, a: int, c: int, keep: bool) -> None:
        if (cid := self.album(c)) is not None:
            ok = self.model.delete_album(self.people[a].user_id, cid, keep)
            self.call(a, "DELETE", f"/collections/v3/{cid}?collectionID={cid}&keepFiles={str(keep).lower()}", None, ok)

    @rule(a=who, c=pick)
    def rename(self, a: int, c: int) -> None:
        if (cid := self.album(c)) is not None:
            body = {"collectionID": cid, "encryptedName": "bg==", "nameDecryptionNonce": "x"}
            self.call(a, "POST", "/collections/rename", body, self.model.albums[cid].owner == self.people[a].user_id)

    @rule(us=st.integers(-2_000_000, 5_000_000))
    def time_passes(self, us: int) -> None:
        self.world.clock.advance(us)  # backwards too: clocks do

    # --- what must always hold
    @invariant()
    def mirrors_equal_the_model(self) -> None:
        for person, mirror in zip(self.people, self.mirrors, strict=True):
            self.runner.run(mirror.sync())
            assert mirror.view() == self.model.view(person.user_id), person.email
            assert mirror.trash == self.model.trash(person.user_id), person.email
            for cid, shown in mirror.albums.items():
                assert {s["id"]: s["role"] for s in shown["sharees"]} == self.model.albums[cid].sharees

    @invariant()
    def the_database_is_consistent(self) -> None:
        assert self.runner.run(self.world.kernel.db.scan(problems)) == {}
        for person in self.people:
            usage = self.runner.run(person.get("/users/details/v2")).json()["usage"]
            assert usage == self.model.usage(person.user_id)

    @invariant()
    def kept_pages_are_what_would_be_made_now(self) -> None:
        """Whole albums, to everybody who may see them, twice: as a page that may be kept, and made anew."""
        for person in self.people:
            for cid in self.model.albums:
                r = self.runner.run(person.get(f"/collections/v2/diff?collectionID={cid}&sinceTime=0", expect=None))
                if r.status == 200:
                    fresh = self.runner.run(self.world.kernel.db.scan(_page, cid, "photos", person.user_id, 0))
                    assert r.content == fresh.body or (r.content == _NOTHING and not fresh.owners)

    @rule(a=who, f=pick)
    def read(self, a: int, f: int) -> None:
        if files := self.files([f]):
            p, person = self.model.photos[files[0]], self.people[a]
            r = self.runner.run(person.get(f"/files/download/{files[0]}", expect=None))
            if p.state == "gone":
                assert r.status in (403, 404)
            else:
                assert (r.status == 307) is self.model.may_read(person.user_id, files[0]), r.status


def _run(engine: str, examples: int, steps: int) -> None:
    machine: Any = type("Machine", (Machine,), {"engine": engine})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_library_behaves_like_the_model(engine: str) -> None:
    _run(engine, 8 if engine == "sqlite" else 3, 40)


@pytest.mark.slow
def test_the_library_behaves_like_the_model_for_thousands_of_steps(engine: str) -> None:
    _run(engine, 120 if engine == "sqlite" else 30, 60)
