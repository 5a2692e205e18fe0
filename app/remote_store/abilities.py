"""What this server can do, as the apps are told it. A client that sees a bit calls its routes without a way back, so a bit is set only where
they exist: a test compares this table with the router's, both ways. Bit 16 was given up (misc.md §4).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ability:
    """`bit` of `serverApiFlag`, and the routes that a client calls because of it. `announced`: whether they are here."""

    bit: int
    name: str
    routes: tuple[tuple[str, str], ...]
    announced: bool


ABILITIES = (
    Ability(1, "UploadV2", (("POST", "/files/upload-url"), ("POST", "/files/multipart-upload-url"), ("POST", "/files/meta")), True),
    Ability(2, "Comments", (("GET", "/comments-reactions/updated-at"), ("GET", "/social/diff"), ("POST", "/comments"), ("PUT", "/reactions")), True),
    Ability(4, "BackupOptions", (), True),
    Ability(8, "VideoStreaming", (("GET", "/files/data/preview-upload-url"), ("PUT", "/files/video-data")), True),
    Ability(32, "CastSessionsV2", (("GET", "/cast/device-info"), ("DELETE", "/cast/device-info/{device_id}")), True),
    Ability(64, "DeferredMultipartChecksums", (("POST", "/files/multipart-upload-url"),), True),  # parts may be promised without their MD5
    Ability(128, "LibrarySharing", (("POST", "/collections/share/bulk"), ("POST", "/collections/unshare/bulk")), True),
    Ability(256, "PreviewUploadV2", (("POST", "/files/data/preview-upload-url"), ("POST", "/files/data/multipart-preview-upload-url")), False),
)
FLAG = sum(a.bit for a in ABILITIES if a.announced)
"""`serverApiFlag`."""
