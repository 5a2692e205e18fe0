"""Rows straight in the database: what every test means by "a user", "an album", "a file", where it is not about how they come to be.

    file_id = insert(tx, "files", owner_id=alice, file_size=100)

Columns that are not given are well-formed and mean nothing. A migration that adds a column without a default is answered here, once.
"""

from __future__ import annotations

import itertools
from typing import Any

from app.db import Tx

_count = itertools.count(1)
NUMBERED = {"users": "user_id", "collections": "collection_id", "files": "file_id", "objects": "object_id"}
"""Tables that number their rows, and the column."""


def _usual(table: str, now: int) -> dict[str, Any]:
    n = next(_count)
    return {
        "users": {"email_hash": f"hash{n}", "created_at": now},
        "feeds": {"stamp": now},
        "sessions": {"app": "photos", "handle": f"handle{n}", "ip": "10.0.0.1", "user_agent": "test", "created_at": now, "last_used_at": now},
        "collections": {
            "app": "photos", "type": "album", "encrypted_key": "key", "key_nonce": "nonce", "attributes": "{}",
            "created_at": now, "updation_time": now,
        },
        "collection_shares": {"encrypted_key": "key", "role": "VIEWER", "shared_at": now, "updation_time": now},
        "objects": {"object_key": f"key{n}", "store": "main", "size": 100, "state": "pending", "created_at": now},
        "files": {
            "app": "photos", "metadata_header": "mh", "encrypted_metadata": "bWV0YQ==", "file_header": "fh", "thumb_header": "th",
            "created_at": now, "updation_time": now,
        },
        "collection_files": {"encrypted_key": "key", "key_nonce": "nonce", "added_at": now, "updation_time": now},
        "trash": {"app": "photos", "delete_by": now, "created_at": now, "updated_at": now},
    }.get(table, {})  # fmt: skip


def insert(tx: Tx, table: str, *, now: int = 1, **given: Any) -> int:
    """Insert a row; its number, 0 in a table that gives none. `now` in µs is every time that is not given."""
    values = {**_usual(table, now), **given}
    number = NUMBERED.get(table)
    sql = f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(f':{column}' for column in values)})"
    if number is None:
        tx.run(sql, **values)
        return 0
    return int(tx.value(f"{sql} RETURNING {number}", **values))
