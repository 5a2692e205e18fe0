"""What this process counts of itself, for `/metrics` and the administration page. Memory only: a restart begins at zero.

Requests are counted only while somebody may ask (`config.Metrics`); of writes and of what is missing little is counted, always.
"""

from __future__ import annotations

import re
from threading import Lock

from storage_backends.timing import Histogram

SIZES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
NAMES = 200
"""Of routes that are missing: so many are told apart."""
_PLAIN = re.compile(r"[a-z][a-z-]{0,31}|v[0-9]{1,2}")  # no capitals: tokens of links have some, routes none
_SEGMENTS = 8


class Red:
    """Rate, errors, duration of one family of routes. `answers`: by the first digit of the status."""

    __slots__ = ("answers", "took")

    def __init__(self) -> None:
        self.answers = [0] * 6
        self.took = Histogram()


class Writes:
    """Transactions of the database, by the feature that a name begins with; called from the engine's threads."""

    def __init__(self) -> None:
        self.by_feature: dict[str, list[float]] = {}  # [transactions, seconds, undone]
        self.groups = Histogram(SIZES)  # transactions that share one COMMIT; SQLite
        self.commits = Histogram()  # seconds of a COMMIT, which is where its fsync is; SQLite
        self._lock = Lock()

    def add(self, name: str, seconds: float, *, undone: bool = False) -> None:
        feature = name.partition(".")[0]
        with self._lock:
            row = self.by_feature.setdefault(feature, [0, 0.0, 0])
            row[0] += 1
            row[1] += seconds
            row[2] += undone


class Figures:
    """Of one process."""

    def __init__(self) -> None:
        self.requests: dict[str, Red] = {}
        self.missing: dict[str, int] = {}
        self.others = 0  # requests for nothing, by programs that are no app, or beyond the names that are kept
        self.schedule: dict[str, int] = {}  # job → seconds between two runs
        self.kept: dict[str, tuple[int, object]] = {}  # answers that are dear to find: when (µs), what

    def answered(self, family: str, status: int, seconds: float) -> None:
        red = self.requests.get(family)
        if red is None:
            red = self.requests[family] = Red()
        red.answers[min(status // 100, 5)] += 1
        red.took.add(seconds)

    def unknown(self, method: str, path: str, package: str) -> None:
        """An app asked for a route that is not there. Everybody else (whoever looks for other programs' holes) is one figure."""
        name = f"{method[:7]} {shape(path)}"
        if not package.startswith("io.ente.") or (name not in self.missing and len(self.missing) >= NAMES):
            self.others += 1
        else:
            self.missing[name] = self.missing.get(name, 0) + 1


def shape(path: str) -> str:
    """A path without what may be somebody's: numbers, ids, tokens and addresses become `{}`."""
    segments = path.strip("/").split("/")[:_SEGMENTS]
    return "/" + "/".join(s if _PLAIN.fullmatch(s) else "{}" for s in segments if s)
