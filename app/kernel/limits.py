"""Request budgets per account or client address (accounts.md §6), all from one table in the configuration.

Never one budget for all together: museum's process-wide counters let one stranger lock out everybody's sign-up.
Budgets that guard a secret live in the database: they outlive a restart and hold over several processes.
An IPv6 address counts as its /64, which is what one customer has. A window that a clock since corrected left in the future is over.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache

from ..db import Database, Tx
from .clock import SECOND, Clock
from .config import Limit, Limits
from .errors import Gate

DURABLE = frozenset({"sensitive", "codes_per_address", "probes", "link_password"})
LINK = "link"
"""The kind of a guess at a link's password: many people have one link, so they may be wrong more often than one person."""
_KEEP = 50_000  # counters in memory at most: a flood of addresses pushes out the oldest windows, not the process


def breached() -> Gate:
    return Gate("Rate limit breached, try later", status=429)


def count(tx: Tx, bucket: str, now: int, window: int, by: int = 1) -> int:
    """Hits of this bucket in its current window (µs), these included."""
    hits = tx.value(
        "INSERT INTO rate_counters (bucket, window_start, hits) VALUES (:bucket, :now, :by) ON CONFLICT (bucket) DO UPDATE SET "
        "hits = CASE WHEN rate_counters.window_start BETWEEN :now - :window + 1 AND :now + :window THEN rate_counters.hits + :by ELSE :by END, "
        "window_start = CASE WHEN rate_counters.window_start BETWEEN :now - :window + 1 AND :now + :window "
        "  THEN rate_counters.window_start ELSE :now END "
        "RETURNING hits",
        bucket=bucket,
        now=now,
        window=window,
        by=by,
    )
    return int(hits)


def standing(tx: Tx, bucket: str, now: int, window: int) -> int:
    """Hits of this bucket in its current window (µs), without one more."""
    hits = tx.value(
        "SELECT hits FROM rate_counters WHERE bucket = :bucket AND window_start BETWEEN :since AND :until",
        bucket=bucket,
        since=now - window + 1,
        until=now + window,
    )
    return int(hits or 0)


def give_back(tx: Tx, bucket: str, by: int) -> None:
    """Take back hits, as far as there are any."""
    tx.run(
        "UPDATE rate_counters SET hits = CASE WHEN hits > :by THEN hits - :by ELSE 0 END WHERE bucket = :bucket",
        bucket=bucket,
        by=by,
    )


def forget(tx: Tx, before: int) -> int:
    """Drop counters whose window began before (µs)."""
    return tx.run("DELETE FROM rate_counters WHERE window_start < :before", before=before)


@lru_cache(maxsize=4096)
def neighbourhood(address: str) -> str:
    """An IPv6 address as its /64; every other text as it is."""
    return _neighbourhood(f"ip {address}")[3:]


@lru_cache(maxsize=4096)
def _neighbourhood(key: str) -> str:
    """`ip <IPv6 address> …` with the address cut to its /64; every other key as it is."""
    what, _, rest = key.partition(" ")
    address, space, more = rest.partition(" ")
    if what != "ip" or ":" not in address:
        return key
    try:
        network = ipaddress.IPv6Network((address, 64), strict=False)
    except ValueError:
        return key
    return f"ip {network}{space}{more}"


def network(address: str) -> str:
    """What one customer has: an IPv4 address, the /64 of an IPv6 address."""
    return _neighbourhood(f"ip {address}")[3:]


@dataclass(frozen=True, slots=True)
class Guess:
    """A try at somebody's secret. `kind`: which one; `person`: whose, also where nobody knows whether there is one; for a link its id."""

    kind: str
    person: int | str
    ip: str

    @property
    def near(self) -> str:
        """The counter of this person and this network."""
        return f"guess:{self.kind} {self.person} from {network(self.ip)}"

    @property
    def total(self) -> str:
        """The counter of this person, whoever guesses."""
        return f"guess:{self.kind} {self.person}"


def guesses(tx: Tx, limits: Limits, guess: Guess, now: int) -> tuple[bool, bool]:
    """Count a guess before it is judged: (whether this network may make it, whether all networks together still may).

    Wrong ones stay counted, so a stranger uses up the network's own budget and leaves others alone: what is refused for the network's sake is
    not counted for all together. `right_guess` takes a right one back. At a link a network has its budget for as long as all together have
    theirs: one alone must not use that up.
    The counters stand still until COMMIT: guesses at one person at the same time wait for each other.
    """
    budget, all_together = limits.guesses, limits.link_password_total if guess.kind == LINK else limits.guesses_total
    seconds = all_together.seconds if guess.kind == LINK else budget.seconds
    near = count(tx, guess.near, now, seconds * SECOND)
    if budget.count and near > budget.count:
        return False, standing(tx, guess.total, now, all_together.seconds * SECOND) <= (all_together.count or near)
    total = count(tx, guess.total, now, all_together.seconds * SECOND)
    return True, not all_together.count or total <= all_together.count


def may_guess(tx: Tx, limits: Limits, guess: Guess, now: int) -> bool:
    """Count a guess; whether both budgets held."""
    return all(guesses(tx, limits, guess, now))


def right_guess(tx: Tx, guess: Guess) -> None:
    tx.run("UPDATE rate_counters SET hits = hits - 1 WHERE bucket IN (:buckets[]) AND hits > 0", buckets=[guess.near, guess.total])


class RateLimiter:
    """`allow` raises 429 when a budget is used up; refused requests count too.

    `shared`: other processes serve the same accounts. Budgets that need not outlive a restart are then counted here and added up in the
    database a few times per window, so they may be passed by a twentieth per process, and cost a write every so many requests only.
    """

    def __init__(self, limits: Limits, db: Database, clock: Clock, *, shared: bool = False) -> None:
        self._limits = limits
        self._db = db
        self._clock = clock
        self._shared = shared
        self._counters: OrderedDict[str, list[int]] = OrderedDict()  # bucket → [window start, hits here, hits elsewhere, hits not told yet]

    async def allow(self, name: str, key: str) -> None:
        """Count one request of `key` against the named limit; Gate(429) beyond it."""
        limit: Limit = getattr(self._limits, name)
        if limit.count and await self._hits(name, key, limit.seconds * SECOND) > limit.count:
            raise breached()

    async def left(self, name: str, key: str) -> bool:
        """Count one and say whether the budget still held, for callers that answer differently instead of refusing."""
        limit: Limit = getattr(self._limits, name)
        return not limit.count or await self._hits(name, key, limit.seconds * SECOND) <= limit.count

    async def _hits(self, name: str, key: str, window: int) -> int:
        bucket = f"{name}:{_neighbourhood(key)}"
        if name in DURABLE:
            return await self._db.write("ratelimit.count", count, bucket, self._clock.now(), window)
        hits = self._in_memory(bucket, window)
        if not self._shared:
            return hits
        counter = self._counters[bucket]
        counter[3] += 1
        limit: Limit = getattr(self._limits, name)
        if hits == 1 or counter[3] > limit.count // 20:
            untold, counter[3] = counter[3], 0
            total = await self._db.write("ratelimit.add", count, bucket, self._clock.now(), window, untold)
            counter[2] = max(counter[2], total - counter[1] + counter[3])
        return counter[1] + counter[2]

    def address_ok(self, address: str) -> bool:
        """The budget of every request, per address; in memory, on the hot path."""
        limit = self._limits.address
        return not limit.count or self._in_memory(_neighbourhood(f"ip {address}"), limit.seconds * SECOND) <= limit.count

    def _in_memory(self, bucket: str, window: int) -> int:
        now = self._clock.now()
        counter = self._counters.get(bucket)
        if counter is None or not now - window < counter[0] <= now + window:
            self._counters[bucket] = [now, 1, 0, 0]
            self._counters.move_to_end(bucket)
            if len(self._counters) > _KEEP:
                self._counters.popitem(last=False)
            return 1
        counter[1] += 1
        return counter[1]
