"""Perceptual hashes: known answers, what they stay the same under, what they tell apart."""

from __future__ import annotations

import io

import pytest
from PIL import Image, UnidentifiedImageError

from bridge.library import likeness


def drawn(turn: int = 0, size: tuple[int, int] = (200, 150), quality: int = 90) -> bytes:
    """Two waves, made without chance."""
    width, height = size
    picture = Image.new("L", size)
    picture.putdata([(x * 255 // width * (1 + turn) + y * 255 // height * 3) % 256 for y in range(height) for x in range(width)])
    held = io.BytesIO()
    picture.save(held, "JPEG", quality=quality)
    return held.getvalue()


def test_it_works() -> None:
    same = likeness.likeness(drawn())
    assert likeness.distance(same, likeness.likeness(drawn(size=(400, 300), quality=60))) <= 4
    assert likeness.distance(same, likeness.likeness(drawn(turn=2))) > 10


def test_hex_and_back() -> None:
    bits = likeness.likeness(drawn())
    assert likeness.from_hex(likeness.in_hex(bits)) == bits
    assert likeness.in_hex(1) == "0000000000000001"
    assert (likeness.distance(0, (1 << 64) - 1), likeness.distance(5, 6)) == (64, 2)


@pytest.mark.parametrize("text", ["", "a1b2c3d4e5f6g7h8", "0" * 15, "0" * 17, "0x00000000000000", "٠" * 16])
def test_what_is_no_hash(text: str) -> None:
    assert likeness.from_hex(text) is None


def test_what_is_no_picture() -> None:
    with pytest.raises(UnidentifiedImageError):
        likeness.likeness(b"no picture")
