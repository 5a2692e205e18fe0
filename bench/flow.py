"""Closed-loop flows whose next request depends on the last answer: threads with blocking sockets, in this process.

The C generator cannot do these. Their own CPU time is measured and reported like that of the generator.
"""

from __future__ import annotations

import copy
import os
import threading
import time
from collections.abc import Callable

from bench.data import content_md5
from bench.http1 import BenchError, Client
from bench.load import Figures
from bench.person import PACKAGE, Person, file_body

THUMB_BYTES = 20 * 1024
VARIANTS = 8


def run(make: Callable[[int], Callable[[], None]], clients: int, seconds: float, cpu_of: Callable[[], float] | None = None) -> Figures:
    """Calls make(i)() over and over in each of `clients` threads; a flow that raises counts as failed. `cpu_of`: the server's CPU seconds."""
    samples: list[float] = []
    failures: list[str] = []
    flows = [make(i) for i in range(clients)]
    servers = cpu_of() if cpu_of else 0.0
    cpu, began = time.process_time(), time.perf_counter()

    def work(flow: Callable[[], None]) -> None:
        while (t := time.perf_counter()) - began < seconds and len(failures) < 50:
            try:
                flow()
            except (BenchError, OSError) as e:
                failures.append(str(e))
                continue
            samples.append((time.perf_counter() - t) * 1e3)

    threads = [threading.Thread(target=work, args=(flow,)) for flow in flows]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    took = time.perf_counter() - began
    samples.sort()

    def percentile(share: float) -> float:
        return samples[min(int(share * len(samples)), len(samples) - 1)] if samples else 0.0

    status = {"200": len(samples), **({failures[0][:120]: len(failures)} if failures else {})}
    return Figures(
        len(samples), took, len(samples) / took, percentile(0.5), percentile(0.9), percentile(0.99), percentile(1.0), 0, 0,
        time.process_time() - cpu, 0, status, "python threads", len(samples) + len(failures), cpu_of() - servers if cpu_of else None,
    )  # fmt: skip


def upload_one_photo(person: Person, album: int, size: int) -> Callable[[int], Callable[[], None]]:
    """files.md §17.1, steps 1 to 5: a photo of `size` bytes and a thumbnail of 20 KiB, five requests."""
    photos = [(d, content_md5(d)) for d in (os.urandom(size) for _ in range(VARIANTS))]
    thumbs = [(d, content_md5(d)) for d in (os.urandom(THUMB_BYTES) for _ in range(VARIANTS))]

    def make(number: int) -> Callable[[], None]:
        me = copy.copy(person)
        me.client = Client()

        def put(data: bytes, md5: str) -> tuple[str, int]:
            key, url = me.upload_url(len(data), md5)
            answer = me.client.send("PUT", url, {**PACKAGE, "Content-MD5": md5}, data)
            if answer.status != 200:
                raise BenchError(f"PUT {answer.status} {answer.body[:80]!r}")
            return key, len(data)

        def flow() -> None:
            file, thumbnail = put(*photos[number % VARIANTS]), put(*thumbs[number % VARIANTS])
            me.call("POST", "/files", file_body(album, file, thumbnail))

        return flow

    return make


def multipart(person: Person, parts: int, size: int) -> Callable[[int], Callable[[], None]]:
    """files.md §1: URLs for a body in parts of `size` bytes, a PUT of each, and the completion."""
    data = os.urandom(size)
    md5 = content_md5(data)

    def make(number: int) -> Callable[[], None]:
        me = copy.copy(person)
        me.client = Client()

        def send(method: str, url: str, headers: dict[str, str], body: bytes) -> dict[str, str]:
            answer = me.client.send(method, url, {**PACKAGE, **headers}, body)
            if answer.status != 200:
                raise BenchError(f"{method} {answer.status} {answer.body[:80]!r}")
            return dict(answer.headers)

        def flow() -> None:
            ask = {"contentLength": parts * size, "partLength": size, "partMd5s": [md5] * parts}
            urls = me.call("POST", "/files/multipart-upload-url", ask).json()
            etags = [send("PUT", url, {"Content-MD5": md5}, data)["etag"] for url in urls["partURLs"]]
            listed = "".join(f"<Part><PartNumber>{n}</PartNumber><ETag>{etag}</ETag></Part>" for n, etag in enumerate(etags, 1))
            text = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>"
            send("POST", urls["completeURL"], {"Content-Type": "text/xml"}, text.encode())

        return flow

    return make


def preview(person: Person, ids: list[int]) -> Callable[[int], Callable[[], None]]:
    """The redirect and the bytes behind it, for a server whose objects live at another address."""

    def make(number: int) -> Callable[[], None]:
        me = copy.copy(person)
        me.client = Client()
        at = number

        def flow() -> None:
            nonlocal at
            at += 1
            redirect = me.send("GET", f"/files/preview/{ids[at % len(ids)]}")
            if redirect.status != 307 or me.client.send("GET", redirect.headers["location"]).status != 200:
                raise BenchError(f"preview {redirect.status}")

        return flow

    return make
