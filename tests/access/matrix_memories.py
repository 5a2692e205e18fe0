"""Shared memories: their owner, and every kind of visitor."""

from __future__ import annotations

from tests.access.rows import EVERYBODY, Ask, Row, Rows, Statuses, people, same
from tests.access.scene import Scene
from tests.memories.test_memories import body, memory, viewer
from tests.visits.scenes import Visitor


async def prepare(s: Scene) -> None:
    """The owner's memory of the album's photo; one that was deleted."""
    made = await memory(s.owner, s.file)
    s.extra["memory"] = made["id"]
    s.people["MEMORY"] = viewer(s.world, made)
    gone = await memory(s.owner, s.file)
    await s.owner.delete(f"/memory-share/{gone['id']}")
    s.people["DELETED_MEMORY"] = viewer(s.world, gone)
    s.people["UNKNOWN_MEMORY"] = Visitor(s.world, "AAAAAAAA")
    s.people["ALBUM_LINK"] = Visitor(s.world, s.link)
    s.secrets.append(made["accessToken"])


def visitors(status: int) -> Statuses:
    return {"MEMORY": status, "DELETED_MEMORY": 410, "UNKNOWN_MEMORY": 401, "ALBUM_LINK": 401, "ANONYMOUS": 401, "OWNER": 401}


def _photo(path: str) -> Ask:
    return lambda s, a: (f"/public-memory/files/{path}/{s.file}", None)


def _other(path: str) -> Ask:
    return lambda s, a: (f"/public-memory/files/{path}/{s.mine('OWNER')[1]}", None)


WAYS = {"download": (307, 404), "preview": (307, 404), "download/v3": (200, 400), "thumbnail/v3": (200, 400)}

ROWS: Rows = {
    ("POST", "/memory-share"): Row(lambda s, a: ("/memory-share", body(s.file)), people(200, 200, 200, 200, 403, 403)),
    ("GET", "/memory-share"): Row(same("/memory-share"), EVERYBODY),
    ("GET", "/memory-share/{memory_id}"): Row(lambda s, a: (f"/memory-share/{s.extra['memory']}", None), people(200, 403, 403, 403, 403, 403)),
    ("DELETE", "/memory-share/{memory_id}"): Row(lambda s, a: (f"/memory-share/{s.extra['memory']}", None), people(200, 404, 404, 404, 404, 404)),
    ("GET", "/public-memory/info"): Row(same("/public-memory/info"), visitors(200)),
    ("GET", "/public-memory/files"): Row(same("/public-memory/files"), visitors(200)),
    **{("GET", f"/public-memory/files/{way}/{{file_id}}"): Row(_photo(way), visitors(there)) for way, (there, _) in WAYS.items()},
    **{
        ("GET", f"/public-memory/files/{way}/{{file_id}}", "of a photo that is not in it"): Row(_other(way), visitors(gone))
        for way, (_, gone) in WAYS.items()
    },
    ("GET", "/public-memory/file-data"): Row(
        lambda s, a: (f"/public-memory/file-data?fileID={s.file}&type=vid_preview&preferNoContent=true", None), visitors(204)
    ),
    ("GET", "/public-memory/files/data/preview"): Row(
        lambda s, a: (f"/public-memory/files/data/preview?fileID={s.file}&type=vid_preview", None), visitors(404)
    ),
}
