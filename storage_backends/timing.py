"""How long things take, counted: one histogram, and the one of this process's fsyncs. Knows no clock and no names."""

from __future__ import annotations

from bisect import bisect_left
from threading import Lock

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Histogram:
    """Counts by upper bound, and a sum. `add` may be called from any thread."""

    __slots__ = ("_lock", "bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...] = BOUNDS) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0
        self._lock = Lock()

    def add(self, value: float) -> None:
        with self._lock:
            self.counts[bisect_left(self.bounds, value)] += 1
            self.total += value

    @property
    def count(self) -> int:
        return sum(self.counts)


SYNCS = Histogram()
"""Seconds of every fsync of an object's bytes, of all stores of this process: it is the disk that is measured."""
