"""How much two pictures look alike: 64 bits of a picture's coarse structure, and the number of bits in which two differ.

The bits are those of the usual DCT hash (32 × 32 grey levels, the 8 × 8 lowest frequencies against their median), so that they can be compared with
hashes that other programs made. Written in hex, the first row first.
"""

from __future__ import annotations

import io
import math
import re
from statistics import median

from PIL import Image

SIDE, LOW = 32, 8
_COS = [[math.cos(math.pi * k * (2 * n + 1) / (2 * SIDE)) for n in range(SIDE)] for k in range(LOW)]
_HEX = re.compile(r"[0-9a-fA-F]{16}")


def likeness(picture: bytes) -> int:
    """Of a JPEG or whatever Pillow opens; raises what Pillow raises for anything else. Milliseconds: not for the event loop in numbers."""
    with Image.open(io.BytesIO(picture)) as opened:
        grey = opened.convert("L").resize((SIDE, SIDE), Image.Resampling.LANCZOS).tobytes()
    columns = [[sum(c * grey[n * SIDE + x] for n, c in enumerate(_COS[k])) for x in range(SIDE)] for k in range(LOW)]
    low = [sum(a * b for a, b in zip(columns[k], _COS[j], strict=True)) for k in range(LOW) for j in range(LOW)]
    middle = median(low)
    bits = 0
    for value in low:
        bits = bits << 1 | (value > middle)
    return bits


def distance(one: int, other: int) -> int:
    """0 … 64."""
    return (one ^ other).bit_count()


def in_hex(bits: int) -> str:
    return f"{bits:016x}"


def from_hex(text: str) -> int | None:
    """None for what is no such hash."""
    return int(text, 16) if _HEX.fullmatch(text) else None
