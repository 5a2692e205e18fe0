"""The kinds of text and list that clients send, each with its limit. A field of a request names one of these: `docs/limits.md` lists them all,
and a test fails for a text or list without one.

The limits are the largest that clients make, with a margin: base64 of keys and nonces is fixed, names and metadata are a person's own words.
`largest` is what a whole body can need, from which a route's limit follows.
"""

from __future__ import annotations

import types
import typing
from functools import cache
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

T = TypeVar("T")

Word = Annotated[str, Meta(max_length=256, description="an id, a kind, a name of a thing, a code or a token")]
Address = Annotated[str, Meta(max_length=320, description="an e-mail address")]
Line = Annotated[str, Meta(max_length=4096, description="a line of text: an explanation, a setting's value, a push token")]
Key = Annotated[str, Meta(max_length=4096, description="base64 of a key, a nonce, a salt, a header or a proof; post-quantum keys are the longest")]
Title = Annotated[str, Meta(max_length=65_536, description="base64 of an encrypted name or of short text, or a person's own words")]
Metadata = Annotated[str, Meta(max_length=262_144, description="base64 of an encrypted object: what a person writes about a photo or an album")]
Entity = Annotated[str, Meta(max_length=3_932_160, description="base64 of an encrypted record that an app keeps: a person's faces, a place, a code")]
Derived = Annotated[str, Meta(max_length=8_388_608, description="base64 of encrypted data that an app computed from a file")]

Few = Annotated[list[T], Meta(max_length=100, description="a hundred at most")]
Batch = Annotated[list[T], Meta(max_length=5000, description="what one call handles: clients send 1,000 at most, museum takes 2,000")]
Most = Annotated[list[T], Meta(max_length=20_000, description="what one call handles where museum has no limit: 10,000 at most")]
Library = Annotated[list[T], Meta(max_length=200_000, description="all photos of a phone: what freeing space asks the size of")]
Parts = Annotated[list[T], Meta(max_length=10_000, description="parts of a multipart upload")]

LONG = 4096
"""Characters from which a text is one that fills a database."""
SLACK = 65_536
"""Bytes of a body that are not in any field: names, blanks, what a newer client says that we do not know."""
FREE = 16_384
"""Bytes of a field whose shape is the client's own."""


def limit_of(hint: Any) -> int | None:
    """The length limit in a type, None without one."""
    if typing.get_origin(hint) is Annotated:
        found = [m.max_length for m in typing.get_args(hint)[1:] if isinstance(m, Meta) and m.max_length is not None]
        return found[0] if found else None
    return None


def kept(hint: Any) -> int:
    """Characters of the long texts in the largest value of this type: what a row of the database may keep of it. Derived data goes into a store."""
    bare, limit = _bare(hint), limit_of(hint)
    origin = typing.get_origin(bare)
    if bare is str:
        return limit if limit is not None and limit >= LONG and limit != limit_of(Derived) else 0
    if origin in (typing.Union, types.UnionType):
        return max(kept(a) for a in typing.get_args(bare))
    if origin is list:
        return (limit or 1000) * kept(typing.get_args(bare)[0])
    if isinstance(bare, type) and issubclass(bare, msgspec.Struct):
        hints = typing.get_type_hints(bare, include_extras=True)
        return sum(kept(hints[f.name]) for f in msgspec.structs.fields(bare))
    return FREE if bare is Any or origin is dict or bare is dict else 0


def _bare(hint: Any) -> Any:
    return typing.get_args(hint)[0] if typing.get_origin(hint) is Annotated else hint


@cache
def largest(hint: Any) -> int:
    """Bytes that a JSON value of this type can honestly take, `SLACK` not included."""
    bare, limit = _bare(hint), limit_of(hint)
    origin = typing.get_origin(bare)
    if origin in (typing.Union, types.UnionType):
        return max(largest(a) for a in typing.get_args(bare))
    if bare is str:
        return (limit or FREE) + 16
    if origin is list:
        (item,) = typing.get_args(bare)
        return (limit or 1000) * (largest(item) + 1)
    if isinstance(bare, type) and issubclass(bare, msgspec.Struct):
        hints = typing.get_type_hints(bare, include_extras=True)
        return sum(largest(hints[f.name]) + len(f.encode_name) + 8 for f in msgspec.structs.fields(bare))
    return FREE if bare is Any or origin is dict or bare is dict else 24
