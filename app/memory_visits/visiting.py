"""What visitors of a shared memory see and fetch: its photos, and of videos the previews. Nothing private, and nothing else of the albums."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..db import Tx
from ..filedata import service as filedata
from ..filedata.wire import Data
from ..files import entry
from ..http.auth import guard
from ..http.request import Request
from ..kernel import link_secrets
from ..kernel.errors import CodedBadRequest, Gate, NotFound
from ..kernel.parts import Kernel
from ..memories import service as memories
from ..memories.service import LIFETIME, Memory
from ..memories.wire import OneMemory
from ..objects import service as objects
from ..visits.service import NoToken, access_token
from .wire import MemoryFile, MemoryFiles

PREVIEWS = ("vid_preview", "img_preview")


@dataclass(frozen=True, slots=True)
class MemoryVisitor:
    """Somebody who holds a memory's link."""

    memory: Memory = field(repr=False)


@guard("X-Auth-Access-Token", 410)
async def memory_visitor(request: Request) -> MemoryVisitor:
    """The memory of a token that is not deleted or over: 410 for those, 401 without a token or for an unknown one."""
    token = access_token(request)
    if not token:
        raise NoToken("memory_share")
    found = await request.kernel.db.read(memories.of_token, link_secrets.token_hash(request.kernel, token))
    if found is None:
        raise Gate("invalid token")
    if found.is_deleted:
        raise Gate("memory share is deleted", status=410)
    if found.created_at + LIFETIME <= request.kernel.clock.now():
        raise Gate("expired token", status=410)
    return MemoryVisitor(found)


async def info(kernel: Kernel, actor: MemoryVisitor) -> OneMemory:
    return OneMemory(memory_share=memories.shape(kernel, actor.memory))


async def files(kernel: Kernel, actor: MemoryVisitor) -> MemoryFiles:
    """The photos that are still there, in order."""
    rows = await kernel.db.scan(memories.files, actor.memory.memory_id, actor.memory.user_id)
    return MemoryFiles(
        files=[MemoryFile(file=entry.bare(row[:10]), position=row[10], encrypted_key=row[11], key_decryption_nonce=row[12]) for row in rows]
    )


def _shown(tx: Tx, memory: Memory, file_id: int) -> None:
    if not memories.shows(tx, memory.memory_id, memory.user_id, file_id):
        raise NotFound(log=f"file {file_id} is not in memory {memory.memory_id}")


async def find(kernel: Kernel, actor: MemoryVisitor, base_url: str, file_id: int, thumb: bool) -> str:
    """Where a photo's bytes can be read; one that is not in the memory, or gone, 404."""
    place = await kernel.db.read(_place, actor.memory, file_id, thumb)
    if place is None:
        raise NotFound(log=f"file {file_id} has no bytes")
    return objects.url(kernel, base_url, *place, visit=True)


def _place(tx: Tx, memory: Memory, file_id: int, thumb: bool) -> tuple[str, str] | None:
    _shown(tx, memory, file_id)
    return objects.place(tx, file_id, thumb=thumb)


async def video(kernel: Kernel, actor: MemoryVisitor, file_id: int, kind: str) -> Data | None:
    """The playlist of a video's preview, None without one, also for a file that is not in the memory. Other derived data 400."""
    if kind != "vid_preview":
        raise CodedBadRequest("unsupported object type")
    await kernel.db.read(_shown, actor.memory, file_id)
    return await filedata.data_of(kernel, file_id, kind)


async def preview_url(kernel: Kernel, actor: MemoryVisitor, base_url: str, file_id: int, kind: str) -> str:
    """Where a preview can be read; 404 NOT_FOUND without one."""
    if kind not in PREVIEWS:
        raise CodedBadRequest("unsupported object type")
    await kernel.db.read(_shown, actor.memory, file_id)
    return await filedata.preview_of(kernel, base_url, file_id, kind, visit=True)
