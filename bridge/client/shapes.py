"""Albums and files as a person sees them: rows of the wire, opened (client.md §5, §6, §7, §8)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .connection import Row
from .crypto import unb64
from .errors import Damaged
from .keys import Keys, open_blob, unbox

IMAGE, VIDEO, LIVE_PHOTO = 0, 1, 2
VISIBLE, ARCHIVED, HIDDEN = 0, 1, 2


@dataclass(frozen=True)
class Magic:
    """Metadata that changes, with the version it was read at; 0: there is none yet."""

    values: Mapping[str, Any] = field(default_factory=dict)
    version: int = 0


@dataclass(frozen=True)
class Album:
    """`shared`: with others, or by another; `linked`: whoever has its link sees it. Times in µs."""

    id: int
    key: bytes
    name: str
    kind: str
    owner_id: int
    updated: int
    private: Magic
    public: Magic
    owner_email: str = ""
    shared: bool = False
    linked: bool = False

    @property
    def hidden(self) -> bool:
        return self.private.values.get("visibility") == HIDDEN


@dataclass(frozen=True)
class File:
    """A file in one album. Times in µs since 1970; sizes are those of the ciphertext, 0 where the server does not say."""

    id: int
    album_id: int
    owner_id: int
    key: bytes
    metadata: Mapping[str, Any]
    private: Magic
    public: Magic
    content_header: bytes
    thumbnail_header: bytes
    content_size: int
    updated: int

    @property
    def title(self) -> str:
        return str(self.public.values.get("editedName") or self.metadata.get("title") or f"file-{self.id}")

    @property
    def kind(self) -> int:
        """0 image, 1 video, 2 live photo."""
        found = self.metadata.get("fileType", IMAGE)
        return found if found in (IMAGE, VIDEO, LIVE_PHOTO) else IMAGE

    @property
    def taken(self) -> int:
        return _whole(self.public.values.get("editedTime")) or _whole(self.metadata.get("creationTime"))

    @property
    def modified(self) -> int:
        return _whole(self.metadata.get("modificationTime")) or self.taken

    @property
    def hash(self) -> str:
        """BLAKE2b of the content as clients write it; of a live photo `image:video`."""
        found = self.metadata.get("hash")
        if not found and self.metadata.get("imageHash"):
            found = f"{self.metadata['imageHash']}:{self.metadata.get('videoHash', '')}"
        return str(found or "")

    @property
    def caption(self) -> str:
        return str(self.public.values.get("caption") or "")

    @property
    def place(self) -> tuple[float, float] | None:
        """Latitude and longitude in degrees; 0, 0 means none."""
        for values, names in ((self.public.values, ("lat", "long")), (self.metadata, ("latitude", "longitude"))):
            lat, long = (values.get(name) for name in names)
            if isinstance(lat, int | float) and isinstance(long, int | float) and (lat or long):
                return float(lat), float(long)
        return None


def _whole(value: object) -> int:
    return int(value) if isinstance(value, int | float) else 0


def open_album(row: Row, keys: Keys) -> Album:
    """Raises `Damaged`."""
    key = keys.album_key(row)
    name = row.get("name") or ""
    if not name and row.get("encryptedName"):
        name = unbox(row["encryptedName"], row["nameDecryptionNonce"], key, f"the name of album {row['id']}").decode(errors="replace")
    own = row["owner"]["id"] == keys.user_id
    private = open_magic(row.get("magicMetadata" if own else "sharedMagicMetadata"), key)
    public = open_magic(row.get("pubMagicMetadata"), key)
    more = (str(row["owner"].get("email") or ""), not own or bool(row.get("sharees")), bool(row.get("publicURLs")))
    return Album(row["id"], key, name, row["type"], row["owner"]["id"], row["updationTime"], private, public, *more)


def open_file(row: Row, album_key: bytes) -> File:
    """Raises `Damaged`."""
    key = unbox(row["encryptedKey"], row["keyDecryptionNonce"], album_key, f"the key of file {row['id']}")
    about = row["metadata"]
    return File(
        id=row["id"],
        album_id=row["collectionID"],
        owner_id=row["ownerID"],
        key=key,
        metadata=open_json(about["encryptedData"], about["decryptionHeader"], key, f"the metadata of file {row['id']}"),
        private=open_magic(row.get("magicMetadata"), key),
        public=open_magic(row.get("pubMagicMetadata"), key),
        content_header=unb64(row["file"]["decryptionHeader"]),
        thumbnail_header=unb64(row["thumbnail"]["decryptionHeader"]),
        content_size=int((row.get("info") or {}).get("fileSize") or row["file"].get("size") or 0),
        updated=row["updationTime"],
    )


def open_magic(envelope: Row | None, key: bytes) -> Magic:
    if not envelope:
        return Magic()
    return Magic(open_json(envelope["data"], envelope["header"], key, "magic metadata"), envelope["version"])


def open_json(data: str, header: str, key: bytes, what: str) -> dict[str, Any]:
    try:
        found = json.loads(open_blob(unb64(data), unb64(header), key, what))
    except ValueError:
        raise Damaged(f"{what} is no JSON") from None
    if not isinstance(found, dict):
        raise Damaged(f"{what} is no object")
    return found
