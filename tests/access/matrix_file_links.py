"""Links to a single file: its owner, and every kind of visitor."""

from __future__ import annotations

from app.kernel.clock import MINUTE, SECOND
from tests.access.rows import EVERYBODY, Row, Rows, Statuses, people, same
from tests.access.scene import Scene
from tests.file_links.test_file_links import change, link, photo, visitor
from tests.visits.scenes import SECRET, Visitor

OWNERS = people(200, 403, 403, 403, 403, 403)


def visitors(open_link: int, proven: int, unproven: int, full: int) -> Statuses:
    over = {"EXPIRED_FILE": 410, "ENDED_FILE": 410, "UNKNOWN_FILE": 401, "ALBUM_LINK": 401, "ANONYMOUS": 401, "OWNER": 401}
    return {"OPEN_FILE": open_link, "PROVEN_FILE": proven, "UNPROVEN_FILE": unproven, "FULL_FILE": full, **over}


async def prepare(s: Scene) -> None:
    """Every kind of link, each of a photo of its own."""

    async def opened(**options: object) -> Visitor:
        made = await link(s.owner, (await photo(s.world, s.owner))[1])
        if options:
            await change(s.owner, made, **options)
        return visitor(s.world, made)

    mine = await link(s.owner, s.file)
    s.extra["file_link"] = mine["linkID"]
    s.people["OPEN_FILE"] = visitor(s.world, mine)
    proven = await opened(**SECRET)
    proof = (await proven.post("/file-link/verify-password", {"passHash": SECRET["passHash"]})).json()["jwtToken"]
    s.people["UNPROVEN_FILE"] = Visitor(s.world, proven.carried["x-auth-access-token"])
    proven.carried["x-auth-access-token-jwt"] = proof
    s.people["PROVEN_FILE"] = proven
    full = await opened(deviceLimit=1)
    await full.get("/file-link/info")
    s.people["FULL_FILE"] = Visitor(s.world, full.carried["x-auth-access-token"], agent="Another browser")
    s.people["EXPIRED_FILE"] = await opened(validTill=s.world.clock.now() + SECOND)
    _, gone = await photo(s.world, s.owner)
    s.people["ENDED_FILE"] = visitor(s.world, await link(s.owner, gone))
    await s.owner.delete(f"/files/share-url/{gone}")
    s.people["UNKNOWN_FILE"] = Visitor(s.world, "AAAAAAAA")
    s.people["ALBUM_LINK"] = Visitor(s.world, s.link)
    s.world.clock.advance(MINUTE)
    s.secrets.append(proof)


def _short(s: Scene, actor: str) -> tuple[str, None]:
    """The short address, which has the link's token in it; nobody's token is none that is known."""
    return f"/public/files/{getattr(s.people.get(actor), 'carried', {}).get('x-auth-access-token', 'AAAAAAAA')}", None


ROWS: Rows = {
    ("POST", "/files/share-url"): Row(lambda s, a: ("/files/share-url", {"fileID": s.file, "app": "photos"}), OWNERS),
    ("PUT", "/files/share-url"): Row(
        lambda s, a: ("/files/share-url", {"linkID": s.extra["file_link"], "fileID": s.file, "enableDownload": False}), OWNERS
    ),
    ("DELETE", "/files/share-url/{file_id}"): Row(lambda s, a: (f"/files/share-url/{s.file}", None), OWNERS),
    ("GET", "/files/share-url"): Row(same("/files/share-url?sinceTime=0"), EVERYBODY),
    ("GET", "/files/share-urls"): Row(same("/files/share-urls?sinceTime=0"), EVERYBODY),
    # --- visitors
    ("GET", "/file-link/info"): Row(same("/file-link/info"), visitors(200, 200, 401, 403), leaves=("file_link_devices",)),
    ("GET", "/file-link/pass-info"): Row(same("/file-link/pass-info"), visitors(200, 200, 200, 200)),
    ("POST", "/file-link/verify-password"): Row(same("/file-link/verify-password", {"passHash": SECRET["passHash"]}), visitors(400, 200, 200, 400)),
    ("GET", "/file-link/file"): Row(same("/file-link/file"), visitors(307, 307, 401, 307)),
    ("GET", "/file-link/thumbnail"): Row(same("/file-link/thumbnail"), visitors(307, 307, 401, 307)),
    ("GET", "/file-link/file/v3"): Row(same("/file-link/file/v3"), visitors(200, 200, 401, 200)),
    ("GET", "/file-link/thumbnail/v3"): Row(same("/file-link/thumbnail/v3"), visitors(200, 200, 401, 200)),
    ("GET", "/public/files/{token}"): Row(_short, visitors(307, 307, 401, 307)),
}
