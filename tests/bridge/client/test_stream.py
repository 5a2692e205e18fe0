"""Streams: sealed in one pass, opened whole and from any chunk."""

from __future__ import annotations

import hashlib

import pytest

from bridge.client import crypto, stream
from bridge.client.errors import Damaged
from bridge.client.stream import SEALED_CHUNK, Opener, Sealer

KEY = bytes(range(32))
SIZES = [0, 1, crypto.CHUNK - 1, crypto.CHUNK, crypto.CHUNK + 1, 2 * crypto.CHUNK + 5]


def seal(plain: bytes, step: int = 1_000_003) -> tuple[bytes, stream.Sums]:
    out = bytearray()
    sealer = Sealer(KEY, out.extend)
    for at in range(0, len(plain), step):
        sealer.feed(plain[at : at + step])
    sums = sealer.finish()
    return bytes(out), sums


def pattern(size: int) -> bytes:
    return (bytes(range(251)) * (size // 251 + 1))[:size]


@pytest.mark.parametrize("size", SIZES)
def test_it_works(size: int) -> None:
    plain = pattern(size)
    cipher, sums = seal(plain)
    assert crypto.decrypt_stream(cipher, sums.header, KEY) == plain
    assert (sums.size, sums.sealed) == (size, len(cipher)) == (stream.plain_size(len(cipher)), stream.sealed_size(size))
    assert (sums.md5, sums.hash, sums.sha1) == (crypto.md5_b64(cipher), crypto.content_hash(plain), hashlib.sha1(plain).digest())
    opener = Opener(sums.header, KEY)
    assert b"".join(opener.feed(cipher[at : at + 999_983]) for at in range(0, len(cipher), 999_983)) + opener.finish() == plain


def test_parts_are_those_of_the_upload() -> None:
    cipher, sums = seal(pattern(stream.PART + 5))
    assert sums.part_md5s == [crypto.md5_b64(cipher[at : at + stream.PART]) for at in range(0, len(cipher), stream.PART)]


def test_any_chunk_opens_alone() -> None:
    plain = pattern(3 * crypto.CHUNK + 7)
    cipher, sums = seal(plain)
    chunks = [cipher[at : at + SEALED_CHUNK] for at in range(0, len(cipher), SEALED_CHUNK)]
    macs = [chunk[-16:][:8] for chunk in chunks]
    for number in (3, 0, 2, 1):
        opened = stream.open_chunk(sums.header, KEY, number, macs, chunks[number], last=number == 3)
        assert opened == plain[number * crypto.CHUNK : (number + 1) * crypto.CHUNK]
    with pytest.raises(Damaged):
        stream.open_chunk(sums.header, KEY, 2, [macs[0], bytes(8)], chunks[2], last=False)
    with pytest.raises(Damaged, match="ends where"):
        stream.open_chunk(sums.header, KEY, 3, macs, chunks[3], last=False)


@pytest.mark.parametrize("harm", ["cut", "cut at a chunk", "changed", "tail", "other key"])
def test_a_damaged_content_is_refused(harm: str) -> None:
    cipher, sums = seal(pattern(crypto.CHUNK + 9))
    key = bytes(32) if harm == "other key" else KEY
    broken = {
        "cut": cipher[:-1], "cut at a chunk": cipher[:SEALED_CHUNK], "changed": cipher[:5] + b"\0\0" + cipher[7:], "tail": cipher + b"x" * 20,
    }.get(harm, cipher)  # fmt: skip
    opener = Opener(sums.header, key)
    with pytest.raises(Damaged):
        opener.feed(broken) + opener.finish()


def test_sizes_that_no_stream_has() -> None:
    for size in (0, 16, SEALED_CHUNK + 3):
        with pytest.raises(Damaged):
            stream.plain_size(size)
