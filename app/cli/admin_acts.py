"""The acts of `app.admin` as commands: what `darkroom admin` asks of the running server, or does itself where none runs. JSON in and out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from ..admin import entry as access
from ..admin import service
from ..kernel.parts import Kernel
from ..objects import service as objects

BY = "command"


async def status(kernel: Kernel) -> dict[str, Any]:
    """`{"accounts", "bytes", "files", "jobs"}`."""
    return {**asdict(await service.totals(kernel)), "jobs": await jobs(kernel)}


async def show(kernel: Kernel, who: str) -> dict[str, Any]:
    """An account by number or address."""
    return asdict(await service.examine(kernel, await service.find(kernel, who)))


async def accounts(kernel: Kernel, closed: bool = False) -> list[dict[str, Any]]:
    """All of them; `closed`: those that can still come back."""
    if closed:
        return [asdict(a) for a in await service.closed(kernel)]
    found: list[service.Account] = []
    while page := await service.listed(kernel, found[-1].user_id if found else 0):
        found += page
    return [asdict(a) for a in found]


async def waiting(kernel: Kernel) -> list[dict[str, Any]]:
    return [asdict(c) for c in await service.waiting_codes(kernel)]


async def jobs(kernel: Kernel) -> list[dict[str, Any]]:
    return [asdict(r) for r in await service.job_runs(kernel)]


async def audit(kernel: Kernel, before: int = 1 << 62) -> list[dict[str, Any]]:
    return [asdict(a) for a in await service.acts(kernel, before)]


async def quota(kernel: Kernel, who: str, size: int | None) -> None:
    await service.set_quota(kernel, BY, await service.find(kernel, who), size)


async def close(kernel: Kernel, who: str) -> int:
    user_id = await service.find(kernel, who)
    await service.close(kernel, BY, user_id)
    return user_id


async def restore(kernel: Kernel, who: str, email: str) -> None:
    await service.restore(kernel, BY, await service.find(kernel, who), email)


async def end_sessions(kernel: Kernel, who: str) -> int:
    return await service.end_sessions(kernel, BY, await service.find(kernel, who))


async def reset_second_factor(kernel: Kernel, who: str) -> None:
    await service.reset_second_factor(kernel, BY, await service.find(kernel, who))


async def upload(kernel: Kernel, length: int, md5: str) -> str:
    """The path of an upload that tries the way here (`doctor`)."""
    return objects.probe(kernel, length, bytes.fromhex(md5))


async def login(kernel: Kernel) -> str:
    """The path of a link that opens the page once, within ten minutes."""
    return await access.open_link(kernel, BY)


COMMANDS: dict[str, Callable[..., Awaitable[Any]]] = {
    "admin.status": status,
    "admin.login": login,
    "doctor.upload": upload,
    "admin.show": show,
    "admin.accounts": accounts,
    "admin.codes": waiting,
    "admin.jobs": jobs,
    "admin.audit": audit,
    "admin.quota": quota,
    "admin.close": close,
    "admin.restore": restore,
    "admin.end_sessions": end_sessions,
    "admin.reset_second_factor": reset_second_factor,
}
