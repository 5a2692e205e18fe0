"""What a run found, as one table for people and one JSON object for programs.

It judges nothing: targets are printed beside the figures.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bench.load import Figures


@dataclass(slots=True)
class Row:
    """One operation. `one` is the run with 1 client, `many` the one with `clients`; `share` compares with the bare handler."""

    name: str
    one: Figures | None = None
    many: Figures | None = None
    clients: int = 32
    share: float | None = None
    mib_each: float = 0.0
    p50_ms: float | None = None
    note: str = ""

    def p50(self) -> str:
        value = self.one.p50_ms if self.one else self.p50_ms
        return "" if value is None else f"{value:.2f}" if value < 100 else f"{value:,.0f}"

    def rate(self) -> str:
        if not self.many:
            return ""
        if self.mib_each:
            return f"{self.many.rps * self.mib_each:,.0f} MiB/s"
        return f"{self.many.rps:,.0f}"

    def p99(self) -> str:
        figures = self.many or self.one
        return f"{figures.p99_ms:.2f}" if figures else ""

    def cpu(self) -> str:
        figures = self.many or self.one
        ms = figures.cpu_ms if figures else None
        return "" if ms is None else f"{ms:.2f}"

    def remark(self) -> str:
        failed = [f"{f.failed} of {f.requests} failed: {f.status}" for f in (self.one, self.many) if f and f.failed]
        clients = [f"{self.clients} clients"] if self.many and self.clients != 32 else []
        return "; ".join([*clients, *([self.note] if self.note else []), *failed])

    def plain(self) -> dict[str, Any]:
        out = {k: v for k, v in asdict_shallow(self).items() if v not in (None, "", 0.0)}
        return {**out, **{k: getattr(self, k).plain() for k in ("one", "many") if getattr(self, k)}}


def asdict_shallow(row: Row) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__slots__ if name not in ("one", "many")}


TARGETS: dict[str, tuple[str, str]] = {
    "ping": ("7,200/s", "0.31 ms, 7,100/s"),
    "session-validity": ("4,600/s", "0.45 ms, 4,550/s"),
    "upload-urls(50)": ("700/s", "18.5 ms, 134/s"),
    "upload-url": ("2,000/s", "0.79 ms, 1,500/s"),
    "put 100 KiB": ("1,150/s", "1.7 ms, 1,150/s"),
    "put 1 MiB": ("150 MiB/s", ""),
    "get 1 MiB": ("800 MiB/s", ""),
    "commit, one user": ("1,000/s (PostgreSQL 400)", "4.4 ms, 214/s"),
    "commit, eight users": ("1,000/s (PostgreSQL 400)", "322/s"),
    "diff page, plain": ("30 ms", "40 ms"),
    "diff page, gzip": ("40 ms", "78 ms"),
    "diff, nothing new": ("0.7 ms", "1.35 ms"),
    "collections/v2, nothing new": ("0.7 ms", "1.03 ms"),
    "preview redirect": ("2,600/s", "2,550/s"),
    "diff since, 100,000 files": ("5 ms", ""),
    "start-up": ("2,000 ms", ""),
    "idle memory": ("120 MiB", "306 MiB (three servers)"),
}
"""Operation -> what we want, what museum (PostgreSQL, MinIO, two shared cores) was measured at."""


def text(rows: list[Row]) -> str:
    head = ["operation", "1 client p50 ms", "32 clients req/s", "p99 ms", "CPU ms", "of bare", "target", "museum", "remarks"]
    lines = [head]
    for r in rows:
        target, museum = TARGETS.get(r.name, ("", ""))
        share = f"{r.share:.3f}" if r.share is not None else ""
        lines.append([r.name, r.p50(), r.rate(), r.p99(), r.cpu(), share, target, museum, r.remark()])
    widths = [max(len(line[i]) for line in lines) for i in range(len(head) - 1)] + [0]
    numeric = {1, 2, 3, 4, 5}
    out = [" | ".join(c.rjust(w) if i in numeric else c.ljust(w) for i, (c, w) in enumerate(zip(line, widths, strict=True))) for line in lines]
    out.insert(1, "-+-".join("-" * w for w in widths))
    return "\n".join(line.rstrip() for line in out)


@dataclass(slots=True)
class Report:
    """Everything that one run leaves behind."""

    machine: dict[str, Any]
    rows: list[Row] = field(default_factory=list)
    growth: list[dict[str, float]] = field(default_factory=list)
    fsyncs: dict[str, Any] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        rows = [{**r.plain(), "target": TARGETS.get(r.name, ("", ""))[0], "museum": TARGETS.get(r.name, ("", ""))[1]} for r in self.rows]
        return {"machine": self.machine, "rows": rows, "growth": self.growth, "fsyncs": self.fsyncs}
