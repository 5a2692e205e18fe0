"""Who may do what: every route of albums, files and trash × every kind of actor, in one table (collections.md §1.5, files.md).

A route that is not in the table fails the suite. Actors try from the least to the most privileged on one fresh scene.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.main import all_routes
from tests.access.scene import ACTORS, Scene, set_up, share_body
from tests.collections.scenes import KEY, MAGIC, NONCE, SEALED, items
from tests.inprocess import World

PREFIXES = ("/collections", "/collection-actions", "/files", "/trash")
Request = Callable[[Scene, str], tuple[str, Any]]  # (scene, actor) → (path with query, body)
Statuses = tuple[int, int, int, int, int, int]  # OWNER, ADMIN, COLLABORATOR, VIEWER, FORMER, STRANGER; the intruders always get 401


def _plain(path: str, body: Any = None) -> Request:
    return lambda s, a: (path, body)


def _own(s: Scene, actor: str) -> tuple[int, int, int]:
    return s.own.get(actor, s.own["STRANGER"])


def _album(query: str = "") -> Request:
    return lambda s, a: (f"/collections/{query}".replace("{id}", str(s.cid)), None)


def _file_magic(path: str) -> Request:
    return lambda s, a: (path, {"metadataList": [{"id": s.file, "magicMetadata": MAGIC}]})


def _replacement(s: Scene, actor: str) -> dict[str, Any]:
    """The actor's own uploaded objects as new content of the owner's file."""
    commit = s.commits.get(actor, s.commits["STRANGER"])
    return {"id": s.file, **{k: commit[k] for k in ("file", "thumbnail", "metadata")}}


EVERYBODY: Statuses = (200, 200, 200, 200, 200, 200)
READERS: Statuses = (200, 200, 200, 200, 404, 404)
OWNER_ONLY: Statuses = (200, 403, 403, 403, 403, 403)
MANAGERS: Statuses = (200, 200, 403, 403, 403, 403)

TABLE: dict[tuple[str, str], tuple[Request, Statuses]] = {
    ("GET", "/collections"): (_plain("/collections"), EVERYBODY),
    ("GET", "/collections/v2"): (_plain("/collections/v2"), EVERYBODY),
    ("GET", "/collections/v3"): (_plain("/collections/v3"), EVERYBODY),
    ("POST", "/collections"): (
        _plain(
            "/collections",
            {"encryptedKey": KEY, "keyDecryptionNonce": NONCE, "encryptedName": "bg==", "nameDecryptionNonce": NONCE, "type": "album"},
        ),
        EVERYBODY,
    ),
    ("GET", "/collections/{id}"): (_album("{id}"), READERS),
    ("GET", "/collections/v2/diff"): (_album("v2/diff?collectionID={id}&sinceTime=0"), READERS),
    ("GET", "/collections/sharees"): (_album("sharees?collectionID={id}"), READERS),
    ("GET", "/collections/file"): (
        lambda s, a: (f"/collections/file?collectionID={s.cid}&fileID={s.file}", None),
        (200, 200, 200, 200, 403, 403),
    ),
    ("POST", "/collections/rename"): (
        lambda s, a: ("/collections/rename", {"collectionID": s.cid, "encryptedName": "bg==", "nameDecryptionNonce": NONCE}),
        OWNER_ONLY,
    ),
    ("PUT", "/collections/magic-metadata"): (
        lambda s, a: ("/collections/magic-metadata", {"id": s.cid, "magicMetadata": MAGIC}),
        OWNER_ONLY,
    ),
    ("PUT", "/collections/public-magic-metadata"): (
        lambda s, a: ("/collections/public-magic-metadata", {"id": s.cid, "magicMetadata": MAGIC}),
        OWNER_ONLY,
    ),
    ("PUT", "/collections/sharee-magic-metadata"): (
        lambda s, a: ("/collections/sharee-magic-metadata", {"id": s.cid, "magicMetadata": MAGIC}),
        (400, 200, 200, 200, 404, 404),
    ),
    ("POST", "/collections/add-files"): (
        lambda s, a: ("/collections/add-files", {"collectionID": s.cid, "files": items(_own(s, a)[1])}),
        (200, 200, 200, 403, 404, 404),
    ),
    ("POST", "/collections/restore-files"): (
        lambda s, a: ("/collections/restore-files", {"collectionID": s.cid, "files": items(_own(s, a)[2])}),
        OWNER_ONLY,
    ),
    ("POST", "/collections/move-files"): (
        lambda s, a: ("/collections/move-files", {"fromCollectionID": _own(s, a)[0], "toCollectionID": s.cid, "files": items(_own(s, a)[1])}),
        OWNER_ONLY,
    ),
    ("POST", "/collections/v3/remove-files"): (
        lambda s, a: ("/collections/v3/remove-files", {"collectionID": s.cid, "fileIDs": [s.friends]}),
        (200, 200, 403, 403, 404, 404),
    ),
    ("POST", "/collections/suggest-delete"): (
        lambda s, a: ("/collections/suggest-delete", {"collectionID": s.cid, "fileIDs": [s.friends]}),
        (200, 200, 403, 403, 404, 404),
    ),
    ("POST", "/collections/share"): (lambda s, a: ("/collections/share", share_body(s, s.guest_email)), MANAGERS),
    ("POST", "/collections/unshare"): (
        lambda s, a: ("/collections/unshare", {"collectionID": s.cid, "email": s.friend_email}),
        MANAGERS,
    ),
    ("POST", "/collections/leave/{id}"): (_album("leave/{id}"), (403, 200, 200, 200, 200, 200)),
    ("POST", "/collections/share-url"): (lambda s, a: ("/collections/share-url", {"collectionID": s.cid}), OWNER_ONLY),
    ("PUT", "/collections/share-url"): (lambda s, a: ("/collections/share-url", {"collectionID": s.cid, "enableJoin": False}), OWNER_ONLY),
    ("DELETE", "/collections/share-url/{id}"): (_album("share-url/{id}"), OWNER_ONLY),
    ("POST", "/collections/join-link"): (  # with the link's token; who is in stays what they are
        lambda s, a: (f"/collections/join-link?accessToken={s.link}", {"collectionID": s.cid, "encryptedKey": SEALED}),
        (400, 200, 200, 200, 200, 200),
    ),
    ("DELETE", "/collections/v3/{id}"): (_album("v3/{id}?collectionID={id}&keepFiles=false"), OWNER_ONLY),
    ("GET", "/collection-actions/pending-remove"): (_plain("/collection-actions/pending-remove"), EVERYBODY),
    ("GET", "/collection-actions/delete-suggestions"): (_plain("/collection-actions/delete-suggestions"), EVERYBODY),
    ("POST", "/collection-actions/reject-delete-suggestions"): (
        lambda s, a: ("/collection-actions/reject-delete-suggestions", {"fileIDs": [s.file]}),
        EVERYBODY,
    ),
    # --- uploads: everybody for themselves
    ("GET", "/files/upload-urls"): (_plain("/files/upload-urls?count=1"), EVERYBODY),
    ("POST", "/files/upload-url"): (_plain("/files/upload-url", {"contentLength": 3, "contentMD5": "kAFQmDzST7DWlj99KOF/cg=="}), EVERYBODY),
    ("GET", "/files/multipart-upload-urls"): (_plain("/files/multipart-upload-urls?count=1"), EVERYBODY),
    ("POST", "/files/multipart-upload-url"): (
        _plain("/files/multipart-upload-url", {"contentLength": 3, "partLength": 3, "partMd5s": ["kAFQmDzST7DWlj99KOF/cg=="]}),
        EVERYBODY,
    ),
    ("GET", "/files/upload-eligibility"): (_plain("/files/upload-eligibility"), EVERYBODY),
    # --- files
    ("POST", "/files"): (lambda s, a: ("/files", s.commits.get(a, s.commits["STRANGER"])), OWNER_ONLY),
    ("PUT", "/files/update"): (lambda s, a: ("/files/update", _replacement(s, a)), OWNER_ONLY),
    ("PUT", "/files/thumbnail"): (
        lambda s, a: ("/files/thumbnail", {"fileID": s.file, "thumbnail": _replacement(s, a)["thumbnail"]}),
        OWNER_ONLY,
    ),
    ("PUT", "/files/magic-metadata"): (_file_magic("/files/magic-metadata"), OWNER_ONLY),
    ("PUT", "/files/public-magic-metadata"): (_file_magic("/files/public-magic-metadata"), OWNER_ONLY),
    ("POST", "/files/meta"): (  # for Locker only: the owner's photos session is refused as well, differently
        lambda s, a: (
            "/files/meta",
            {"collectionID": s.cid, "encryptedKey": "k", "keyDecryptionNonce": "n", "metadata": {"encryptedData": "e", "decryptionHeader": "h"}},
        ),
        (400, 403, 403, 403, 403, 403),
    ),
    ("POST", "/files/copy"): (
        lambda s, a: ("/files/copy", {"srcCollectionID": s.cid, "dstCollectionID": _own(s, a)[0], "files": items(s.file)}),
        (400, 200, 200, 200, 404, 404),
    ),
    ("POST", "/files/info"): (lambda s, a: ("/files/info", {"fileIDs": [s.file]}), OWNER_ONLY),
    ("POST", "/files/size"): (lambda s, a: ("/files/size", {"fileIDs": [s.file]}), EVERYBODY),
    ("GET", "/files/duplicates"): (_plain("/files/duplicates"), EVERYBODY),
    ("GET", "/files/large-thumbnails"): (_plain("/files/large-thumbnails"), EVERYBODY),
    ("GET", "/files/count"): (_plain("/files/count"), EVERYBODY),
    ("GET", "/files/download/{id}"): (lambda s, a: (f"/files/download/{s.file}", None), (307, 307, 307, 307, 403, 403)),
    ("GET", "/files/preview/{id}"): (lambda s, a: (f"/files/preview/{s.file}", None), (307, 307, 307, 307, 403, 403)),
    ("GET", "/files/download/v2/{id}"): (lambda s, a: (f"/files/download/v2/{s.file}", None), (200, 200, 200, 200, 403, 403)),
    ("GET", "/files/preview/v2/{id}"): (lambda s, a: (f"/files/preview/v2/{s.file}", None), (200, 200, 200, 200, 403, 403)),
    ("GET", "/files/download/v3/{id}"): (lambda s, a: (f"/files/download/v3/{s.file}", None), (200, 200, 200, 200, 403, 403)),
    ("GET", "/files/thumbnail/v3/{id}"): (lambda s, a: (f"/files/thumbnail/v3/{s.file}", None), (200, 200, 200, 200, 403, 403)),
    # --- derived data
    ("PUT", "/files/data"): (
        lambda s, a: ("/files/data", {"fileID": s.file, "type": "mldata", "encryptedData": "bWw=", "decryptionHeader": "aA=="}),
        OWNER_ONLY,
    ),
    ("GET", "/files/data/fetch"): (
        lambda s, a: (f"/files/data/fetch?fileID={s.file}&type=mldata", None),
        (200, 200, 200, 200, 403, 403),
    ),
    ("POST", "/files/data/fetch"): (
        lambda s, a: ("/files/data/fetch", {"type": "mldata", "fileIDs": [s.file]}),
        (200, 200, 200, 200, 403, 403),
    ),
    ("POST", "/files/data/status-diff"): (_plain("/files/data/status-diff", {"lastUpdatedAt": 0}), EVERYBODY),
    ("GET", "/files/data/preview-upload-url"): (
        lambda s, a: (f"/files/data/preview-upload-url?fileID={s.file}&type=vid_preview", None),
        OWNER_ONLY,
    ),
    ("GET", "/files/data/preview"): (  # there is none: those who may look hear 404
        lambda s, a: (f"/files/data/preview?fileID={s.file}&type=vid_preview", None),
        (404, 404, 404, 404, 403, 403),
    ),
    ("PUT", "/files/video-data"): (  # of bytes that were never uploaded
        lambda s, a: (
            "/files/video-data",
            {"fileID": s.file, "objectID": "pv_" + "a" * 22, "objectSize": 5, "playlist": "cA==", "playlistHeader": "aA=="},
        ),
        (400, 403, 403, 403, 403, 403),
    ),
    # --- trash
    ("POST", "/files/trash"): (lambda s, a: ("/files/trash", {"items": [{"fileID": s.file, "collectionID": s.cid}]}), OWNER_ONLY),
    ("GET", "/trash/diff"): (_plain("/trash/diff?sinceTime=0"), EVERYBODY),
    ("GET", "/trash/v2/diff"): (_plain("/trash/v2/diff?sinceTime=0"), EVERYBODY),
    ("POST", "/trash/delete"): (lambda s, a: ("/trash/delete", {"fileIDs": [s.own["OWNER"][2]]}), EVERYBODY),
    ("POST", "/trash/empty"): (_plain("/trash/empty", {"lastUpdatedAt": 1}), EVERYBODY),
}
PUBLIC = {("GET", "/files/count")}


def test_no_route_is_missing_from_the_table() -> None:
    routes = {(r.method, r.path) for r in all_routes() if r.path.split("/")[1] in {p[1:] for p in PREFIXES}}
    assert routes == set(TABLE)


def expected(route: tuple[str, str]) -> dict[str, int]:
    refused = 200 if route in PUBLIC else 401
    return dict(zip(ACTORS, (*TABLE[route][1], refused, refused, refused), strict=True))


@pytest.mark.parametrize("route", TABLE, ids=lambda r: f"{r[0]} {r[1]}")
async def test_who_may(world: World, route: tuple[str, str]) -> None:
    s = await set_up(world)
    request, _ = TABLE[route]
    got = {}
    for actor, status in reversed(expected(route).items()):
        path, body = request(s, actor)
        before = await s.people["OWNER"].get(f"/collections/{s.cid}")
        r = await s.people[actor].call(route[0], path, body, expect=None)
        got[actor] = r.status
        if status >= 400:  # a refusal changes nothing and says nothing of what it protects
            assert (await s.people["OWNER"].get(f"/collections/{s.cid}")).content == before.content
            assert KEY not in r.content.decode()
            assert s.people["OWNER"].email not in r.content.decode()
    assert got == expected(route)
