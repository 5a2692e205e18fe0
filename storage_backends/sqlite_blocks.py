"""Bytes out of the blocks of an SQLite store's objects, and the choice of parts for a completion. Inside a transaction of the caller's."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from storage_backends import sqlite_rows as rows
from storage_backends.errors import BadLength, InvalidPart, NoSuchUpload, Unavailable
from storage_backends.incoming import BLOCK


def stretch(db: sqlite3.Connection, key: str, object_id: int, start: int, end: int) -> bytes:
    """Bytes from `start` to before `end`, at most BLOCK of them: out of two blocks where they lie across."""
    pieces = []
    while start < end:
        number, offset = divmod(start, BLOCK)
        data = rows.block(db, object_id, number)
        piece = b"" if data is None else data[offset : offset + end - start] if offset or len(data) > end - start else data
        if not piece:
            raise Unavailable(f"{key}: went away while it was read")
        pieces.append(piece)
        start += len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def part_block(db: sqlite3.Connection, key: str, upload_id: str, object_id: int, number: int) -> bytes:
    data = rows.block(db, object_id, number)
    if data is None:
        check_upload(db, key, upload_id)
        raise InvalidPart(f"{key}: a part was replaced during the completion")
    return data


def check_upload(db: sqlite3.Connection, key: str, upload_id: str) -> None:
    if rows.upload_key(db, upload_id) != key:
        raise NoSuchUpload(f"{key}: no such upload")


def choose(db: sqlite3.Connection, key: str, upload_id: str, wanted: Sequence[tuple[int, str]], length: int | None) -> list[tuple[int, int, str]]:
    check_upload(db, key, upload_id)
    there = rows.parts(db, upload_id)
    for number, etag in wanted:
        if number not in there or there[number][2] != etag:
            raise InvalidPart(f"part {number} with etag {etag} was not uploaded")
    chosen = [there[number] for number, _ in wanted]
    size = sum(part[1] for part in chosen)
    if length is not None and size != length:
        raise BadLength(f"the parts hold {size} bytes, promised were {length}")
    return chosen
