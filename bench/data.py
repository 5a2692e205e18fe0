"""Data for the scenarios, made over HTTP in bulk: upload URLs, stored objects, committed files.

Works against any server that speaks the protocol. bench/populate.py is faster, but only knows this one.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass

from bench.http1 import BenchError, render, split_url
from bench.load import Figures, Generator, Plan, Request, Saved
from bench.person import Person, file_body

SMALL, THUMB = 64, 32
URLS_A_CALL = 50
COMMITS_A_RUN = 20_000
CLIENTS = 16


def content_md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def require(figures: Figures, what: str) -> Figures:
    if figures.failed:
        raise BenchError(f"{what}: {figures.failed} of {figures.requests} failed: {figures.status}, {figures.io_errors} broken connections")
    return figures


def put_request(url: str, length: int, body: int, md5: str = "") -> Request:
    host, target = split_url(url)
    return Request(render("PUT", target, host, {"Content-MD5": md5} if md5 else {}, length), body)


def origin_of(url: str) -> str:
    return f"http://{split_url(url)[0]}"


@dataclass(slots=True)
class Bulk:
    """Bulk operations of one person."""

    generator: Generator
    person: Person

    def answers(self, requests: Sequence[Request], what: str, connections: int = CLIENTS) -> list[Saved]:
        """Every request once; the answers in the requests' order."""
        plan = Plan([requests], connections=connections, once=True, save=True)
        figures = require(self.generator.run(self.person.origin, plan), what)
        return sorted(figures.saved, key=lambda a: a.index)

    def keys(self, count: int) -> list[tuple[str, str]]:
        """(object key, URL) pairs that take any bytes (v1 URLs)."""
        calls = -(-count // URLS_A_CALL)
        ask = self.person.prepare("GET", f"/files/upload-urls?count={URLS_A_CALL}")
        found = [(u["objectKey"], u["url"]) for a in self.answers([ask] * calls, "upload-urls") for u in a.json()["urls"]]
        return found[:count]

    def signed(self, count: int, data: bytes) -> list[tuple[str, str]]:
        """(object key, URL) pairs bound to these bytes (v2 URLs)."""
        ask = self.person.prepare("POST", "/files/upload-url", {"contentLength": len(data), "contentMD5": content_md5(data)})
        return [(a.json()["objectKey"], a.json()["url"]) for a in self.answers([ask] * count, "upload-url")]

    def store(self, urls: Sequence[tuple[str, bytes]], what: str = "PUT") -> None:
        """PUTs to v1 URLs."""
        shared = list({data for _, data in urls})
        number = {data: i for i, data in enumerate(shared)}
        requests = [put_request(url, len(data), number[data]) for url, data in urls]
        if requests:
            plan = Plan([requests], shared, connections=CLIENTS, once=True)
            require(self.generator.run(origin_of(urls[0][0]), plan), what)

    def commits(self, album: int, count: int, file_bytes: int = SMALL, thumb_bytes: int = THUMB) -> list[Request]:
        """count POST /files requests whose objects are stored already."""
        file, thumb = os.urandom(file_bytes), os.urandom(thumb_bytes)
        keys = self.keys(2 * count)
        self.store([(url, thumb if i % 2 else file) for i, (_, url) in enumerate(keys)])
        pairs = zip(keys[::2], keys[1::2], strict=True)
        return [self.person.prepare("POST", "/files", file_body(album, (f[0], file_bytes), (t[0], thumb_bytes))) for f, t in pairs]

    def fill(self, album: int, count: int, file_bytes: int = SMALL, thumb_bytes: int = THUMB) -> list[int]:
        """Commits count files into the album; their ids."""
        ids: list[int] = []
        while len(ids) < count:
            batch = self.commits(album, min(COMMITS_A_RUN, count - len(ids)), file_bytes, thumb_bytes)
            ids += [a.json()["id"] for a in self.answers(batch, "POST /files")]
        return ids
