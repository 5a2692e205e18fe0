"""Finished answers that are asked for again: bounded memory, the least recently used go first. Whether one is still true, its user checks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

V = TypeVar("V")

MOST = 24 << 20  # bytes of all kept bodies, packed forms included
LEAST = 32 << 10  # bytes; smaller answers are made as quickly as they are found


class Repeated(bytes):
    """A body that will be sent again; `packed` is its gzip form, once somebody has asked for that."""

    packed: bytes | None = None


@dataclass(slots=True)
class Kept(Generic[V]):
    """Values under keys, each with the bytes it stands for."""

    most: int = MOST
    least: int = LEAST
    _size: int = 0
    _entries: OrderedDict[Hashable, tuple[V, int]] = field(default_factory=OrderedDict)

    def get(self, key: Hashable) -> V | None:
        found = self._entries.get(key)
        if found is None:
            return None
        self._entries.move_to_end(key)
        return found[0]

    def put(self, key: Hashable, value: V, size: int) -> None:
        """Keep a value of `size` bytes, twice counted: its packed form may come to it."""
        self.drop(key)
        if self.least <= size <= self.most // 4:
            self._entries[key] = (value, 2 * size)
            self._size += 2 * size
            while self._size > self.most:
                self.drop(next(iter(self._entries)))

    def drop(self, key: Hashable) -> None:
        found = self._entries.pop(key, None)
        if found is not None:
            self._size -= found[1]
