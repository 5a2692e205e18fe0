"""A TCP proxy in front of the test PostgreSQL that can be cut, stalled, and told to cut at a certain message."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from psycopg.conninfo import conninfo_to_dict


class Proxy:
    """`cut` closes every connection and refuses new ones until `restore`; `stall` swallows what is sent, and accepts and says nothing."""

    def __init__(self, upstream: dict[str, Any]) -> None:
        self._upstream = upstream
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.port = 0
        self.cut_at = b""  # cut the connection on which the client sends this …
        self.deliver = False  # … once the server has been given it
        self.hits = 0

    @property
    def url(self) -> str:
        up = self._upstream
        password = f":{up['password']}" if up.get("password") else ""
        return f"postgresql://{up['user']}{password}@127.0.0.1:{self.port}/{up['dbname']}"

    async def restore(self) -> None:
        self._flowing.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            writer.transport.abort()

    def stall(self) -> None:
        self._flowing.clear()

    async def close(self) -> None:
        await self.cut()
        self._flowing.set()
        await asyncio.gather(*self._tasks)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up = self._upstream
        host, port = up.get("host", "127.0.0.1"), up.get("port", 5432)
        if host.startswith("/"):
            there = await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        else:
            there = await asyncio.open_connection(host, port)
        self._writers |= {writer, there[1]}
        for task in (
            asyncio.create_task(self._pump(reader, there[1], writer, watched=True)),
            asyncio.create_task(self._pump(there[0], writer, there[1], watched=False)),
        ):
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, back: asyncio.StreamWriter, *, watched: bool) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(1 << 16):
                await self._flowing.wait()
                if watched and self.cut_at and self.cut_at in data:
                    self.hits += 1
                    back.transport.abort()  # the client hears nothing more …
                    if self.deliver:
                        target.write(data)  # … and the server gets its message
                        await target.drain()
                    break
                target.write(data)
                await target.drain()
        for writer in (target, back):
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        self._writers -= {target, back}


@asynccontextmanager
async def proxied(url: str) -> AsyncIterator[Proxy]:
    """A flowing proxy to the server of this URL."""
    proxy = Proxy(conninfo_to_dict(url))
    await proxy.restore()
    try:
        yield proxy
    finally:
        await proxy.close()
