"""How operations behave as one album grows, and what operations on a thousand files cost when many are there.

Draws the curves when matplotlib is installed; the table is printed in any case.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from bench.http1 import BenchError
from bench.load import Figures, Request
from bench.person import Person, items
from bench.scenarios import Bench
from bench.table import Row

RECENT = 10
"""Files that a device syncing "since a recent stamp" has not seen."""
BATCH, COPIES, ROUNDS = 1000, 100, 3
Fill = Callable[[Person, int, int], None]
"""fill(person, album, count): commits count more files into the album."""


class Growth:
    """One account with one album that grows step by step; `points` holds the medians in ms at each size."""

    def __init__(self, bench: Bench, fill: Fill) -> None:
        self.bench, self.fill = bench, fill
        self.person = Person(bench.origin, "carol").sign_up()
        self.album = self.person.new_album()
        self.points: list[dict[str, float]] = []
        self.count = 0

    def grow_to(self, count: int) -> None:
        self.fill(self.person, self.album, count - self.count)
        self.count = count

    def measure(self) -> None:
        b, p = self.bench, self.person
        before = p.album_stamp(self.album)
        recent = b.bulk(p).fill(self.album, RECENT)
        now = p.album_stamp(self.album)
        diff = f"/collections/v2/diff?collectionID={self.album}&sinceTime="
        requests = {
            "diff, 10 new files": p.prepare("GET", f"{diff}{before}"),
            "diff, nothing new": p.prepare("GET", f"{diff}{now}"),
            "collections/v2, nothing new": p.prepare("GET", f"/collections/v2?sinceTime={now}"),
            "preview redirect": p.prepare("GET", f"/files/preview/{recent[0]}"),
            "first diff page": p.prepare("GET", f"{diff}0"),
        }
        found = {name: b.run([r], 1).p50_ms for name, r in requests.items()}
        commits = b.bulk(p).commits(self.album, 200)
        found["commit"] = run_once(b, commits).p50_ms
        self.count += RECENT + len(commits)
        self.points.append({"files": self.count, **found})


def run_once(b: Bench, requests: list[Request]) -> Figures:
    from bench.load import Plan

    return b.generator.run(b.origin, Plan([requests], once=True))


def rows(growth: Growth) -> list[Row]:
    """The table's row about the largest album that the issue names: a diff since a recent stamp."""
    largest = growth.points[-1]
    name = f"diff since, {_thousands(largest['files'])} files"
    return [Row(name, p50_ms=largest["diff, 10 new files"], note=f"{RECENT} new files of {largest['files']:,.0f}")]


def _thousands(files: float) -> str:
    digits = max(len(str(int(files))) - 1, 0)
    return f"{10**digits:,}"


def text(points: list[dict[str, float]]) -> str:
    names = list(points[0])
    lines = [["files", *(n for n in names if n != "files")]]
    lines += [[f"{p['files']:,.0f}", *(f"{p[n]:.2f}" for n in names if n != "files")] for p in points]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join(" | ".join(c.rjust(w) for c, w in zip(line, widths, strict=True)) for line in lines)


def draw(points: list[dict[str, float]], path: Path) -> bool:
    """The curves as a PNG; False without matplotlib."""
    try:
        import matplotlib as mpl
    except ImportError:
        return False
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 5))
    for name in points[0]:
        if name != "files":
            axes.plot([p["files"] for p in points], [p[name] for p in points], marker="o", label=name)
    axes.set(xscale="log", yscale="log", xlabel="files in the album", ylabel="ms, median, 1 client")
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return True


class Batches:
    """Single calls about a thousand files (copy: 100), three rounds with different files."""

    def __init__(self, growth: Growth) -> None:
        self.person, self.album, self.bench = growth.person, growth.album, growth.bench
        self.files = growth.count
        self.times: dict[str, list[float]] = {}
        self.missing: dict[str, str] = {}

    def rows(self) -> list[Row]:
        self._all()
        out = []
        for name, ms in self.times.items():
            note = self.missing.get(name) or f"{len(ms)} calls, slowest {max(ms):,.0f} ms, {self.files:,} files there"
            out.append(Row(name, p50_ms=median(ms) if ms else None, note=note))
        return out

    def _call(self, name: str, person: Person, target: str, body: Any) -> bool:
        ms = self.times.setdefault(name, [])
        began = time.perf_counter()
        answer = person.send("POST", target, body)
        if answer.status != 200:
            self.missing[name] = f"POST {target} answered {answer.status}"
            return False
        ms.append((time.perf_counter() - began) * 1e3)
        return True

    def _all(self) -> None:
        p = self.person
        ids = self._some_ids(ROUNDS * BATCH)
        second, third = p.new_album(), p.new_album()
        for at in range(0, len(ids), BATCH):
            some = ids[at : at + BATCH]
            n = f"{len(some):,}"
            self._call(f"add {n} files", p, "/collections/add-files", {"collectionID": second, "files": items(some)})
            move = {"fromCollectionID": second, "toCollectionID": third, "files": items(some)}
            self._call(f"move {n} files", p, "/collections/move-files", move)
            trash = {"items": [{"fileID": i, "collectionID": self.album} for i in some]}
            if self._call(f"trash {n} files", p, "/files/trash", trash):
                self._call(f"restore {n} files", p, "/collections/restore-files", {"collectionID": self.album, "files": items(some)})
        self._between_two_people(ids)

    def _between_two_people(self, ids: list[int]) -> None:
        """Remove and copy need a shared album."""
        p, bob = self.person, Person(self.bench.origin, "bob").sign_up()
        shared, own = p.new_album(), bob.new_album()
        try:
            p.share(shared, bob, "COLLABORATOR")
        except BenchError as e:
            self.times["remove, copy"], self.missing["remove, copy"] = [], str(e)[:80]
            return
        theirs = self.bench.bulk(bob).fill(own, BATCH)
        for round_ in range(ROUNDS):
            if self._call(
                f"add {BATCH:,} files, shared album",
                bob,
                "/collections/add-files",
                {"collectionID": shared, "files": items(theirs)},
            ):
                self._call(f"remove {BATCH:,} files", bob, "/collections/v3/remove-files", {"collectionID": shared, "fileIDs": theirs})
            some = ids[round_ * COPIES : (round_ + 1) * COPIES]
            if p.send("POST", "/collections/add-files", {"collectionID": shared, "files": items(some)}).status == 200:
                copy = {"srcCollectionID": shared, "dstCollectionID": own, "files": items(some)}
                self._call(f"copy {COPIES} files", bob, "/files/copy", copy)

    def _some_ids(self, count: int) -> list[int]:
        found: list[int] = []
        since = 0
        while len(found) < count:
            page = self.person.call("GET", f"/collections/v2/diff?collectionID={self.album}&sinceTime={since}").json()
            found += [f["id"] for f in page["diff"] if not f["isDeleted"]]
            if not page["hasMore"]:
                break
            since = max(f["updationTime"] for f in page["diff"])
        return found[:count]
