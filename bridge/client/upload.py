"""Uploads that survive the process: sealed once into a spool, put in pieces, committed once; what was done is written down before the next step.

A `Ticket` is the whole state of one upload. `send` may be stopped at any point and called again with the ticket as it was last saved: pieces that
the server has are not sent again, and a commit whose answer was lost is found again instead of being made twice.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec

from . import crypto, steps
from .connection import Connection, Row
from .crypto import b64
from .errors import Refused
from .stream import PART, Sums

BLOCK = 1024 * 1024
GONE = {400, 403, 404, 410}
"""What a store says about an upload URL that has expired or an upload it has forgotten."""

Save = Callable[["Ticket"], None]
Tell = Callable[[int], None]


class Piece(msgspec.Struct):
    """One object: what it is, and how far it has come. `etags`: of the parts that are there."""

    header: bytes
    size: int
    md5: str
    part_md5s: list[str] = []
    object_key: str = ""
    urls: list[str] = []
    complete_url: str = ""
    etags: list[str] = []
    done: bool = False

    @property
    def in_parts(self) -> bool:
        return self.size > PART

    def begin_again(self) -> None:
        self.object_key, self.urls, self.complete_url, self.etags, self.done = "", [], "", [], False


class Ticket(msgspec.Struct):
    """One upload. Holds keys in the clear: whoever keeps it seals it. `file_id` is 0 until the server has the file; `hash` and `sha1` (hex) are the
    plain content's; `macs` and `details` are for whoever sent it, for when it is there, and then the files that it `replaces` go to the trash.
    `updates`: the file whose content this becomes; 0: a new one."""

    id: str
    album_id: int
    file_key: bytes
    wrapped: tuple[str, str]
    content: Piece
    thumbnail: Piece
    metadata: Row
    magic: Row | None = None
    pub_magic: Row | None = None
    file_id: int = 0
    committing: bool = False
    hash: str = ""
    sha1: str = ""
    macs: bytes = b""
    details: Row = {}
    replaces: list[int] = []
    updates: int = 0

    def put_into(self, album_id: int, album_key: bytes) -> None:
        """Another album than the one that it was meant for."""
        wrapped, nonce = crypto.box(self.file_key, album_key)
        self.album_id, self.wrapped, self.committing = album_id, (b64(wrapped), b64(nonce)), False


def magic(values: dict[str, Any], key: bytes, version: int = 1) -> Row:
    """The envelope of magic metadata (client.md §8.1); keys whose value is None are left out."""
    kept = {name: value for name, value in values.items() if value is not None}
    cipher, header = crypto.encrypt_blob(json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode(), key)
    return {"version": version, "count": len(kept), "data": b64(cipher), "header": b64(header)}


def ticket(
    upload_id: str, album: tuple[int, bytes], file_key: bytes, sums: Sums, thumbnail: bytes, about: tuple[Row, Row, Row]
) -> tuple[Ticket, bytes]:  # fmt: skip
    """A new ticket, and the sealed thumbnail. `album` = id and key; `about` = metadata, public and private magic metadata in the clear."""
    album_id, album_key = album
    wrapped, nonce = crypto.box(file_key, album_key)
    thumb, thumb_header = crypto.encrypt_blob(thumbnail, file_key)
    metadata, public, private = about
    text, header = crypto.encrypt_blob(json.dumps(metadata, ensure_ascii=False, separators=(",", ":")).encode(), file_key)
    made = Ticket(
        id=upload_id,
        album_id=album_id,
        file_key=file_key,
        wrapped=(b64(wrapped), b64(nonce)),
        content=Piece(sums.header, sums.sealed, sums.md5, sums.part_md5s),
        thumbnail=Piece(thumb_header, len(thumb), crypto.md5_b64(thumb)),
        metadata={"encryptedData": b64(text), "decryptionHeader": b64(header)},
        magic=magic(private, file_key) if private else None,
        pub_magic=magic(public, file_key) if public else None,
        hash=sums.hash,
        sha1=sums.sha1.hex(),
    )
    return made, thumb


async def send(connection: Connection, ticket: Ticket, spool: tuple[Path, Path], save: Save, tell: Tell = lambda _: None) -> int:
    """Everything that is left of an upload; the file's id. `spool` = sealed content and thumbnail; `tell` hears of bytes that were sent."""
    connection.may_write()
    if ticket.file_id:
        return ticket.file_id
    for piece, path in zip((ticket.content, ticket.thumbnail), spool, strict=True):
        await _put(connection, ticket, piece, path, save, tell)
    if ticket.committing and not ticket.updates and (found := await _find(connection, ticket)):
        ticket.file_id = found
    else:
        ticket.committing = True
        save(ticket)
        steps.reached("commit noted")
        ticket.file_id = await _commit(connection, ticket)
    steps.reached("committed")
    save(ticket)
    return ticket.file_id


async def _put(connection: Connection, ticket: Ticket, piece: Piece, path: Path, save: Save, tell: Tell) -> None:
    if piece.done:
        return
    resumed = bool(piece.object_key)
    try:
        await _put_once(connection, ticket, piece, path, save, tell)
    except Refused as e:
        if not resumed or e.status not in GONE:
            raise
        piece.begin_again()  # the URLs of a spool that waited for days have expired
        save(ticket)
        await _put_once(connection, ticket, piece, path, save, tell)


async def _put_once(connection: Connection, ticket: Ticket, piece: Piece, path: Path, save: Save, tell: Tell) -> None:
    if not piece.object_key:
        await _ask(connection, piece)
        steps.reached("url asked")
        save(ticket)
    if not piece.in_parts:
        await connection.put_object(piece.urls[0], piece.size, _span(path, 0, piece.size), piece.md5)
        steps.reached("object put")
        tell(piece.size)
    else:
        for number in range(len(piece.etags), len(piece.part_md5s)):
            size = min(PART, piece.size - number * PART)
            etag = await connection.put_object(piece.urls[number], size, _span(path, number * PART, size), piece.part_md5s[number])
            piece.etags.append(etag)
            steps.reached("part put")
            save(ticket)
            tell(size)
        await connection.complete_object(piece.complete_url, crypto.completion_xml(piece.etags))
        steps.reached("parts joined")
    piece.done = True
    save(ticket)


async def _ask(connection: Connection, piece: Piece) -> None:
    stamp = int(time.time() * 1000)
    if piece.in_parts:
        body = {"contentLength": piece.size, "partLength": PART, "partMd5s": piece.part_md5s}
        answer = await connection.call("POST", "/files/multipart-upload-url", body, ts=stamp)
        piece.urls, piece.complete_url = answer["partURLs"], answer["completeURL"]
    else:
        answer = await connection.call("POST", "/files/upload-url", {"contentLength": piece.size, "contentMD5": piece.md5}, ts=stamp)
        piece.urls = [answer["url"]]
    piece.object_key = answer["objectKey"]


def _span(path: Path, first: int, size: int) -> Callable[[], AsyncIterator[bytes]]:
    async def blocks() -> AsyncIterator[bytes]:
        with path.open("rb") as file:
            file.seek(first)
            left = size
            while left and (block := file.read(min(BLOCK, left))):
                left -= len(block)
                yield block

    return blocks


async def _commit(connection: Connection, ticket: Ticket) -> int:
    key, nonce = ticket.wrapped
    body: Row = {"metadata": ticket.metadata}
    for name, piece in (("file", ticket.content), ("thumbnail", ticket.thumbnail)):
        body[name] = {"objectKey": piece.object_key, "decryptionHeader": b64(piece.header), "size": piece.size}
    if ticket.updates:  # with the same objects it is taken for the same request
        await connection.put("/files/update", body | {"id": ticket.updates})
        return ticket.updates
    body |= {"collectionID": ticket.album_id, "encryptedKey": key, "keyDecryptionNonce": nonce}
    body |= {"magicMetadata": ticket.magic} if ticket.magic else {}
    body |= {"pubMagicMetadata": ticket.pub_magic} if ticket.pub_magic else {}
    return int((await connection.post("/files", body))["id"])


async def _find(connection: Connection, ticket: Ticket) -> int:
    """The file of a commit whose answer never came: no other has this key. 0: it was not made."""
    since, more = 0, True
    while more:
        page = await connection.get("/collections/v2/diff", collectionID=ticket.album_id, sinceTime=since)
        more = page["hasMore"] and bool(page["diff"])
        for row in page["diff"]:
            since = max(since, row["updationTime"])
            if not row["isDeleted"] and (row["encryptedKey"], row["keyDecryptionNonce"]) == tuple(ticket.wrapped):
                return int(row["id"])
    return 0


__all__ = ["Piece", "Ticket", "magic", "send", "ticket"]
