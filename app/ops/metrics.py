"""The figures of this process as Prometheus reads them (text format 0.0.4). Reads; counts nothing itself."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
from collections.abc import Iterable, Iterator
from typing import Any

from storage_backends.timing import SYNCS, Histogram

from .. import __version__
from ..admin import service as administration
from ..kernel import jobs
from ..kernel.clock import MINUTE
from ..kernel.jobs import Run
from ..kernel.parts import Kernel
from ..storage import entry as storage
from . import build

MEDIA = b"text/plain; version=0.0.4; charset=utf-8"
Samples = Iterable[tuple[dict[str, str], float]]


async def text(kernel: Kernel) -> str:
    """Everything, one family after the other. What is dear to find is a minute old at most."""
    lines: list[str] = []
    for name, kind, about, samples in [*_process(kernel), *_requests(kernel), *_database(kernel), *await _stored(kernel), *await _jobs(kernel)]:
        lines += [f"# HELP darkroom_{name} {about}", f"# TYPE darkroom_{name} {kind}"]
        lines += _histograms(name, samples) if kind == "histogram" else _lines(name, samples)
    return "\n".join(lines) + "\n"


Family = tuple[str, str, str, Any]


def _lines(name: str, samples: Samples) -> Iterator[str]:
    for labels, value in samples:
        yield f"darkroom_{name}{_labels(labels)} {value:.15g}"


def _histograms(name: str, samples: Iterable[tuple[dict[str, str], Histogram]]) -> Iterator[str]:
    for labels, histogram in samples:
        below = 0
        for bound, count in zip((*histogram.bounds, None), tuple(histogram.counts), strict=True):
            below += count
            yield f"darkroom_{name}_bucket{_labels({**labels, 'le': '+Inf' if bound is None else f'{bound:g}'})} {below}"
        yield f"darkroom_{name}_sum{_labels(labels)} {histogram.total:.9g}"
        yield f"darkroom_{name}_count{_labels(labels)} {below}"


def _labels(labels: dict[str, str]) -> str:
    return "{" + ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items()) + "}" if labels else ""


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _process(kernel: Kernel) -> Iterator[Family]:
    yield "info", "gauge", "Which server this is.", [({"version": __version__, "build": build.digest(), "database": kernel.db.engine}, 1)]
    used = resource.getrusage(resource.RUSAGE_SELF)
    yield "cpu_seconds_total", "counter", "Processor time of this process.", [({}, used.ru_utime + used.ru_stime)]
    with contextlib.suppress(OSError, ValueError):
        with open("/proc/self/statm", encoding="ascii") as file:
            pages = int(file.read().split()[1])
        yield "resident_memory_bytes", "gauge", "Memory of this process.", [({}, pages * resource.getpagesize())]
        yield "open_files", "gauge", "Files and connections that are open.", [({}, len(os.listdir("/proc/self/fd")))]
    with contextlib.suppress(OSError):
        disk = shutil.disk_usage(kernel.config.data_dir)
        yield "disk_bytes", "gauge", "Disk of the data folder.", [({"state": "free"}, disk.free), ({"state": "used"}, disk.total - disk.free)]


def _requests(kernel: Kernel) -> Iterator[Family]:
    """Rate, errors and duration of each feature's routes, and what nobody answers."""
    figures = kernel.figures
    families = sorted(figures.requests.items())
    answers = [({"family": f, "status": f"{n}xx"}, count) for f, red in families for n, count in enumerate(red.answers) if count]
    yield "requests_total", "counter", "Requests answered.", answers
    yield "request_seconds", "histogram", "Time until the answer was handed over.", [({"family": f}, red.took) for f, red in families]
    missing = [({"route": name}, count) for name, count in sorted(figures.missing.items())]
    yield "missing_route_requests_total", "counter", "Requests of apps for routes that this server has not.", missing
    yield "missing_other_requests_total", "counter", "Requests for nothing, by others than apps.", [({}, figures.others)]


def _database(kernel: Kernel) -> Iterator[Family]:
    writes = kernel.db.writes
    rows = sorted(writes.by_feature.items())
    yield "transactions_total", "counter", "Transactions that wrote.", [({"feature": f}, row[0]) for f, row in rows]
    yield "transaction_seconds_total", "counter", "Time inside of them.", [({"feature": f}, row[1]) for f, row in rows]
    yield "transactions_undone_total", "counter", "Transactions that were rolled back.", [({"feature": f}, row[2]) for f, row in rows]
    if kernel.db.engine == "sqlite":
        yield "commit_group", "histogram", "Transactions that shared one COMMIT.", [({}, writes.groups)]
        yield "commit_seconds", "histogram", "Time of a COMMIT, which waits for its fsync.", [({}, writes.commits)]
    yield "object_sync_seconds", "histogram", "Time of an fsync of an object's bytes.", [({}, SYNCS)]


async def _stored(kernel: Kernel) -> Iterator[Family]:
    found, totals = await _once_a_minute(kernel)
    stores = found["stores"]

    def each(key: str) -> Samples:
        return [({"store": s["name"]}, float(s[key])) for s in stores if s[key] is not None]

    return iter(
        [
            ("accounts", "gauge", "Live accounts.", [({}, totals.accounts)]),
            ("files", "gauge", "Files of all accounts.", [({}, totals.files)]),
            ("store_up", "gauge", "Whether a store answered when it was last used.", [({"store": s["name"]}, s["health"] == "ok") for s in stores]),
            ("store_bytes", "gauge", "Bytes of the objects in a store.", each("bytes")),
            ("store_objects", "gauge", "Objects in a store.", each("objects")),
            ("store_free_bytes", "gauge", "Room left in a store, where it is known.", each("free")),
            ("store_waiting_copies", "gauge", "Copies that are still to be made.", each("waiting")),
            ("store_given_up_copies", "gauge", "Copies that could not be made.", each("dead")),
        ]
    )


async def _once_a_minute(kernel: Kernel) -> Any:
    now = kernel.clock.now()
    at, found = kernel.figures.kept.get("stored", (0, None))
    if found is None or not 0 <= now - at < MINUTE:
        found = (await storage.status(kernel), await administration.totals(kernel))
        kernel.figures.kept["stored"] = (now, found)
    return found


async def _jobs(kernel: Kernel) -> Iterator[Family]:
    schedule, now = kernel.figures.schedule, kernel.clock.now()
    runs: list[Run] = await kernel.db.read(jobs.runs)

    def lag(run: Run) -> float:
        return max(0, now - (run.succeeded_at or run.began_at)) / 1e6

    return iter(
        [
            (
                "job_success_time_seconds",
                "gauge",
                "When a job last succeeded.",
                [({"job": r.name}, r.succeeded_at / 1e6) for r in runs if r.succeeded_at],
            ),
            ("job_lag_seconds", "gauge", "Since a job last succeeded.", [({"job": r.name}, lag(r)) for r in runs]),
            ("job_interval_seconds", "gauge", "How often it is to run.", [({"job": n}, s) for n, s in sorted(schedule.items())]),
            ("job_run_seconds", "gauge", "How long its last run took.", [({"job": r.name}, (r.ended_at - r.began_at) / 1e6) for r in runs]),
            ("job_failed", "gauge", "Whether its last run failed.", [({"job": r.name}, bool(r.problem)) for r in runs]),
        ]
    )
