"""The trash (files.md)."""

from __future__ import annotations

from tests.access.rows import EVERYBODY, OTHERS, OWNER_ONLY, Row, Rows, same

ROWS: Rows = {
    ("POST", "/files/trash"): Row(lambda s, a: ("/files/trash", {"items": [{"fileID": s.file, "collectionID": s.cid}]}), OWNER_ONLY),
    ("GET", "/trash/v2/diff"): Row(same("/trash/v2/diff?sinceTime=0"), EVERYBODY),
    ("POST", "/trash/delete"): Row(lambda s, a: ("/trash/delete", {"fileIDs": [s.own["OWNER"][2]]}), EVERYBODY, inert=OTHERS),
    ("POST", "/trash/empty"): Row(same("/trash/empty", {"lastUpdatedAt": 1}), EVERYBODY),
}
