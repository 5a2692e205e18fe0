"""Derived data (files.md §8)."""

from __future__ import annotations

from tests.access.rows import EVERYBODY, OWNER_ONLY, READERS_OF_FILES, Row, Rows, people, same

ROWS: Rows = {
    ("PUT", "/files/data"): Row(
        lambda s, a: ("/files/data", {"fileID": s.file, "type": "mldata", "encryptedData": "bWw=", "decryptionHeader": "aA=="}),
        OWNER_ONLY,
    ),
    ("GET", "/files/data/fetch"): Row(
        lambda s, a: (f"/files/data/fetch?fileID={s.file}&type=mldata", None),
        READERS_OF_FILES,
    ),
    ("POST", "/files/data/fetch"): Row(
        lambda s, a: ("/files/data/fetch", {"type": "mldata", "fileIDs": [s.file]}),
        READERS_OF_FILES,
    ),
    ("POST", "/files/data/status-diff"): Row(same("/files/data/status-diff", {"lastUpdatedAt": 0}), EVERYBODY),
    ("GET", "/files/data/preview-upload-url"): Row(
        lambda s, a: (f"/files/data/preview-upload-url?fileID={s.file}&type=vid_preview", None),
        OWNER_ONLY,
    ),
    ("GET", "/files/data/preview"): Row(  # there is none: those who may look hear 404
        lambda s, a: (f"/files/data/preview?fileID={s.file}&type=vid_preview", None),
        people(404, 404, 404, 404, 403, 403),
    ),
    ("PUT", "/files/video-data"): Row(  # of bytes that were never uploaded
        lambda s, a: (
            "/files/video-data",
            {"fileID": s.file, "objectID": "pv_" + "a" * 22, "objectSize": 5, "playlist": "cA==", "playlistHeader": "aA=="},
        ),
        people(400, 403, 403, 403, 403, 403),
    ),
}
