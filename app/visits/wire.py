"""Wire shapes of visits (collections.md §5.4, §7.4)."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from ..http.query import Exact, Query
from ..kernel.errors import AppError, CodedBadRequest
from ..kernel.fields import Key
from ..kernel.wire import Body, Needed, Reply

# --- requests


class Password(Body):
    """POST /public-collection/verify-password: what the visitor's app derived from the password."""

    pass_hash: Needed[Key]


class Join(Body):
    """POST /collections/join-link: the album's key, sealed to whoever joins (80 bytes)."""

    collection_id: Needed[int]
    encrypted_key: Needed[Key]


class Since(Query):
    """GET /public-collection/diff; µs."""

    refusal: ClassVar[type[AppError]] = CodedBadRequest
    since_time: Exact


# --- replies


class Info(Reply):
    """GET /public-collection/info. `collection` is the album as `collections.service.for_visitors` shows it."""

    collection: msgspec.Struct
    referral_code: str


class Proof(Reply):
    jwt_token: str
