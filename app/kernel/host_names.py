"""One spelling for all of a host name's spellings."""

from __future__ import annotations

import re

_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
LIMIT = 253  # characters of a host name, also before the conversion, whose cost grows faster than its input


def to_ascii(name: str) -> str | None:
    """The ASCII (IDNA) form in lower case; None when it is no host name."""
    if len(name) > LIMIT:
        return None
    try:
        text = name.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    return text if len(text) <= LIMIT and _HOST.fullmatch(text) else None
