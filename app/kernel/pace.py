"""Keeps background reading to a rate, so that people's requests do not wait for it."""

from __future__ import annotations

import asyncio


class Pace:
    """At most `rate` bytes a second in all of this process (0: no limit), a second's worth at once."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._free_at = 0.0

    async def take(self, size: int) -> None:
        """Return when so many more bytes may be read."""
        if not self._rate:
            return
        now = asyncio.get_running_loop().time()
        self._free_at = max(self._free_at, now - 1) + size / self._rate
        if self._free_at > now:
            await asyncio.sleep(self._free_at - now)
