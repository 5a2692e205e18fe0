"""The measured operations: each scenario prepares what it needs and returns rows. It starts no server and prints nothing.

Names on the command line are the keys of SCENARIOS. Shapes and call orders: protocol notes, accounts.md §10 and files.md §17.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from bench import flow
from bench.data import Bulk, content_md5, origin_of, put_request, require
from bench.http1 import render, split_url
from bench.load import Figures, Generator, Plan, Request
from bench.person import Person
from bench.table import Row

MIB, KIB = 1 << 20, 1 << 10
CLIENTS, FEW = 32, 4
WARMUP = 0.2
COMMITS_PER_SECOND = 1500
"""How many requests that work only once are prepared for a second of measuring."""


@dataclass
class Bare:
    """The running yardstick (bench/bare.py). It is measured anew beside every row, because the machine's speed changes under us."""

    generator: Generator
    origin: str
    seconds: float
    seen: list[float] = field(default_factory=list)
    """Requests a second with 32 clients, each time they were measured."""

    def measure(self, kind: str) -> tuple[Figures, Figures]:
        """The shape of traffic of that name, with 1 client and with as many as the rows that are compared with it."""
        host = split_url(self.origin)[0]
        clients, method, path, size = BARE[kind]
        bodies = [bytes(size)] if size else []
        request = Request(render(method, path, host, {}, size or None), 0 if size else -1)
        out = []
        for connections in (1, clients):
            plan = Plan([[request]], bodies, connections, self.seconds, WARMUP / 2)
            out.append(require(self.generator.run(self.origin, plan), "bare handler"))
        if kind == "get":
            self.seen.append(out[1].rps)
        return out[0], out[1]


BARE = {
    "get": (CLIENTS, "GET", "/", 0),
    "put 100 KiB": (CLIENTS, "PUT", "/", 100 * KIB),
    "put 1 MiB": (FEW, "PUT", "/", MIB),
    "get 1 MiB": (FEW, "GET", f"/bytes/{MIB}", 0),
}
"""Kind -> clients, method, path, bytes of the body."""


@dataclass
class Bench:
    """One run against one server. People and albums are made when a scenario first asks for them."""

    generator: Generator
    origin: str
    seconds: float
    quick: bool
    bare: Bare

    @cached_property
    def alice(self) -> Person:
        return Person(self.origin, "alice").sign_up()

    @cached_property
    def household(self) -> list[Person]:
        """Four people: what one account may have under way at once is bounded, 24 photos of 3 MB."""
        return [self.alice, *(Person(self.origin, name).sign_up() for name in ("bob", "carol", "dave"))]

    @cached_property
    def album(self) -> int:
        return self.alice.new_album()

    @cached_property
    def page_album(self) -> int:
        """An album of 5,000 files: two pages."""
        album = self.alice.new_album()
        self.bulk(self.alice).fill(album, 2600 if self.quick else 5000)
        return album

    @cached_property
    def viewable(self) -> list[int]:
        """Files of 1 MiB with thumbnails of 20 KiB."""
        return self.bulk(self.alice).fill(self.alice.new_album(), 64, MIB, 20 * KIB)

    def bulk(self, person: Person) -> Bulk:
        return Bulk(self.generator, person)

    def run(self, requests: list[Request], clients: int, follow: bool = False) -> Figures:
        return self.generator.run(self.origin, Plan([requests], connections=clients, seconds=self.seconds, warmup=WARMUP, follow=follow))

    def flow(self, make: Callable[[int], Callable[[], None]], clients: int) -> Figures:
        """Several requests, one after the other, by clients in threads."""
        return flow.run(make, clients, self.seconds, self.generator.cpu_of.get(self.origin))

    def compare(self, row: Row, kind: str = "get") -> Row:
        """Fills in how much of the bare handler's speed is left: rates where both have one, otherwise latencies."""
        one, many = self.bare.measure(kind)
        if row.many:
            row.share = row.many.rps / many.rps
        elif row.one:
            row.share = one.p50_ms / row.one.p50_ms
        return row

    def point(self, name: str, *requests: Request) -> Row:
        """A cheap request by 1 client and by 32."""
        return self.compare(Row(name, self.run(list(requests), 1), self.run(list(requests), CLIENTS)))


def ping(b: Bench) -> list[Row]:
    return [b.point("ping", Request(render("GET", "/ping", split_url(b.origin)[0], {}, None)))]


def session_validity(b: Bench) -> list[Row]:
    return [b.point("session-validity", b.alice.prepare("GET", "/users/session-validity/v2"))]


def upload_urls(b: Bench) -> list[Row]:
    return [b.point("upload-urls(50)", b.alice.prepare("GET", "/files/upload-urls?count=50"))]


def upload_url(b: Bench) -> list[Row]:
    body = {"contentLength": 3_000_017, "contentMD5": content_md5(b"photo")}
    return [b.point("upload-url", b.alice.prepare("POST", "/files/upload-url", body))]


def _puts(b: Bench, data: bytes, counts: tuple[int, int], clients: int) -> tuple[Figures, Figures]:
    """Distinct signed URLs, each used once, by 1 client and by several."""
    md5 = content_md5(data)
    urls = [url for _, url in b.bulk(b.alice).signed(sum(counts), data)]
    parts, out = (urls[: counts[0]], urls[counts[0] :]), []
    for some, connections in zip(parts, (1, clients), strict=True):
        plan = Plan([[put_request(u, len(data), 0, md5) for u in some]], [data], connections=connections, once=True, seconds=b.seconds)
        out.append(b.generator.run(origin_of(some[0]), plan))
    return out[0], out[1]


def put_100k(b: Bench) -> list[Row]:
    counts = (int(400 * b.seconds), int(2500 * b.seconds))
    one, many = _puts(b, os.urandom(100 * KIB), counts, CLIENTS)
    return [b.compare(Row("put 100 KiB", one, many), "put 100 KiB")]


def put_1m(b: Bench) -> list[Row]:
    counts = (int(200 * b.seconds), int(500 * b.seconds))
    one, many = _puts(b, os.urandom(MIB), counts, FEW)
    return [b.compare(Row("put 1 MiB", one, many, FEW, mib_each=1.0), "put 1 MiB")]


def _targets(b: Bench, kind: str) -> list[str]:
    """The signed URLs behind the download or preview redirects of the viewable files."""
    ask = [b.alice.prepare("GET", f"/files/{kind}/{i}") for i in b.viewable]
    return [a.header("location") or "" for a in b.bulk(b.alice).answers(ask, kind)]


def get_1m(b: Bench) -> list[Row]:
    urls = _targets(b, "download")
    origin, (host, _) = origin_of(urls[0]), split_url(urls[0])
    requests = [Request(render("GET", split_url(u)[1], host, {}, None)) for u in urls]
    runs = [b.generator.run(origin, Plan([requests], connections=n, seconds=b.seconds, warmup=WARMUP)) for n in (1, FEW)]
    return [b.compare(Row("get 1 MiB", runs[0], runs[1], FEW, mib_each=1.0), "get 1 MiB")]


def commit(b: Bench) -> list[Row]:
    many = int(COMMITS_PER_SECOND * b.seconds)
    requests = b.bulk(b.alice).commits(b.album, many + int(300 * b.seconds))
    first = b.generator.run(b.origin, Plan([requests[many:]], once=True, seconds=b.seconds))
    row = Row(
        "commit, one user",
        first,
        b.generator.run(b.origin, Plan([requests[:many]], connections=CLIENTS, once=True, seconds=b.seconds)),
    )
    people = [Person(b.origin, f"bob{i}").sign_up() for i in range(8)]
    lists = [b.bulk(p).commits(p.new_album(), many // 8) for p in people]
    eight = b.generator.run(b.origin, Plan(lists, connections=CLIENTS, once=True, seconds=b.seconds))
    return [b.compare(row), b.compare(Row("commit, eight users", None, eight))]


def diff_page(b: Bench) -> list[Row]:
    rows = []
    for name, coding in (("plain", "identity"), ("gzip", "gzip")):
        ask = b.alice.prepare("GET", f"/collections/v2/diff?collectionID={b.page_album}&sinceTime=0", Accept_Encoding=coding)
        one = b.run([ask], 1)
        row = b.compare(Row(f"diff page, {name}", one))
        row.note = f"{one.bytes_in / max(one.requests, 1) / KIB:,.0f} KiB an answer"
        rows.append(row)
    return rows


def diff_nothing(b: Bench) -> list[Row]:
    stamp = b.alice.album_stamp(b.page_album)
    return [b.point("diff, nothing new", b.alice.prepare("GET", f"/collections/v2/diff?collectionID={b.page_album}&sinceTime={stamp}"))]


def collections_nothing(b: Bench) -> list[Row]:
    stamp = max(b.alice.album_stamp(a) for a in (b.page_album, b.album))
    newest = b.alice.call("GET", f"/collections/v2?sinceTime={stamp}").json()["collections"]
    stamp = max([stamp, *(c["updationTime"] for c in newest)])
    return [b.point("collections/v2, nothing new", b.alice.prepare("GET", f"/collections/v2?sinceTime={stamp}"))]


def preview_redirect(b: Bench) -> list[Row]:
    return [b.point("preview redirect", *(b.alice.prepare("GET", f"/files/preview/{i}") for i in b.viewable))]


def preview_bytes(b: Bench) -> list[Row]:
    requests = [b.alice.prepare("GET", f"/files/preview/{i}") for i in b.viewable]
    name, note = "preview bytes", "20 KiB behind a redirect, two requests"
    if origin_of(_targets(b, "preview")[0]) == origin_of(b.origin):
        return [b.compare(Row(name, b.run(requests, 1, follow=True), b.run(requests, CLIENTS, follow=True), note=note))]
    make = flow.preview(b.alice, b.viewable)
    return [b.compare(Row(name, b.flow(make, 1), b.flow(make, CLIENTS), note=note))]


def upload_photo(b: Bench) -> list[Row]:
    rows = []
    for name, size in (("100 KB", 100_000), ("3 MB", 3_000_000)):
        makes = [flow.upload_one_photo(person, person.new_album(), size) for person in b.household]
        one, few, many = (b.flow(lambda n, makes=makes: makes[n % len(makes)](n), clients) for clients in (1, FEW, CLIENTS))
        note = f"and a thumbnail of 20 KiB, five requests, Python client; with {FEW} clients {few.rps:,.0f}/s"
        rows.append(Row(f"whole photo, {name}", one, many, note=note + (f", {few.cpu_ms:.2f} ms CPU" if few.cpu_ms else "")))
    return rows


def put_multipart(b: Bench) -> list[Row]:
    make = flow.multipart(b.alice, 3, 5 * MIB)
    return [Row("multipart, 3 × 5 MiB", b.flow(make, 1), b.flow(make, FEW), FEW, mib_each=15.0, note="five requests, Python client")]


def put_3m(b: Bench) -> list[Row]:
    counts = (int(60 * b.seconds), int(150 * b.seconds))
    one, many = _puts(b, os.urandom(3 * MIB), counts, FEW)
    return [Row("put 3 MiB", one, many, FEW, mib_each=3.0)]


def get_photo(b: Bench) -> list[Row]:
    ids = b.bulk(b.alice).fill(b.alice.new_album(), 16, 2_900_000, 20 * KIB)
    urls = [a.header("location") or "" for a in b.bulk(b.alice).answers([b.alice.prepare("GET", f"/files/download/{i}") for i in ids], "download")]
    origin, (host, _) = origin_of(urls[0]), split_url(urls[0])
    requests = [Request(render("GET", split_url(u)[1], host, {}, None)) for u in urls]
    one, many = (b.generator.run(origin, Plan([requests], connections=n, seconds=b.seconds, warmup=WARMUP)) for n in (1, 8))
    return [Row("get 2.9 MB", one, many, 8, mib_each=2.9e6 / MIB)]


SCENARIOS: dict[str, Callable[[Bench], list[Row]]] = {
    "ping": ping,
    "session-validity": session_validity,
    "upload-urls": upload_urls,
    "upload-url": upload_url,
    "put-100k": put_100k,
    "put-1m": put_1m,
    "put-3m": put_3m,
    "put-multipart": put_multipart,
    "get-1m": get_1m,
    "get-photo": get_photo,
    "commit": commit,
    "diff-page": diff_page,
    "diff-nothing": diff_nothing,
    "collections-nothing": collections_nothing,
    "preview-redirect": preview_redirect,
    "preview-bytes": preview_bytes,
    "upload-photo": upload_photo,
}
