"""Random lives of several stores from a seed: uploads, commits, deletions, stores that come and go, rot, drains, moves, scrubs, kills.

After each step every committed object can be had, or lies only in stores that are away; once all stores are back and the queue has been
worked off, each has as many good copies as are wanted, and nothing lies anywhere that no row knows.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Awaitable, Callable

import pytest

from app.db import Tx
from app.kernel.clock import DAY, MINUTE
from app.kernel.errors import Unavailable as Away
from app.objects import deletion
from app.objects import service as objects
from app.storage import copy_queries, copying, entry, sweeps
from storage_backends import Unavailable
from storage_backends.faulty import Fault
from tests.inprocess import Person, World
from tests.objects.parcels import delete_for_good, let_go, make_file
from tests.storage_tiers.conftest import Opened, held, rot, store, switch, work

NAMES = ("one", "two", "three", "four")
COPIES = 2
STEPS = 40


class Killed(BaseException):
    """The process ends here, as by `kill -9`."""


class Life:
    """One seed's life: what should be there, and the steps that change it."""

    def __init__(self, world: World, alice: Person, seed: int) -> None:
        self.world, self.alice, self.dice = world, alice, random.Random(seed)
        self.want: dict[str, bytes] = {}  # key → bytes of what is committed
        self.files: dict[str, int] = {}
        self.pending: dict[str, bytes] = {}
        self.drained: str | None = None
        self.count = 0

    async def step(self) -> str:
        acts: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (6, self.put), (6, self.commit), (3, self.delete), (2, self.away), (3, self.back), (2, self.rot), (1, self.lose), (5, self.work),
            (2, self.killed), (1, self.drain), (1, self.undrain), (1, self.move), (2, self.scrub), (2, self.flaky),
        ]  # fmt: skip
        (act,) = self.dice.choices([a for _, a in acts], [w for w, _ in acts])
        await act()
        return act.__name__

    async def put(self) -> None:
        self.count += 1
        data = f"photo {self.count}".encode() * self.dice.randint(1, 9)
        with contextlib.suppress(Away):  # every primary is away: refused, and nothing is promised
            key = await objects.store_bytes(self.world.kernel, self.alice.user_id, data)
            self.pending[key] = data

    async def commit(self) -> None:
        if self.pending:
            key, data = self.pending.popitem()
            self.files[key] = await make_file(self.world, self.alice, key)
            self.want[key] = data

    async def delete(self) -> None:
        if self.want:
            key = self.dice.choice(list(self.want))
            del self.want[key]
            ids = await delete_for_good(self.world, self.files.pop(key))
            await let_go(self.world, ids, 0)
            await deletion.run_deletions(self.world.kernel)

    async def away(self) -> None:
        if not any(switch(self.world, n).away for n in NAMES):  # one at a time: two copies stand one loss
            switch(self.world, self.dice.choice(NAMES)).away = True

    async def back(self) -> None:
        for name in NAMES:
            switch(self.world, name).away = False
            switch(self.world, name).more = lambda method, nth: None

    async def flaky(self) -> None:
        """Every third call of a store fails, half of them after the work was done."""
        chance = random.Random(self.dice.random())

        def plan(method: str, nth: int) -> Fault | None:
            error = Unavailable("not now")
            return None if chance.random() > 0.3 else Fault(after=error) if chance.random() < 0.5 else Fault(before=error)

        switch(self.world, self.dice.choice(NAMES)).more = plan

    async def spoil(self) -> tuple[str, str] | None:
        """(store, key) of bytes whose loss leaves a good copy that is not about to go."""
        for key in self.dice.sample(list(self.want), len(self.want)):
            facts = await self.world.kernel.db.read(copy_queries.by_key, key)
            kept = [n for n, c in facts.copies.items() if c.state == "stored" and n != facts.home] + [facts.home] if facts else []
            good = [n for n in kept if (await held(self.world, n)).get(key) == self.want[key]]
            reachable = [n for n in good if not switch(self.world, n).away]
            if len(reachable) > 1:
                return self.dice.choice(reachable), key
        return None

    async def rot(self) -> None:
        if (found := await self.spoil()) is not None:
            await rot(self.world, *found)

    async def lose(self) -> None:
        if (found := await self.spoil()) is not None:
            await switch(self.world, found[0]).inner.delete(found[1])

    async def work(self) -> None:
        await work(self.world, self.dice.choice((1, 5, 60)))

    async def killed(self) -> None:
        """A copy job that ends in the middle of some call to a store."""
        nth = self.dice.randint(1, 12)
        calls = 0

        def plan(method: str, _: int) -> Fault | None:
            nonlocal calls
            calls += 1
            if calls >= nth:
                raise Killed
            return None

        for name in NAMES:
            switch(self.world, name).more = plan
        with contextlib.suppress(Killed, BaseExceptionGroup):
            await work(self.world)
        for name in NAMES:
            switch(self.world, name).more = lambda method, nth: None

    async def drain(self) -> None:
        if self.drained is None:
            self.drained = self.dice.choice(("one", "two", "three"))
            await entry.drain(self.world.kernel, self.drained)

    async def undrain(self) -> None:
        if self.drained is not None and not switch(self.world, self.drained).away:
            await self.back()
            await entry.add(self.world.kernel, self.drained)
            self.drained = None

    async def move(self) -> None:
        if self.drained is None:
            await entry.move(self.world.kernel, "one", "two")
            await sweeps.run_passes(self.world.kernel)

    async def scrub(self) -> None:
        self.world.clock.advance(DAY)
        await sweeps.run_passes(self.world.kernel)

    # --- what must hold
    async def check_readable(self) -> None:
        """Nothing that is committed is lost: its bytes are somewhere."""
        everywhere = {n: await held(self.world, n) for n in NAMES}
        for key, data in self.want.items():
            assert data in [everywhere[n].get(key) for n in NAMES], f"{key} is lost"

    async def settle(self) -> None:
        await self.back()
        for _ in range(2):
            for name in NAMES:
                await entry.verify(self.world.kernel, name)
                await entry.resync(self.world.kernel, name)
            for _ in range(6):
                await entry.work(self.world.kernel, 20)
                await work(self.world, 24 * 60)
                await deletion.run_deletions(self.world.kernel)

    async def check_settled(self) -> None:
        everywhere = {n: await held(self.world, n) for n in NAMES}
        homes = dict(await self.world.kernel.db.read(lambda tx: tx.all("SELECT object_key, store FROM objects WHERE state = 'stored'")))
        for key, data in self.want.items():
            good = [n for n in NAMES if everywhere[n].get(key) == data]
            assert homes[key] in good, f"{key}: not in its home {homes[key]}, but in {good}"
            assert len(good) >= COPIES, f"{key} only in {good}"
            assert self.drained not in good
        shown = await entry.status(self.world.kernel)
        assert not shown["dead"] and not [s for s in shown["stores"] if s["waiting"] or s["leaving"]], shown
        known, keys = await self.world.kernel.db.read(_known)
        assert {(n, key) for n in NAMES for key in everywhere[n] if key in keys} <= known, "bytes where no row says that they are"


def _known(tx: Tx) -> tuple[set[tuple[str, str]], set[str]]:
    """(store, key) of everything, and the keys: an upload that was never acknowledged has none, and is `darkroom fsck`'s."""
    rows = tx.all(
        "SELECT store, object_key FROM objects UNION SELECT c.store, o.object_key FROM object_copies c JOIN objects o ON o.object_id = c.object_id"
    )
    return {(name, key) for name, key in rows}, {key for _, key in rows}


@pytest.mark.parametrize("seed", range(12))
async def test_a_life(opened: Opened, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "TRIES", 1000)  # nobody looks at the list here
    async with opened(store("one"), store("two"), store("three", "copy"), store("four", "copy"), copies=COPIES, scrub_days=3) as world:
        life = Life(world, await world.person("alice"), seed)
        told = []
        for _ in range(STEPS):
            told.append(await life.step())
            world.clock.advance(MINUTE)
            await life.check_readable()
        await life.settle()
        try:
            await life.check_settled()
        except AssertionError as e:
            raise AssertionError(f"seed {seed}: {' '.join(told)}: {e}") from e
