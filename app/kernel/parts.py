"""What every feature is handed: the server's parts, made once at start and replaceable in tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from storage_backends import ObjectStore

from ..db import Database
from .clock import Clock, Ids
from .config import Config
from .crypto import Crypto
from .figures import Figures
from .kept import Kept
from .limits import RateLimiter
from .sessions import LastUsed
from .texts import Texts
from .tiers import Tiers


@dataclass(frozen=True, slots=True)
class Kernel:
    """The server's parts. `stores` holds every configured store by name; `tiers` chooses among them."""

    config: Config
    clock: Clock
    ids: Ids
    db: Database
    crypto: Crypto
    stores: dict[str, ObjectStore]
    limiter: RateLimiter
    last_used: LastUsed
    health: dict[str, tuple[int, str]] = field(default_factory=dict)  # part → (when it was tried, how it was); see app/ops/health.py
    room: dict[str, tuple[int, int]] = field(default_factory=dict)  # folder → (when it was looked at, bytes above the reserve)
    arriving: dict[int, int] = field(default_factory=dict)  # account → bytes of bodies that are being written for it
    pages: Kept[Any] = field(default_factory=Kept)  # diff pages; see app/collections/feed.py
    figures: Figures = field(default_factory=Figures)
    texts: Texts = field(init=False)
    tiers: Tiers = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "texts", Texts(self.config.quota.texts, self.db, self.clock))
        object.__setattr__(self, "tiers", Tiers(self.config, self.stores, self.clock))

    @property
    def store(self) -> ObjectStore:
        """The first primary store: where an object goes unless `tiers.choose` says otherwise."""
        return self.stores[self.tiers.first]

    @property
    def direct(self) -> list[ObjectStore]:
        """Stores into which clients put objects themselves."""
        return [store for store in self.stores.values() if store.presigner is not None]
