"""What counts as a host name for a person's albums, and how a person proves that one is theirs (misc.md §4). Knows no account and no database.

A domain is an account's because the operator says so (`custom_domains.allowed`) or because its DNS does: a TXT record that only the domain's
owner can set, with a word that this server gives to this account only. Nothing of the word is stored.
"""

from __future__ import annotations

from ..kernel.config import Config
from ..kernel.crypto import Crypto, normal_email
from ..kernel.errors import CodedBadRequest
from ..kernel.host_names import LIMIT, to_ascii

OURS = frozenset({"my.ente.com", "my.ente.io"})  # the hosted service's own
ANYBODY = "*"
RECORD = "_darkroom."
"""Before the domain: the name of the TXT record."""


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


def said_owner(config: Config, domain: str) -> str | None:
    """Whose address the operator gives a domain to, `ANYBODY` for whoever asks first; None without a word. The closest entry counts."""
    allowed = config.custom_domains.allowed
    labels = domain.split(".")
    names = [domain, *("*." + ".".join(labels[n:]) for n in range(1, len(labels)))]
    found = next((allowed[name] for name in names if name in allowed), None)
    return None if found is None else found if found == ANYBODY else normal_email(found)


def word(crypto: Crypto, user_id: int, domain: str) -> str:
    """What the TXT record has to say for this account."""
    return "darkroom=" + crypto.sign("custom domain", user_id, domain)
