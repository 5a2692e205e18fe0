"""Objects out of the data folder of a MinIO that does not run any more: `BUCKET/KEY/xl.meta`, and `BUCKET/KEY/<data>/part.N` for large ones.

`xl.meta`: "XL2 ", the version of the format (two 16-bit numbers), then MessagePack: what is known of each version of the object, a checksum of that,
and after it the bytes of small objects, by version. Stored bytes, here and there, come as blocks with a checksum of 32 bytes before each. That
checksum (HighwayHash) is not looked at: sizes and the MD5s that MinIO keeps as ETags are. One drive only: with more, every file here has a share of
the bytes.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

META = "xl.meta"
_SUM = 32
_OBJECT, _DELETED = 1, 2
_FREE = 1  # a version of an object that lies elsewhere and is gone
_MD5 = re.compile(r"[0-9a-f]{32}")
_READ = 1 << 20


class Unreadable(Exception):
    """These bytes cannot be read; the text says why."""


@dataclass(frozen=True, slots=True)
class Part:
    number: int
    size: int
    etag: str  # MD5 in hex, "" when it is something else


@dataclass(frozen=True, slots=True)
class Found:
    """The newest version of an object. `inline`: its bytes, when they are in `xl.meta`; else they are in files of `folder`."""

    size: int
    parts: tuple[Part, ...]
    folder: str
    block: int
    inline: bytes | None


def look(place: Path) -> Found | None:
    """What lies in an object's folder; None when its newest version is a deletion, or there is none. Unreadable, and OSError."""
    return parse((place / META).read_bytes())


def blocks(place: Path, found: Found) -> Iterator[bytes]:
    """The object's bytes. Unreadable, before the last of them, when they are not what was stored."""
    held = b""
    if found.inline is not None:
        held = _checked(b"".join(_plain(found.inline, found.block)), found.parts[0].etag, found.size)
    else:
        for part in found.parts:
            digest, seen = hashlib.md5(usedforsecurity=False), 0
            with (place / found.folder / f"part.{part.number}").open("rb", buffering=0) as file:
                for block in _stored(file, found.block):
                    digest.update(block)
                    seen += len(block)
                    if held:
                        yield held
                    held = block
            if seen != part.size or part.etag not in ("", digest.hexdigest()):
                raise Unreadable(f"part {part.number} is damaged")
    if held:
        yield held


def _checked(data: bytes, etag: str, size: int) -> bytes:
    if len(data) != size or etag not in ("", hashlib.md5(data, usedforsecurity=False).hexdigest()):
        raise Unreadable("its bytes are damaged")
    return data


def _stored(file: BinaryIO, block: int) -> Iterator[bytes]:
    """The blocks of a file, without their checksums."""
    while head := _read(file, _SUM):
        data = _read(file, block)
        if len(head) < _SUM or not data:
            raise Unreadable("a part ends within a checksum")
        yield data


def _read(file: BinaryIO, size: int) -> bytes:
    pieces = []
    while size and (piece := file.read(min(size, _READ))):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _plain(data: bytes, block: int) -> Iterator[bytes]:
    for at in range(0, len(data), _SUM + block):
        yield data[at + _SUM : at + _SUM + block]


# --- xl.meta
def parse(data: bytes) -> Found | None:
    """See `look`."""
    if data[:4] != b"XL2 ":
        raise Unreadable("it is of a MinIO before 2020: mirror it out with that one")
    minor = 0 if data[4:8] == b"1   " else int.from_bytes(data[6:8], "little")
    major = 1 if data[4:8] == b"1   " else int.from_bytes(data[4:6], "little")
    if major != 1 or minor > 3:
        raise Unreadable(f"format {major}.{minor} of xl.meta is not known")
    try:
        newest, inline = _indexed(data[8:]) if minor == 3 else _listed(data[8:], minor)
        return None if newest is None else _found(newest, inline)
    except (msgspec.DecodeError, LookupError, TypeError, ValueError, AttributeError) as e:
        raise Unreadable(f"xl.meta is damaged: {e}") from None


def _indexed(rest: bytes) -> tuple[dict[str, Any] | None, bytes]:
    """(the newest version, the bytes of small objects): format 1.3, newest first, each with a short header."""
    meta, rest = _binary(rest)
    (header, body, count), meta = meta[:3], meta[3:]
    if header > 3 or body > 3 or count > 0x7F:  # small numbers are one byte; nobody has 128 versions of a photo
        raise Unreadable(f"version {header}.{body} of xl.meta with {count} versions is not known")
    for _ in range(count):
        short, meta = _binary(meta)
        whole, meta = _binary(meta)
        kind, flags = msgspec.msgpack.decode(short)[3:5]
        if not flags & _FREE:
            return (None if kind == _DELETED else msgspec.msgpack.decode(whole)), rest[5:]
    return None, b""


def _listed(rest: bytes, minor: int) -> tuple[dict[str, Any] | None, bytes]:
    """The same of older formats: one list of whole versions."""
    if minor:
        meta, rest = _binary(rest)
        rest = rest[_number_size(rest) :] if minor == 2 else rest
    else:
        meta, rest = rest, b""
    versions = msgspec.msgpack.decode(meta)["Versions"]
    versions.sort(key=_changed, reverse=True)
    return (None if not versions or versions[0]["Type"] == _DELETED else versions[0]), rest


def _changed(version: dict[str, Any]) -> int:
    return int((version.get("V2Obj") or version.get("DelObj") or {}).get("MTime", 0))


def _binary(data: bytes) -> tuple[bytes, bytes]:
    """(a byte string of MessagePack, what is behind it)."""
    width = {0xC4: 1, 0xC5: 2, 0xC6: 4}[data[0]]
    start = 1 + width
    end = start + int.from_bytes(data[1:start], "big")
    if end > len(data):
        raise ValueError("it ends too early")
    return data[start:end], data[end:]


def _number_size(data: bytes) -> int:
    """Bytes that a MessagePack number takes."""
    return 1 + {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8}.get(data[0], 0)


def _found(version: dict[str, Any], inline: bytes) -> Found | None:
    if version["Type"] != _OBJECT:
        raise Unreadable("it is of a MinIO before 2020: mirror it out with that one")
    its: dict[str, Any] = version["V2Obj"]
    system = {str(k).lower(): v for k, v in (its.get("MetaSys") or {}).items()}
    if its["EcM"] != 1:
        raise Unreadable("its bytes are shared out among several drives: mirror it out while MinIO runs")
    for mark, said in (("x-minio-internal-compression", "compressed"), ("x-minio-internal-server-side-encryption", "encrypted by MinIO")):
        if any(name.startswith(mark) for name in system):
            raise Unreadable(f"it is {said}: mirror it out while MinIO runs")
    user = {str(k).lower(): v for k, v in (its.get("MetaUsr") or {}).items()}
    numbers, sizes, etags = its["PartNums"], its["PartSizes"], its.get("PartETags") or []
    if len(numbers) == 1:
        etags = [user.get("etag", "")]
    parts = tuple(Part(int(n), int(size), _md5(etags[i] if i < len(etags) else "")) for i, (n, size) in enumerate(zip(numbers, sizes, strict=True)))
    version_id = bytes(its["ID"])
    held = _entry(inline, "null" if not any(version_id) else str(uuid.UUID(bytes=version_id)))
    return Found(int(its["Size"]), parts, str(uuid.UUID(bytes=bytes(its["DDir"]))), int(its["EcBSize"]), held)


def _md5(etag: str) -> str:
    bare = etag.strip('"')
    return bare if _MD5.fullmatch(bare) else ""


def _entry(inline: bytes, name: str) -> bytes | None:
    """The bytes of a version among those of small objects: a byte with the format, then a map."""
    if not inline:
        return None
    found = msgspec.msgpack.decode(inline[1:]).get(name)
    return None if found is None else bytes(found)
