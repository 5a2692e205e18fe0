"""What systemd is told by a service of `Type=notify`: ready, stopping, and that it is alive. Without systemd nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator


def notify(text: str) -> None:
    """Send `READY=1` and the like to whoever started this process, if it listens."""
    where = os.environ.get("NOTIFY_SOCKET", "")
    if not where.startswith(("/", "@")):
        return
    name = "\0" + where[1:] if where[0] == "@" else where
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)  # a full queue must not hold the event loop: a sign of life that is lost is followed by others
        sock.sendto(text.encode(), name)


def interval() -> float | None:
    """Seconds between two signs of life: half of what systemd waits for; None without a watchdog of this process."""
    wait, process = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not wait.isdecimal() or process not in ("", str(os.getpid())):
        return None
    return int(wait) / 2_000_000


@contextlib.asynccontextmanager
async def watched() -> AsyncIterator[None]:
    """Ready inside, stopping at its end. The signs of life come from the event loop: one that hangs gives none, and is started anew."""
    task = asyncio.create_task(_live(), name="watchdog")
    notify("READY=1")
    try:
        yield
    finally:
        task.cancel()
        notify("STOPPING=1")


async def _live() -> None:
    seconds = interval()
    while seconds:
        notify("WATCHDOG=1")
        await asyncio.sleep(seconds)
