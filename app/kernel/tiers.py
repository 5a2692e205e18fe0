"""The stores of one process: which takes a new object, which is down, which has room. Memory only; decides nothing about objects that are
stored (that is `app.storage`). With one store every answer is that store.

A store that failed is passed over until `down_until`, twice as long after each failure; one success, or a passed check, ends it.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from storage_backends import NoSpace, NotFound, ObjectStore, StoreError, Unavailable

from .clock import MINUTE, SECOND, Clock
from .config import Config, Storage

log = logging.getLogger("darkroom.storage")

FIRST_WAIT = 5 * SECOND
LONGEST_WAIT = 5 * MINUTE
FULL_WAIT = MINUTE
ACTIVE, DRAINING, RETIRED = "active", "draining", "retired"


@dataclass(slots=True)
class Tier:
    """A store as this process knows it. `state` is the operator's word, `free` and `used` are bytes as last seen."""

    settings: Storage
    state: str = ACTIVE
    free: int | None = None
    used: int | None = None
    failures: int = 0
    down_until: int = 0
    full_until: int = 0
    checked_at: int = 0
    problem: str = field(default="")

    @property
    def name(self) -> str:
        return self.settings.name

    def takes(self, size: int | None) -> bool:
        """By the operator's rules: in use, and neither too large nor too small for it. An unknown size is small enough."""
        rules = self.settings
        return self.state == ACTIVE and (size is None or (size >= rules.min_object and (not rules.max_object or size <= rules.max_object)))

    def has_room(self, size: int | None, now: int) -> bool:
        rules, more = self.settings, size or 0
        if self.full_until > now or (rules.quota and self.used is not None and self.used + more > rules.quota):
            return False
        return not rules.min_free or self.free is None or self.free - more >= rules.min_free

    def down(self, now: int) -> bool:
        return self.failures > 0 and self.down_until > now


class Tiers:
    """`stores` is the kernel's own dictionary: who replaces a store there replaces it here."""

    def __init__(self, config: Config, stores: Mapping[str, ObjectStore], clock: Clock) -> None:
        self._stores, self._clock = stores, clock
        self.all: dict[str, Tier] = {s.name: Tier(s) for s in config.storage}
        self.single = len(config.storage) == 1
        self.first = next((s.name for s in config.storage if s.role == "primary"), config.storage[0].name)

    def choose(self, size: int | None = None, but: Collection[str] = ()) -> ObjectStore:
        """The store for a new object of `size` bytes (None: unknown): the first primary that takes it, is not down and has room; when none is
        left, the first that takes it at all, whose refusal is then the answer. `but`: stores that have just failed."""
        if self.single:
            return self._stores[self.first]
        now = self._clock.now()
        able = [t for t in self.all.values() if t.settings.role == "primary" and t.takes(size)]
        for tier in able:
            if tier.name not in but and not tier.down(now) and tier.has_room(size, now):
                return self._stores[tier.name]
        return self._stores[able[0].name if able else self.first]

    def placed(self, name: str, size: int) -> None:
        """Bytes went to a store: what its quota is compared with until the next count."""
        if not self.single and (tier := self.all.get(name)) is not None and tier.used is not None:
            tier.used += size

    def is_down(self, name: str) -> bool:
        tier = self.all.get(name)
        return tier is None or tier.down(self._clock.now())

    def failed(self, name: str, error: StoreError) -> None:
        """A call failed: what says something of the whole store is remembered."""
        tier = self.all.get(name)
        if tier is None or self.single or isinstance(error, NotFound):
            return
        now = self._clock.now()
        if isinstance(error, NoSpace):
            tier.full_until, tier.problem = now + FULL_WAIT, error.log
        elif isinstance(error, Unavailable):
            if not tier.failures:
                log.warning("store %s fails, others are asked first: %s", name, error.log)
            tier.failures += 1
            tier.down_until = now + min(FIRST_WAIT << min(tier.failures - 1, 10), LONGEST_WAIT)
            tier.problem = error.log

    def worked(self, name: str) -> None:
        tier = self.all.get(name)
        if tier is not None and tier.failures:
            tier.failures, tier.down_until, tier.problem = 0, 0, ""
            log.warning("store %s works again", name)
