"""Tokens of invitations: 32 bytes, the place's id and a proof that this server made it. Nothing of them is stored.

A token opens nothing but its own invitation, and a new invitation of the same person ends the old one's.
"""

from __future__ import annotations

import base64
import uuid
from urllib.parse import quote

from ..db import Tx
from ..kernel.crypto import same
from ..kernel.errors import NotFound
from ..kernel.parts import Kernel
from . import queries
from .queries import Row

PATH = "/family"
_HALF = 16


def token(kernel: Kernel, row: Row) -> str:
    return base64.urlsafe_b64encode(uuid.UUID(row.id).bytes + _proof(kernel, row)).decode()


def _proof(kernel: Kernel, row: Row) -> bytes:
    return base64.urlsafe_b64decode(kernel.crypto.sign("family invitation", row.id, row.invited_at))[:_HALF]


def link(kernel: Kernel, row: Row) -> str:
    """Where the accounts app asks whether one accepts, or where there is none a page of ours: what is behind a `#` only a script could read."""
    app, text = kernel.config.app_address("accounts"), quote(token(kernel, row), safe="")
    return f"{kernel.config.own_address}{PATH}?inviteToken={text}" if app is None else f"{app}{PATH}#inviteToken={text}"


def opened(tx: Tx, kernel: Kernel, text: str) -> Row:
    """The place that a token invites to, whatever has become of it; 404 for a token that is none."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raw = b""
    row = queries.by_id(tx, str(uuid.UUID(bytes=raw[:_HALF]))) if len(raw) == 2 * _HALF else None
    if row is None or not same(_proof(kernel, row), raw[_HALF:]):
        raise NotFound(log="no such invitation")
    return row
