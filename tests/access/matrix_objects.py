"""Upload and download URLs, and the bytes behind them (files.md §1, §2, §5)."""

from __future__ import annotations

from app.kernel.clock import DAY
from tests.access.rows import EVERYBODY, READERS_OF_FILES, Ask, Row, Rows, Statuses, people, same
from tests.access.scene import Scene
from tests.files.photos import body as commit_body
from tests.objects.parcels import document, local, md5, put, sized_url, uploaded

BYTES = b"abc"
HOLDERS: Statuses = {"HOLDER": 200, "LATE": 403, "FORGER": 403, "WITH_ANOTHERS": 403, "OWNER": 403, "ANONYMOUS": 403}


async def _urls(s: Scene) -> dict[str, str]:
    """Fresh URLs of the owner's: of a committed object, for one that is to be put, and for the end of an upload in parts."""
    commit = await commit_body(s.world, s.owner, s.mine("OWNER")[0], len(BYTES), len(BYTES))
    commit["file"]["objectKey"], commit["thumbnail"]["objectKey"] = await uploaded(s.owner, BYTES), await uploaded(s.owner, BYTES)
    file_id = (await s.owner.post("/files", commit)).json()["id"]
    many = (
        await s.owner.post("/files/multipart-upload-url", {"contentLength": len(BYTES), "partLength": len(BYTES), "partMd5s": [md5(BYTES)]})
    ).json()
    s.extra["document"] = document([(await put(s.owner, many["partURLs"][0], BYTES)).headers["etag"]])
    found = {
        "GET": (await s.owner.get(f"/files/download/v3/{file_id}")).json()["url"],
        "PUT": (await sized_url(s.owner, BYTES))["url"],
        "POST": many["completeURL"],
    }
    return {method: local(url) for method, url in found.items()}


async def prepare(s: Scene) -> None:
    late, others = await _urls(s), await _urls(s)
    s.world.clock.advance(30 * DAY)
    good = await _urls(s)
    for method, url in good.items():
        path, _, query = url.partition("?")
        signature = query.rpartition("sig=")[2]
        s.extra[method] = {
            "HOLDER": url,
            "LATE": late[method],
            "FORGER": url.replace(signature, signature[1:] + signature[0]),
            "WITH_ANOTHERS": f"{path}?{others[method].partition('?')[2]}",
            "OWNER": path,
            "ANONYMOUS": path,
        }
        s.secrets.append(signature)
    s.people |= {actor: s.world.anon() for actor in ("HOLDER", "LATE", "FORGER", "WITH_ANOTHERS")}


def _signed(method: str) -> Ask:
    body = {"GET": lambda s: None, "PUT": lambda s: BYTES, "POST": lambda s: s.extra["document"]}[method]
    return lambda s, a: (s.extra[method][a], body(s))


ROWS: Rows = {
    ("GET", "/files/upload-urls"): Row(same("/files/upload-urls?count=1"), EVERYBODY),
    ("POST", "/files/upload-url"): Row(same("/files/upload-url", {"contentLength": 3, "contentMD5": "kAFQmDzST7DWlj99KOF/cg=="}), EVERYBODY),
    ("GET", "/files/multipart-upload-urls"): Row(same("/files/multipart-upload-urls?count=1"), EVERYBODY, leaves=("multiparts",)),
    ("POST", "/files/multipart-upload-url"): Row(
        same("/files/multipart-upload-url", {"contentLength": 3, "partLength": 3, "partMd5s": ["kAFQmDzST7DWlj99KOF/cg=="]}),
        EVERYBODY,
    ),
    ("GET", "/files/upload-eligibility"): Row(same("/files/upload-eligibility"), EVERYBODY),
    ("GET", "/files/download/{file_id}"): Row(lambda s, a: (f"/files/download/{s.file}", None), people(307, 307, 307, 307, 403, 403)),
    ("GET", "/files/preview/{file_id}"): Row(lambda s, a: (f"/files/preview/{s.file}", None), people(307, 307, 307, 307, 403, 403)),
    ("GET", "/files/download/v2/{file_id}"): Row(lambda s, a: (f"/files/download/v2/{s.file}", None), READERS_OF_FILES),
    ("GET", "/files/preview/v2/{file_id}"): Row(lambda s, a: (f"/files/preview/v2/{s.file}", None), READERS_OF_FILES),
    ("GET", "/files/download/v3/{file_id}"): Row(lambda s, a: (f"/files/download/v3/{s.file}", None), READERS_OF_FILES),
    ("GET", "/files/thumbnail/v3/{file_id}"): Row(lambda s, a: (f"/files/thumbnail/v3/{s.file}", None), READERS_OF_FILES),
    # --- the bytes: whoever holds a URL may do what it says, and nobody anything else
    ("GET", "/objects/{key...}"): Row(_signed("GET"), HOLDERS),
    ("PUT", "/objects/{key...}"): Row(_signed("PUT"), HOLDERS, headers={"content-md5": md5(BYTES)}),
    ("POST", "/objects/{key...}"): Row(_signed("POST"), {**HOLDERS, "LATE": 404}),  # mobile lets go of a dead upload on 404 only,
}
