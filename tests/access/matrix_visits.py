"""Visitors of album links (collections.md §7)."""

from __future__ import annotations

from typing import Any

from app.kernel.clock import MINUTE, SECOND
from tests.access.rows import Ask, Row, Rows, Statuses, same
from tests.access.scene import Scene
from tests.collections.scenes import items
from tests.visits.scenes import SECRET, Visitor, change, end, linked
from tests.visits.test_guests import ready


def visitors(open_link: int, proven: int, unproven: int, full: int) -> Statuses:
    """Of a link without a password, of one whose password was given, of one whose was not, and of one whose devices are all taken."""
    over = {"EXPIRED_LINK": 410, "ENDED_LINK": 410, "UNKNOWN_LINK": 401, "ANONYMOUS": 401, "OWNER": 401}
    return {"OPEN_LINK": open_link, "PROVEN": proven, "UNPROVEN": unproven, "FULL_LINK": full, **over}


def _short(path: str, body: Any = None) -> Ask:
    """The short addresses, which have the link's token in them; nobody's token is none that is known."""

    def ask(s: Scene, actor: str) -> tuple[str, Any]:
        carried = getattr(s.people.get(actor), "carried", {})
        return f"/public/collections/{carried.get('x-auth-access-token', 'AAAAAAAA')}{path.replace('{id}', str(s.file))}", body

    return ask


def _photo(path: str) -> Ask:
    return lambda s, a: (f"/public-collection/files/{path}".replace("{id}", str(s.file)), None)


def _other(path: str) -> Ask:
    return lambda s, a: (f"/public-collection/files/{path}".replace("{id}", str(s.mine("OWNER")[1])), None)


async def prepare(s: Scene) -> None:
    """Every kind of link, each of an album with the owner's photo."""

    async def visitor(**options: Any) -> tuple[int, Visitor]:
        cid, made = await linked(s.world, s.owner, **options)
        await s.owner.post("/collections/add-files", {"collectionID": cid, "files": items(s.file)})
        return cid, made

    _, s.people["OPEN_LINK"] = await visitor()
    locked, proven = await visitor()
    await change(s.owner, locked, **SECRET)
    await proven.unlock()
    s.people |= {"PROVEN": proven, "UNPROVEN": Visitor(s.world, proven.carried["x-auth-access-token"])}
    _, full = await visitor(deviceLimit=1)
    await full.album()
    s.people["FULL_LINK"] = Visitor(s.world, full.carried["x-auth-access-token"], agent="Another browser")
    _, s.people["EXPIRED_LINK"] = await visitor(validTill=s.world.clock.now() + SECOND)
    ended, s.people["ENDED_LINK"] = await visitor()
    await end(s.owner, ended)
    s.people["UNKNOWN_LINK"] = Visitor(s.world, "AAAAAAAA")
    cid, s.people["GUEST"] = await visitor(enableCollect=True)
    s.extra["guests"] = await ready(s.world, s.people["GUEST"], cid)  # type: ignore[arg-type]  # a Visitor
    s.world.clock.advance(MINUTE)
    s.secrets.append(proven.carried["x-auth-access-token-jwt"])


ELSEWHERE: Rows = {
    ("GET", f"/public-collection/files/{path}/{{file_id}}", "of a photo in another album"): Row(
        _other(f"{path}/{{id}}"), visitors(403, 403, 401, 403)
    )
    for path in ("download", "preview", "download/v3", "thumbnail/v3")
}

GUESTS: Statuses = {"GUEST": 200, "OPEN_LINK": 405, "UNPROVEN": 401, "EXPIRED_LINK": 410, "ENDED_LINK": 410, "UNKNOWN_LINK": 401, "OWNER": 401}
_ONE = {"contentLength": 3, "contentMD5": "kAFQmDzST7DWlj99KOF/cg=="}

ROWS: Rows = ELSEWHERE | {
    # --- guests
    ("POST", "/public-collection/upload-url"): Row(same("/public-collection/upload-url", _ONE), GUESTS),
    ("POST", "/public-collection/multipart-upload-url"): Row(
        same("/public-collection/multipart-upload-url", {"contentLength": 3, "partLength": 3, "partMd5s": [_ONE["contentMD5"]]}), GUESTS
    ),
    ("POST", "/public-collection/file"): Row(lambda s, a: ("/public-collection/file", s.extra["guests"]), GUESTS),
    ("GET", "/public/collections/{token}"): Row(_short(""), visitors(200, 200, 200, 403), leaves=("album_link_devices",)),
    ("GET", "/public/collections/{token}/preview/{file_id}"): Row(_short("/preview/{id}"), visitors(307, 307, 401, 307)),
    ("POST", "/public/collections/{token}/commit"): Row(lambda s, a: (_short("/commit")(s, a)[0], s.extra["guests"]), GUESTS),
    # --- visitors: at the door nobody is asked for the password yet
    ("GET", "/public-collection/info"): Row(same("/public-collection/info"), visitors(200, 200, 200, 403), leaves=("album_link_devices",)),
    ("POST", "/public-collection/verify-password"): Row(
        same("/public-collection/verify-password", {"passHash": SECRET["passHash"]}), visitors(400, 200, 200, 400)
    ),
    ("POST", "/public-collection/verify-password", "with a guess"): Row(
        same("/public-collection/verify-password", {"passHash": "Z3Vlc3M="}), visitors(400, 401, 401, 400)
    ),
    ("GET", "/public-collection/diff"): Row(
        same("/public-collection/diff?sinceTime=0"), visitors(200, 200, 401, 403), leaves=("album_link_devices",)
    ),
    ("GET", "/public-collection/files/download/{file_id}"): Row(_photo("download/{id}"), visitors(307, 307, 401, 307)),
    ("GET", "/public-collection/files/preview/{file_id}"): Row(_photo("preview/{id}"), visitors(307, 307, 401, 307)),
    ("GET", "/public-collection/files/download/v3/{file_id}"): Row(_photo("download/v3/{id}"), visitors(200, 200, 401, 200)),
    ("GET", "/public-collection/files/thumbnail/v3/{file_id}"): Row(_photo("thumbnail/v3/{id}"), visitors(200, 200, 401, 200)),
    ("GET", "/public-collection/files/data/fetch"): Row(
        _photo("data/fetch?fileID={id}&type=vid_preview&preferNoContent=true"), visitors(204, 204, 401, 204)
    ),
    ("GET", "/public-collection/files/data/preview"): Row(_photo("data/preview?fileID={id}&type=vid_preview"), visitors(404, 404, 401, 404)),
}
