"""Stacks as ImaLink counts them. Which stack a photo is in stands in the photo, the same for every face; what only ImaLink says of a stack (type,
name, cover, order, or that there is one without photos) is a record of the account."""

from __future__ import annotations

import hashlib

from ..library.identity import Kind
from ..library.library import Library

SECTION = "stacks"
_OURS, _OTHERS = 1 << 63, 1 << 47
"""Set in what stands in the photos of stacks that were made here, and in the numbers of those that another face made."""


def text_of(library: Library, number: int) -> str:
    """What stands in the photos of a stack that is made here."""
    return library.ids.of(Kind.STACK, number | _OURS)


def number_of(library: Library, text: str) -> int:
    """The number of a stack: that of its record, or for another face's 46 bits that are always the same."""
    number = library.ids.number(Kind.STACK, text)
    if number is not None and number & _OURS:
        return number ^ _OURS
    return _OTHERS | int.from_bytes(hashlib.sha256(text.encode()).digest()[:6]) >> 2
