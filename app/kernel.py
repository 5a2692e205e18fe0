"""What every feature is handed: the server's parts, made once in `app.main.create_app` and replaceable in tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage_backends import ObjectStore

from .clock import Clock, Ids
from .config import Config
from .crypto import Crypto
from .db import Database

if TYPE_CHECKING:
    from .http.auth import Touches
    from .http.ratelimit import RateLimiter


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
    touches: Touches

    @property
    def store(self) -> ObjectStore:
        return self.stores[self.config.storage[0].name]
