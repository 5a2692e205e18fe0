"""Files: commits, changes, figures (files.md)."""

from __future__ import annotations

from typing import Any

from tests.access.rows import EVERYBODY, OWNER_ONLY, Ask, Row, Rows, anybody, people, same
from tests.access.scene import Scene
from tests.collections.scenes import MAGIC, items


def _file_magic(path: str) -> Ask:
    return lambda s, a: (path, {"metadataList": [{"id": s.file, "magicMetadata": MAGIC}]})


def _replacement(s: Scene, actor: str) -> dict[str, Any]:
    """The actor's own uploaded objects as new content of the owner's file."""
    return {"id": s.file, **{k: s.commit(actor)[k] for k in ("file", "thumbnail", "metadata")}}


ROWS: Rows = {
    ("POST", "/files"): Row(lambda s, a: ("/files", s.commit(a)), OWNER_ONLY),
    ("PUT", "/files/update"): Row(lambda s, a: ("/files/update", _replacement(s, a)), OWNER_ONLY),
    ("PUT", "/files/thumbnail"): Row(
        lambda s, a: ("/files/thumbnail", {"fileID": s.file, "thumbnail": _replacement(s, a)["thumbnail"]}),
        OWNER_ONLY,
    ),
    ("PUT", "/files/magic-metadata"): Row(_file_magic("/files/magic-metadata"), OWNER_ONLY),
    ("PUT", "/files/public-magic-metadata"): Row(_file_magic("/files/public-magic-metadata"), OWNER_ONLY),
    ("POST", "/files/meta"): Row(  # for Locker only: the owner's photos session is refused as well, differently
        lambda s, a: (
            "/files/meta",
            {"collectionID": s.cid, "encryptedKey": "k", "keyDecryptionNonce": "n", "metadata": {"encryptedData": "e", "decryptionHeader": "h"}},
        ),
        people(400, 403, 403, 403, 403, 403),
    ),
    ("POST", "/files/copy"): Row(
        lambda s, a: ("/files/copy", {"srcCollectionID": s.cid, "dstCollectionID": s.mine(a)[0], "files": items(s.file)}),
        people(400, 200, 200, 200, 404, 404),
    ),
    ("POST", "/files/info"): Row(lambda s, a: ("/files/info", {"fileIDs": [s.file]}), OWNER_ONLY),
    ("POST", "/files/size"): Row(lambda s, a: ("/files/size", {"fileIDs": [s.file]}), EVERYBODY),
    ("GET", "/files/duplicates"): Row(same("/files/duplicates"), EVERYBODY),
    ("GET", "/files/count"): Row(same("/files/count"), anybody()),
}
