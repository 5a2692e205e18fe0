"""Photos in worlds of several stores."""

from __future__ import annotations

from tests.inprocess import Person, World
from tests.objects.parcels import make_file, send, uploaded

DATA = b"what alice saw"


async def photo(world: World, who: Person, data: bytes = DATA) -> tuple[str, int]:
    """(key, file) of a committed object."""
    key = await uploaded(who, data)
    return key, await make_file(world, who, key)


async def read(world: World, who: Person, file_id: int) -> bytes | int:
    """The bytes of a file over the door, or the status."""
    url = (await who.get(f"/files/download/v2/{file_id}")).json()["url"]
    answer = await send(who, "GET", url)
    return answer.content if answer.status == 200 else answer.status
