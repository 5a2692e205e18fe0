"""What counts as a host name for a person's albums (misc.md §4). Knows no account and no database."""

from __future__ import annotations

import re

from ..kernel.errors import CodedBadRequest

_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
LIMIT = 253  # characters of a host name, also before the conversion, whose cost grows faster than its input
OURS = frozenset({"my.ente.com", "my.ente.io"})  # the hosted service's own


def to_ascii(domain: str) -> str | None:
    """The ASCII (IDNA) form in lower case: one spelling for all of a name's spellings. None when it is no host name."""
    if len(domain) > LIMIT:
        return None
    try:
        text = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    return text if len(text) <= LIMIT and _HOST.fullmatch(text) else None


def claim(value: str, cname: str) -> str:
    """The spelling under which a domain belongs to an account; 400 with a reason when nobody may have it."""
    if value != value.strip():
        raise CodedBadRequest("domain contains leading or trailing spaces")
    if "://" in value:
        raise CodedBadRequest("domain should not contain scheme (e.g., http:// or https://)")
    if value.startswith("_"):
        raise CodedBadRequest("invalid family custom domain format")
    text = to_ascii(value)
    if text is None:
        raise CodedBadRequest(f"invalid domain format: {value[:LIMIT]}")
    if text in OURS or text == to_ascii(cname):
        raise CodedBadRequest("custom domain is reserved")
    return text
