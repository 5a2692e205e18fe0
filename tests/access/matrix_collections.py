"""Albums, who is in them, and what members ask of each other (collections.md)."""

from __future__ import annotations

from tests.access.rows import EVERYBODY, MANAGERS, OTHERS, OUTSIDERS, OWNER_ONLY, READERS, READERS_OF_FILES, Ask, Row, Rows, people, same
from tests.access.scene import share_body
from tests.collections.scenes import KEY, MAGIC, NONCE, SEALED, items


def _album(path: str) -> Ask:
    """A request about the owner's album."""
    return lambda s, a: (f"/collections/{path}".replace("{id}", str(s.cid)), None)


ROWS: Rows = {
    ("GET", "/collections"): Row(same("/collections"), EVERYBODY),
    ("GET", "/collections/v2"): Row(same("/collections/v2"), EVERYBODY),
    ("GET", "/collections/v3"): Row(same("/collections/v3"), EVERYBODY),
    ("POST", "/collections"): Row(
        same(
            "/collections",
            {"encryptedKey": KEY, "keyDecryptionNonce": NONCE, "encryptedName": "bg==", "nameDecryptionNonce": NONCE, "type": "album"},
        ),
        EVERYBODY,
    ),
    ("GET", "/collections/{collection_id}"): Row(_album("{id}"), READERS),
    ("GET", "/collections/v2/diff"): Row(_album("v2/diff?collectionID={id}&sinceTime=0"), READERS),
    ("GET", "/collections/sharees"): Row(_album("sharees?collectionID={id}"), READERS),
    ("GET", "/collections/file"): Row(
        lambda s, a: (f"/collections/file?collectionID={s.cid}&fileID={s.file}", None),
        READERS_OF_FILES,
    ),
    ("POST", "/collections/rename"): Row(
        lambda s, a: ("/collections/rename", {"collectionID": s.cid, "encryptedName": "bg==", "nameDecryptionNonce": NONCE}),
        OWNER_ONLY,
    ),
    ("PUT", "/collections/magic-metadata"): Row(
        lambda s, a: ("/collections/magic-metadata", {"id": s.cid, "magicMetadata": MAGIC}),
        OWNER_ONLY,
    ),
    ("PUT", "/collections/public-magic-metadata"): Row(
        lambda s, a: ("/collections/public-magic-metadata", {"id": s.cid, "magicMetadata": MAGIC}),
        OWNER_ONLY,
    ),
    ("PUT", "/collections/sharee-magic-metadata"): Row(
        lambda s, a: ("/collections/sharee-magic-metadata", {"id": s.cid, "magicMetadata": MAGIC}),
        people(400, 200, 200, 200, 404, 404),
    ),
    ("POST", "/collections/add-files"): Row(
        lambda s, a: ("/collections/add-files", {"collectionID": s.cid, "files": items(s.mine(a)[1])}),
        people(200, 200, 200, 403, 404, 404),
    ),
    ("POST", "/collections/restore-files"): Row(
        lambda s, a: ("/collections/restore-files", {"collectionID": s.cid, "files": items(s.mine(a)[2])}),
        OWNER_ONLY,
    ),
    ("POST", "/collections/move-files"): Row(
        lambda s, a: ("/collections/move-files", {"fromCollectionID": s.mine(a)[0], "toCollectionID": s.cid, "files": items(s.mine(a)[1])}),
        OWNER_ONLY,
    ),
    ("POST", "/collections/v3/remove-files"): Row(
        lambda s, a: ("/collections/v3/remove-files", {"collectionID": s.cid, "fileIDs": [s.friends]}),
        people(200, 200, 403, 403, 404, 404),
    ),
    ("POST", "/collections/suggest-delete"): Row(
        lambda s, a: ("/collections/suggest-delete", {"collectionID": s.cid, "fileIDs": [s.friends]}),
        people(200, 200, 403, 403, 404, 404),
    ),
    ("POST", "/collections/share"): Row(lambda s, a: ("/collections/share", share_body(s, s.guest_email)), MANAGERS),
    ("POST", "/collections/share/bulk"): Row(
        lambda s, a: (
            "/collections/share/bulk",
            {
                "recipientUserID": s.people["STRANGER"].user_id,
                "recipientEmail": s.people["STRANGER"].email,
                "source": "manual",
                "collections": [{"collectionID": s.cid, "encryptedKey": SEALED, "role": "VIEWER"}],
            },
        ),
        people(200, 200, 200, 200, 200, 400),
        inert=OTHERS[1:],
    ),
    ("POST", "/collections/unshare/bulk"): Row(
        lambda s, a: (
            "/collections/unshare/bulk",
            {"recipientUserID": s.people["VIEWER"].user_id, "source": "manual", "collectionIDs": [s.cid]},
        ),
        people(200, 200, 200, 400, 200, 200),
        inert=OTHERS[1:],
    ),
    ("POST", "/collections/share/batch"): Row(
        lambda s, a: (
            "/collections/share/batch",
            {"shares": [{"collectionID": s.cid, "email": s.people["FORMER"].email, "encryptedKey": SEALED}]},
        ),
        MANAGERS,
    ),
    ("POST", "/collections/unshare"): Row(
        lambda s, a: ("/collections/unshare", {"collectionID": s.cid, "email": s.people["VIEWER"].email if a == "OWNER" else s.friend_email}),
        MANAGERS,
    ),
    ("POST", "/collections/leave/{collection_id}"): Row(_album("leave/{id}"), people(403, 200, 200, 200, 200, 200), inert=OUTSIDERS),
    # --- the album's link: its owner's side, and joining
    ("POST", "/collections/share-url"): Row(lambda s, a: ("/collections/share-url", {"collectionID": s.cid}), OWNER_ONLY),
    ("POST", "/public/collections"): Row(lambda s, a: ("/public/collections", {"collectionID": s.cid}), OWNER_ONLY),
    ("PUT", "/collections/share-url"): Row(lambda s, a: ("/collections/share-url", {"collectionID": s.cid, "enableJoin": False}), OWNER_ONLY),
    ("DELETE", "/collections/share-url/{collection_id}"): Row(_album("share-url/{id}"), OWNER_ONLY),
    ("POST", "/collections/join-link"): Row(  # with the link's token; who is in stays what they are
        lambda s, a: (f"/collections/join-link?accessToken={s.link}", {"collectionID": s.cid, "encryptedKey": SEALED}),
        people(400, 200, 200, 200, 200, 200),
    ),
    ("DELETE", "/collections/v3/{collection_id}"): Row(_album("v3/{id}?collectionID={id}&keepFiles=false"), OWNER_ONLY),
    ("GET", "/collection-actions/pending-remove"): Row(same("/collection-actions/pending-remove"), EVERYBODY),
    ("GET", "/collection-actions/delete-suggestions"): Row(same("/collection-actions/delete-suggestions"), EVERYBODY),
    ("POST", "/collection-actions/reject-delete-suggestions"): Row(
        lambda s, a: ("/collection-actions/reject-delete-suggestions", {"fileIDs": [s.file]}),
        EVERYBODY,
    ),
}
