"""The Python stand-in for loadgen.c: same arguments, same input file, same output, more CPU.

Read the top of loadgen.c for the format. Used only where there is no C compiler.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import resource
import struct
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

Request = tuple[bytes, bytes]
IO_ERRORS_MAX = 200
ANSWER_SECONDS = 60.0


@dataclass
class List:
    number: int
    requests: list[Request]
    next: int = 0


@dataclass
class Run:
    options: argparse.Namespace
    deadline: float
    warm_until: float
    began: float
    ended: float = 0.0
    samples: list[float] = field(default_factory=list)
    status: dict[int, int] = field(default_factory=dict)
    issued: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    io_errors: int = 0
    reconnects: int = 0
    save: BinaryIO | None = None

    def take(self, source: List) -> tuple[int, Request] | None:
        if self.issued >= self.options.count or time.perf_counter() >= self.deadline or not source.requests:
            return None
        if source.next >= len(source.requests):
            if self.options.once:
                return None
            source.next = 0
        index = source.next
        source.next += 1
        self.issued += 1
        return index, source.requests[index]

    def note(self, began: float, status: int) -> None:
        now = time.perf_counter()
        if self.warm_until and now >= self.warm_until:
            self.warm_until, self.began = 0.0, now
            self.samples, self.status, self.bytes_in, self.bytes_out = [], {}, 0, 0
        self.ended = now
        self.samples.append((now - began) * 1e3)
        self.status[status] = self.status.get(status, 0) + 1


def read_requests(path: Path) -> list[List]:
    data = path.read_bytes()
    if data[:4] != b"DRLG":
        raise SystemExit("loadgen: not a request file")
    at = 4

    def number(form: str = "<I") -> int:
        nonlocal at
        at += 4
        return int(struct.unpack_from(form, data, at - 4)[0])

    def blob(length: int) -> bytes:
        nonlocal at
        at += length
        return data[at - length : at]

    bodies = [blob(number()) for _ in range(number())]
    lists = []
    for which in range(number()):
        requests = []
        for _ in range(number()):
            length, body = number(), number("<i")
            requests.append((blob(length), bodies[body] if body >= 0 else b""))
        lists.append(List(which, requests))
    return lists


async def read_answer(reader: asyncio.StreamReader, method: bytes) -> tuple[bytes, bytes, bool]:
    """Head, body, and whether the connection can go on."""
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        if status >= 200:
            break
    low = head.lower()
    goes_on = b"\r\nconnection: close" not in low
    if method == b"HEAD" or status in (204, 304):
        return head, b"", goes_on
    if b"\r\ntransfer-encoding: chunked" in low:
        parts = []
        while size := int((await reader.readline()).split(b";")[0], 16):
            parts.append(await reader.readexactly(size))
            await reader.readexactly(2)
        while (await reader.readline()).strip():
            pass
        return head, b"".join(parts), goes_on
    at = low.find(b"\r\ncontent-length:")
    if at < 0:
        return head, await reader.read(), False
    length = int(low[at + 17 : low.index(b"\r\n", at + 2)])
    return head, await reader.readexactly(length), goes_on


def redirect(head: bytes, options: argparse.Namespace) -> bytes | None:
    """The request that follows a redirect to our own address."""
    own = f"http://{options.host}:{options.port}".encode()
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"location:"):
            to = line[9:].strip()
            path = to.removeprefix(own)
            if path.startswith(b"/"):
                return b"GET %b HTTP/1.1\r\nHost: %b\r\n\r\n" % (path, own[7:])
    return None


class Connection:
    def __init__(self, run: Run, source: List) -> None:
        self.run, self.source = run, source
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def exchange(self, head: bytes, body: bytes) -> tuple[bytes, bytes]:
        if self.streams is None:
            self.streams = await asyncio.open_connection(self.run.options.host, self.run.options.port, limit=1 << 18)
        reader, writer = self.streams
        writer.write(head)
        if body:
            writer.write(body)
        await writer.drain()
        self.run.bytes_out += len(head) + len(body)
        answer_head, answer_body, goes_on = await asyncio.wait_for(read_answer(reader, head[:4]), ANSWER_SECONDS)
        self.run.bytes_in += len(answer_head) + len(answer_body)
        if not goes_on:
            self.drop()
        return answer_head, answer_body

    def drop(self) -> None:
        if self.streams:
            self.streams[1].close()
            self.streams = None

    async def work(self) -> None:
        run = self.run
        while (taken := run.take(self.source)) is not None and run.io_errors <= IO_ERRORS_MAX:
            index, (head, body) = taken
            began = time.perf_counter()
            try:
                answer_head, answer_body = await self.exchange(head, body)
                if run.options.follow and answer_head[9:10] == b"3":
                    following = redirect(answer_head, run.options)
                    if following:
                        answer_head, answer_body = await self.exchange(following, b"")
            except (OSError, asyncio.IncompleteReadError, TimeoutError):
                run.io_errors += 1
                self.drop()
                continue
            run.note(began, int(answer_head[9:12]))
            if run.save:
                run.save.write(struct.pack("<IIII", self.source.number, index, len(answer_head), len(answer_body)))
                run.save.write(answer_head + answer_body)
        self.drop()


def report(run: Run) -> dict[str, object]:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    samples = sorted(run.samples)
    took = max(run.ended - run.began, 0.0)

    def percentile(share: float) -> float:
        return samples[min(int(share * len(samples)), len(samples) - 1)] if samples else 0.0

    return {
        "generator": "python", "issued": run.issued, "requests": len(samples), "seconds": took, "rps": len(samples) / took if took else 0.0,
        "p50_ms": percentile(0.5), "p90_ms": percentile(0.9), "p99_ms": percentile(0.99), "max_ms": percentile(1.0),
        "bytes_in": run.bytes_in, "bytes_out": run.bytes_out, "cpu_s": usage.ru_utime + usage.ru_stime,
        "io_errors": run.io_errors, "reconnects": run.reconnects,
        "status": {str(s): n for s, n in sorted(run.status.items())},
    }  # fmt: skip


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("file", type=Path)
    parser.add_argument("--connections", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--warmup", type=float, default=0.0)
    parser.add_argument("--count", type=float, default=math.inf)
    parser.add_argument("--save", type=Path)
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--follow", action="store_true")
    options = parser.parse_args()
    lists = read_requests(options.file)
    now = time.perf_counter()
    deadline = now + options.warmup + options.seconds if options.seconds else math.inf
    run = Run(options, deadline, now + options.warmup if options.warmup else 0.0, now)
    run.save = options.save.open("wb") if options.save else None
    await asyncio.gather(*(Connection(run, lists[i % len(lists)]).work() for i in range(options.connections)))
    if run.save:
        run.save.close()
    print(json.dumps(report(run)))


if __name__ == "__main__":
    asyncio.run(main())
