"""Wire shapes of /cast/* (collections.md §10)."""

from __future__ import annotations

import msgspec

from ..collections.wire import Collection
from ..http.query import Query
from ..kernel.fields import Key, Word
from ..kernel.wire import Body, Lean, Needed, Reply


class Screen(Body):
    """POST /cast/device-info: what a TV offers to encrypt to; the second key is for phones that know it."""

    public_key: Needed[Key]
    pq_public_key: Key = ""


class Code(Reply):
    device_code: str


class Keys(Lean):
    """GET /cast/device-info/{code}: a key that was not offered is absent, never null."""

    public_key: str
    pq_public_key: str = ""


class Payload(Reply):
    """null until a phone has answered."""

    enc_cast_data: str | None


class NewCast(Body):
    """POST /cast/cast-data: the phone's answer to a code. The token is of its own making."""

    cast_token: Needed[Word]
    device_code: Needed[Word]
    enc_payload: Needed[Key]
    collection_id: Needed[int]


class Answered(Reply):
    device_id: str


class Device(Reply):
    """`last_used_at` in µs."""

    device_id: str
    collection_id: int
    device_ip: str = msgspec.field(name="deviceIP")
    last_used_at: int
    device_name: str


class Devices(Reply):
    devices: list[Device]


class Since(Query):
    since_time: int


class Info(Reply):
    collection: Collection
