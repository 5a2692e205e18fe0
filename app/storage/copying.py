"""The worker of `object_copies`: makes copies, mends them, removes them. Each has its own retry time, so one that fails waits by itself.

Any process may be killed at any moment: the row was there before the bytes, a claim ends by itself, and bytes that have already come are
looked at before anything is copied again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

from storage_backends import KeyTaken, NotFound, ObjectStore, StoreError, Unavailable

from ..db import Tx
from ..kernel.clock import DAY, HOUR, MINUTE
from ..kernel.errors import AppError
from ..kernel.jobs import HOLD, is_leased
from ..kernel.pace import Pace
from ..kernel.parts import Kernel
from . import copy_queries as queries
from . import planning
from .checking import Digests, judge, look, reading
from .copy_queries import Facts, Work

log = logging.getLogger("darkroom.storage")

AT_ONCE = 4
SLICE = 60.0
LEASE = 5 * MINUTE
RENEWED = 60.0  # seconds of copying after which the claim is made longer
TRIES = 12  # the last after two days; then it is an operator's
LONGEST_WAIT = DAY // 2
UNCOMMITTED_WAIT = 10 * MINUTE
FRESH = HOUR
"""So long after its bytes were read and compared a copy need not be read again before another one is removed."""


class NothingGood(StoreError):
    """No store has good bytes of an object."""


async def run(kernel: Kernel, *, seconds: float = SLICE) -> int:
    """Work off what is due, a few at a time, beginning nothing new after so many seconds; how many were done."""
    if not await kernel.db.read(queries.is_due, kernel.clock.now()):
        return 0
    pace, until = Pace(kernel.config.tiers.rate), asyncio.get_running_loop().time() + seconds
    return sum(await asyncio.gather(*(_worker(kernel, pace, until) for _ in range(AT_ONCE))))


async def _worker(kernel: Kernel, pace: Pace, until: float) -> int:
    done = 0
    while asyncio.get_running_loop().time() < until and (work := await kernel.db.write("storage.claim", _claim, kernel)) is not None:
        await handle(kernel, work, pace)
        done += 1
    return done


def _claim(tx: Tx, kernel: Kernel) -> Work | None:
    now = kernel.clock.now()
    return queries.claim(tx, now, now + LEASE)


async def handle(kernel: Kernel, work: Work, pace: Pace) -> None:
    """One claimed copy; what goes wrong is written to its row."""
    if work.store not in kernel.stores:
        await _failed(kernel, work, f"store {work.store} is not in the configuration")
        return
    copying = _Copying(kernel, work, kernel.stores[work.store], pace)
    try:
        await (_delete(kernel, work, kernel.stores[work.store], pace) if work.state == "deleting" else copying.run())
    except (StoreError, AppError) as e:
        await _failed(kernel, copying.work, e.log)


async def _failed(kernel: Kernel, work: Work, problem: str) -> None:
    now = kernel.clock.now()
    state = "dead" if work.attempts >= TRIES and work.state == "pending" else work.state
    retry_at = now + min(MINUTE << min(work.attempts - 1, 12), LONGEST_WAIT)
    if state == "dead":
        log.error("object %d cannot be copied to store %s: %s", work.object_id, work.store, problem)
    await kernel.db.write("storage.retry", lambda tx: queries.release(tx, work, retry_at, state=state, attempts=work.attempts, problem=problem))


async def _delete(kernel: Kernel, work: Work, store: ObjectStore, pace: Pace) -> None:
    now = kernel.clock.now()
    if await kernel.db.read(is_leased, HOLD, now):  # a backup may be about to read it here
        await _wait(kernel, work, now + MINUTE)
        return
    f = await kernel.db.read(queries.facts, work.object_id)
    if f is None:
        return
    if f.home == work.store:  # it came back meanwhile
        await kernel.db.write("storage.keep", queries.note_stored, work.object_id, work.store, None, None)
        return
    if f.state == "stored" and not await _at_home(kernel, f, work.store, pace):
        await kernel.db.write("storage.keep", _keep, f, work.store, kernel.clock.now())
        return
    await store.delete(f.key)
    await kernel.db.write("storage.gone", _gone, kernel, work)


async def _wait(kernel: Kernel, work: Work, at: int) -> None:
    """Give a claim back until a time; that it was taken does not count as a try."""
    await kernel.db.write("storage.wait", lambda tx: queries.release(tx, work, at, state=work.state, attempts=work.attempts - 1, problem=""))


async def _at_home(kernel: Kernel, f: Facts, leaving: str, pace: Pace) -> bool:
    """Whether the object's home has its bytes at this moment: read and compared a short while ago and still there, or read now. Raises what a
    store raises, and where nothing says which of two that differ is right: then nothing is removed yet."""
    if f.home not in kernel.stores or f.home not in f.good:
        return False
    home = kernel.stores[f.home]
    known, now = f.copies.get(f.home), kernel.clock.now()
    if known is not None and known.digest and known.verified_at is not None and known.verified_at > now - FRESH:
        head = await home.head(f.key)
        return head is not None and head.size == f.size
    verdict = await look(home, f, pace, digest=f.copies[leaving].digest)
    if verdict.problem:
        return False
    if not verdict.compared and (there := await look(kernel.stores[leaving], f, pace)).digest != verdict.digest and not there.problem:
        raise Unavailable(f"{f.key}: what stores {f.home} and {leaving} have differs, and nothing says which is right")
    await kernel.db.write("storage.verified", queries.verified, f.object_id, f.home, verdict.digest, now)
    return True


def _keep(tx: Tx, f: Facts, store: str, now: int) -> None:
    """What was to go is needed: the home is mended from it first, if it is good."""
    queries.note_stored(tx, f.object_id, store, None, None, "leaving")
    queries.want(tx, f.object_id, f.home, now, problem="its home had lost it")


def _gone(tx: Tx, kernel: Kernel, work: Work) -> None:
    queries.remove(tx, work.object_id, work.store)
    planning.replan(tx, planning.view(kernel, queries.said(tx)), work.object_id)


class _Copying:
    """One copy under way."""

    def __init__(self, kernel: Kernel, work: Work, store: ObjectStore, pace: Pace) -> None:
        self._kernel, self.work, self._store, self._pace = kernel, work, store, pace
        self._renew_at = asyncio.get_running_loop().time() + RENEWED

    async def run(self) -> None:
        kernel, work = self._kernel, self.work
        f = await kernel.db.read(queries.facts, work.object_id)
        if f is None:
            return
        if f.state != "stored":  # of no file yet, or going: its deletion looks after the copies too
            await _wait(kernel, work, kernel.clock.now() + UNCOMMITTED_WAIT)
            return
        digest = await self._already(f) or await self._copy(f)
        await kernel.db.write("storage.stored", _stored, kernel, self.work, digest)

    async def _already(self, f: Facts) -> str | None:
        """The digest of the bytes that are there, when they are good: from before a crash, or wrongly suspected."""
        head = await self._store.head(f.key)
        if head is None or head.size != f.size:
            return None
        verdict = await look(self._store, f, self._pace)
        alone = f.home == self.work.store and not [s for s in f.good if s != f.home]
        return verdict.digest if not verdict.problem and (verdict.compared or alone) else None

    async def _copy(self, f: Facts) -> str:
        """The digest of what was copied from the first store that has good bytes, and read back here."""
        sources = [s for s in f.good if s != self.work.store and s in self._kernel.stores]
        sources.sort(key=self._kernel.tiers.is_down)
        trouble: StoreError = NothingGood("no store has good bytes of it")
        for source in sources:
            try:
                return await self._copy_from(f, self._kernel.stores[source])
            except _BadSource as e:
                await self._kernel.db.write("storage.doubt", queries.want, f.object_id, source, self._kernel.clock.now(), problem=e.log)
                trouble = e
            except Unavailable as e:
                trouble = e
        raise trouble

    async def _copy_from(self, f: Facts, source: ObjectStore) -> str:
        seen = Digests(md5=f.md5 is not None)
        for fresh in (False, True):
            seen = Digests(md5=f.md5 is not None)
            if fresh:
                await self._store.delete(f.key)  # what lies there says that it is the same, and is not
            try:
                await self._store.put(f.key, self._body(f, source, seen), length=f.size, md5=None)
            except KeyTaken as e:
                await self._store.publish(e.staged, f.key, replace=True)
            back = await look(self._store, f, self._pace, digest=seen.digest)
            if not back.problem:
                return back.digest
        raise Unavailable(f"{f.key}: store {self._store.name} does not give back what was written")

    async def _body(self, f: Facts, source: ObjectStore, seen: Digests) -> AsyncIterator[bytes]:
        """The source's bytes; `_BadSource` at their end when they are not what was stored, so that nothing is kept of them."""
        held: bytes | None = None
        try:
            async for chunk in reading(source, f.key, self._pace):
                if held is not None:
                    yield held
                held = chunk
                await seen.add(chunk)
                await self._still_ours()
        except NotFound:
            raise _BadSource(f"{f.key}: store {source.name} does not have it") from None
        except Unavailable as e:
            self._kernel.tiers.failed(source.name, e)
            raise
        verdict = judge(f, seen, f.digest)
        if verdict.problem:
            raise _BadSource(f"{f.key}: store {source.name}: {verdict.problem}")
        if held is not None:
            yield held

    async def _still_ours(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._renew_at:
            self._renew_at = now + RENEWED
            lease = self._kernel.clock.now() + LEASE
            if not await self._kernel.db.write("storage.renew", queries.renew, self.work, lease):
                raise Unavailable(f"object {self.work.object_id}: somebody else copies it to {self.work.store}")
            self.work = Work(self.work.object_id, self.work.store, self.work.state, self.work.takes_home, self.work.attempts, lease)


class _BadSource(StoreError):
    """The bytes of a source are not those that were stored."""


def _stored(tx: Tx, kernel: Kernel, work: Work, digest: str) -> None:
    """Good bytes are in place. An object that was deleted meanwhile keeps its row as it is: its deletion removes these bytes as well."""
    now = kernel.clock.now()
    f = queries.facts(tx, work.object_id, lock=True)
    if f is None:
        return
    if f.state != "stored":
        queries.release(tx, work, now, state="pending", attempts=0, problem="")
        return
    takes_home = f.copies[work.store].takes_home if work.store in f.copies else False
    queries.note_stored(tx, work.object_id, work.store, digest, now)
    if takes_home and f.home != work.store:
        planning.rehome(tx, f, work.store)
    planning.replan(tx, planning.view(kernel, queries.said(tx)), work.object_id)
