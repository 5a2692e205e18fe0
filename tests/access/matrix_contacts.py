"""Contacts and their pictures (misc.md §5): everybody has their own."""

from __future__ import annotations

import hashlib
from typing import Any

from app.kernel.crypto import b64
from tests.access.rows import EVERYBODY, SELF, Ask, Row, Rows, people, same
from tests.access.scene import Scene
from tests.contacts.test_pictures import staged

PICTURE = b"picture"
UPLOAD = {"contentLength": len(PICTURE), "contentMD5": b64(hashlib.md5(PICTURE).digest())}
DATA = "b3duZXJzY29udGFjdA=="
STAGED_BY_OWNER = people(200, 400, 400, 400, 400, 400)


async def prepare(s: Scene) -> None:
    s.extra["friend"], s.extra["guest"] = s.person("VIEWER").user_id, s.person("ADMIN").user_id
    made = {"contactUserID": s.extra["friend"], "encryptedKey": "b3duZXJza2V5", "encryptedData": DATA}
    s.extra["contact"] = (await s.owner.post("/contacts", made)).json()["id"]
    s.extra["picture"], s.extra["staged"] = await staged(s.owner, PICTURE), await staged(s.owner, PICTURE)
    attach = {"attachmentID": s.extra["picture"], "size": len(PICTURE)}
    await s.owner.put(f"/contacts/{s.extra['contact']}/attachments/profile_picture", attach)
    s.secrets += [DATA, "b3duZXJza2V5"]


def _at(path: str, body: Any = None) -> Ask:
    return lambda s, a: (path.format(**s.extra), body)


def _staged(path: str) -> Ask:
    return lambda s, a: (path.format(**s.extra), {"attachmentID": s.extra["staged"], "size": len(PICTURE)})


ROWS: Rows = {
    ("GET", "/contacts/diff"): Row(same("/contacts/diff?sinceTime=0&limit=10"), EVERYBODY),
    ("POST", "/contacts"): Row(  # of one who is in the album with the owner and its members, and whom others do not know
        lambda s, a: ("/contacts", {"contactUserID": s.extra["guest"], "encryptedKey": "a2V5", "encryptedData": "ZGF0YQ=="}),
        people(200, 400, 200, 200, 400, 400),
    ),
    ("GET", "/contacts/{id}"): Row(_at("/contacts/{contact}"), SELF),
    ("PUT", "/contacts/{id}"): Row(
        lambda s, a: (f"/contacts/{s.extra['contact']}", {"contactUserID": s.extra["friend"], "encryptedData": "bmV3"}), SELF
    ),
    ("DELETE", "/contacts/{id}"): Row(_at("/contacts/{contact}"), SELF),
    ("POST", "/attachments/{type}/upload-url"): Row(same("/attachments/profile_picture/upload-url", UPLOAD), EVERYBODY),
    ("GET", "/attachments/{type}/{attachment_id}"): Row(_at("/attachments/profile_picture/{picture}"), SELF),
    ("PUT", "/contacts/{id}/attachments/{type}"): Row(_staged("/contacts/{contact}/attachments/profile_picture"), STAGED_BY_OWNER),
    ("GET", "/contacts/{id}/attachments/{type}"): Row(_at("/contacts/{contact}/attachments/profile_picture"), SELF),
    ("DELETE", "/contacts/{id}/attachments/{type}"): Row(_at("/contacts/{contact}/attachments/profile_picture"), SELF),
    ("POST", "/contacts/{id}/profile-picture/upload-url"): Row(_at("/contacts/{contact}/profile-picture/upload-url", UPLOAD), EVERYBODY),
    ("PUT", "/contacts/{id}/profile-picture"): Row(_staged("/contacts/{contact}/profile-picture"), STAGED_BY_OWNER),
    ("GET", "/contacts/{id}/profile-picture"): Row(_at("/contacts/{contact}/profile-picture"), SELF),
    ("DELETE", "/contacts/{id}/profile-picture"): Row(_at("/contacts/{contact}/profile-picture"), SELF),
}
