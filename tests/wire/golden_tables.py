"""What the replay of the recorded exchanges knows beyond the recordings: scope, exceptions with their reasons, lost facts.

A case in NOT_REPLAYED needs answers computed from random values; the client-level tests cover it.
A step in ALLOWED differs on purpose; the reason stands beside it.
"""

from __future__ import annotations

AREAS_LANDED = frozenset(
    {
        "accounts_http",
        "accounts_keys",
        "accounts_ott",
        "accounts_sessions",
        "accounts_settings",
        "accounts_srp",
        "album_access",
        "album_files",
        "album_races",
        "collection_actions",
        "collections",
        "commit",
        "download",
        "file_data",
        "info_copy_locker",
        "limits_and_races",
        "magic_metadata",
        "objects",
        "sharing",
        "smoke",
        "trash",
        "update",
        "upload_urls",
        "versions",
    }
)

NOT_REPLAYED: dict[str, str] = {}

ALLOWED: dict[str, dict[int, str]] = {}

RAW_LENGTHS = {
    ("objects/multipart_v1_parts_in_any_order_and_again", 2): 7,
    ("objects/multipart_v1_parts_in_any_order_and_again", 5): 7,
}
"""(case, step): bytes of an upload whose length the recording left out."""

PART_INDEXES = {
    ("objects/multipart_v1_parts_in_any_order_and_again", 2): 1,
    ("objects/multipart_v1_parts_in_any_order_and_again", 3): 0,
    ("objects/multipart_v1_parts_in_any_order_and_again", 4): 0,
    ("objects/multipart_v1_parts_in_any_order_and_again", 5): 1,
}
"""(case, step): which of several URLs that look alike once shortened."""

FORGED_KEYS = {("objects/upload_url_is_good_for_nothing_else", 3): (1, 2)}
"""(case, step): the URL issued at the first step, its object key replaced by the one issued at the second."""
