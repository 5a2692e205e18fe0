"""Contents of photos, any part of them: originals, and the two halves of a live photo. In bounded memory, however large they are."""

from __future__ import annotations

import io
import mimetypes
import zipfile
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import PurePath

from ..client import download, shapes
from ..client.connection import Connection
from ..client.download import Reader
from ..client.errors import ClientError, Damaged
from ..client.shapes import LIVE_PHOTO, File
from . import media
from .cache import Cache
from .index import Index

READERS = 64
WARM = 3
"""Readers that keep opened chunks: about 8 MB each."""
MOST_LIVE = 128 * 1024 * 1024
"""Bytes of a live photo, which is opened whole."""
IMAGE, VIDEO = "image", "video"
_TYPES = {".heic": "image/heic", ".heif": "image/heif", ".hif": "image/heif", ".dng": "image/x-adobe-dng", ".avif": "image/avif", ".jxl": "image/jxl",
          ".webp": "image/webp", ".mkv": "video/x-matroska", ".webm": "video/webm", ".insp": "image/jpeg", ".insv": "video/mp4"}  # fmt: skip


def mime_of(name: str) -> str:
    suffix = PurePath(name).suffix.lower()
    named = "" if suffix in media.RAWS else mimetypes.types_map.get(suffix, "")  # of those each machine has its own opinion
    found = _TYPES.get(suffix) or named
    if found.startswith(("image/", "video/")):
        return found
    kind = media.kind_of(name)
    return "application/octet-stream" if kind is None else f"{'image' if kind == shapes.IMAGE else 'video'}/{suffix[1:]}"


@dataclass(frozen=True)
class Content:
    """Something that can be read from anywhere. `tag` is another one for other bytes."""

    name: str
    size: int
    tag: str
    _source: Reader | bytes

    async def read(self, first: int, last: int) -> AsyncIterator[bytes]:
        """Bytes first…last, both included and inside."""
        if isinstance(self._source, bytes):
            for at in range(first, last + 1, media.PIECE):
                yield self._source[at : min(at + media.PIECE, last + 1)]
        else:
            async for piece in self._source.read(first, last):
                yield piece

    async def whole(self) -> bytes:
        return b"".join([piece async for piece in self.read(0, self.size - 1)]) if self.size else b""


class Contents:
    """Readers that were used lately, so that the next request of a player costs one chunk."""

    def __init__(self, connection: Connection, index: Index, cache: Cache) -> None:
        self._connection, self._index, self._cache = connection, index, cache
        self._readers: OrderedDict[tuple[int, bytes], Reader] = OrderedDict()

    async def original(self, file: File) -> Content:
        """The file as it was uploaded; of a live photo its image."""
        if file.kind == LIVE_PHOTO:
            return await self._half(file, IMAGE)
        return Content(file.title, self.reader(file).size, tag_of(file), self.reader(file))

    async def film(self, file: File) -> Content:
        """A video; of a live photo its video. Raises `ClientError` for other photos."""
        if file.kind == LIVE_PHOTO:
            return await self._half(file, VIDEO)
        if file.kind != shapes.VIDEO:
            raise ClientError("not a video")
        return await self.original(file)

    def reader(self, file: File) -> Reader:
        key = (file.id, file.content_header)
        found = self._readers.pop(key, None)
        if found is None:
            kind = f"macs {file.content_header.hex()}"

            def learned(macs: bytes) -> None:
                self._index.set_note(file.id, kind, macs)

            found = Reader(self._connection, file, known=self._index.note(file.id, kind) or b"", learned=learned)
        self._readers[key] = found
        for number, reader in enumerate(reversed(list(self._readers.values()))):
            if number >= WARM:
                reader.forget()
        while len(self._readers) > READERS:
            self._readers.popitem(last=False)
        return found

    async def _half(self, file: File, half: str) -> Content:
        name = f"{file.id}-{tag_of(file)}-{half}"
        suffix_name = f"{name}-name"
        kept, kept_name = self._cache.get(name), self._cache.get(suffix_name)
        if kept is None or kept_name is None:
            for found, (member, content) in (await self._halves(file)).items():
                this = f"{file.id}-{tag_of(file)}-{found}"
                self._cache.put(this, content)
                self._cache.put(f"{this}-name", member.encode())
                if found == half:
                    kept, kept_name = content, member.encode()
        if kept is None or kept_name is None:
            raise Damaged(f"the live photo {file.id} has no {half}")
        return Content(PurePath(file.title).stem + PurePath(kept_name.decode()).suffix, len(kept), f"{tag_of(file)}{half[0]}", kept)

    async def _halves(self, file: File) -> dict[str, tuple[str, bytes]]:
        """image and video → (name in the archive, bytes)."""
        if file.content_size > MOST_LIVE:
            raise ClientError(f"the live photo {file.id} is too large to be opened")
        held = io.BytesIO()
        async for piece in download.content(self._connection, file):
            held.write(piece)
            if held.tell() > MOST_LIVE:
                raise ClientError(f"the live photo {file.id} is too large to be opened")
        return halves(held)


def halves(archive: io.BytesIO) -> dict[str, tuple[str, bytes]]:
    """Ente's form of a live photo: two members, told apart by their names. Raises `Damaged`."""
    found: dict[str, tuple[str, bytes]] = {}
    try:
        with zipfile.ZipFile(archive) as opened:
            for member in opened.infolist()[:4]:
                kind = media.kind_of(member.filename)
                half = VIDEO if kind == shapes.VIDEO else IMAGE if kind == shapes.IMAGE or member.filename.startswith("image") else ""
                if half and half not in found:
                    if member.file_size > MOST_LIVE:
                        raise Damaged("a live photo that is larger inside than outside")
                    found[half] = (member.filename, opened.read(member))
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as e:
        raise Damaged(f"a live photo that is no archive: {e}") from None
    return found


def tag_of(file: File) -> str:
    """Tells this content of the file from others it has had."""
    return file.content_header[:6].hex()


__all__ = ["Content", "Contents", "halves", "mime_of", "tag_of"]
