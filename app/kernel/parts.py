"""What every feature is handed: the server's parts, made once at start and replaceable in tests."""

from __future__ import annotations

from dataclasses import dataclass, field

from storage_backends import ObjectStore

from ..db import Database
from .clock import Clock, Ids
from .config import Config
from .crypto import Crypto
from .limits import RateLimiter
from .sessions import LastUsed


@dataclass(frozen=True, slots=True)
class Kernel:
    """The server's parts. `stores` holds every configured store by name; new objects go to `store`."""

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

    @property
    def store(self) -> ObjectStore:
        return self.stores[self.config.storage[0].name]
