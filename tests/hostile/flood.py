"""Thousands of connections that hold a place for nothing, as a process: `python -m tests.hostile.flood KIND COUNT ADDRESSES PORT SECONDS PATH`.

Bounded in number and time. Connections that the server ends are opened again, as an attacker would.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
OPENINGS = {
    "silent": b"",
    "half_a_head": b"GET /ping HTTP/1.1\r\nhost: x\r\nx-a: ",
    "unsigned_put": b"PUT /objects/1/x HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\nA",
    "json_body": b"POST /users/ott HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{",
    "slow_reader": b"GET {download} HTTP/1.1\r\nhost: x\r\n\r\n",
    "idle": b"GET /ping HTTP/1.1\r\nhost: x\r\n\r\n",
    "idle_http2": PREFACE,
}


async def hold(opening: bytes, source: str, port: int, gate: asyncio.Semaphore, again: int = 5) -> None:
    for _ in range(again):
        with contextlib.suppress(OSError):
            async with gate:
                # a small window, and nobody reads: the server's buffers fill at once
                reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024, local_addr=(source, 0))
                writer.transport.pause_reading()
                writer.write(opening)
            with contextlib.suppress(TimeoutError):
                while not writer.transport.is_closing():
                    await asyncio.sleep(1)
                    if opening != OPENINGS["slow_reader"]:
                        writer.transport.resume_reading()
                    if reader.at_eof():
                        break
            writer.close()
        await asyncio.sleep(1)


async def main(kind: str, count: int, addresses: int, port: int, seconds: float, download: str) -> None:
    opening = OPENINGS[kind].replace(b"{download}", download.encode())
    gate = asyncio.Semaphore(200)
    tasks = [asyncio.create_task(hold(opening, f"127.0.1.{1 + i % addresses}", port, gate)) for i in range(count)]
    await asyncio.wait(tasks, timeout=seconds)
    for task in tasks:
        task.cancel()


if __name__ == "__main__":
    kind, count, addresses, port, seconds, path = sys.argv[1:]
    asyncio.run(main(kind, int(count), int(addresses), int(port), float(seconds), path))
