"""How JSON comes in and goes out: Go's reading rules (accounts.md §0) on msgspec structs.

Bodies are JSON whatever the Content-Type says; keys match in any case; null equals absent; unknown keys and text after the first
value are ignored; a wrong type is 400, and so is what no engine can store: a NUL, an integer beyond 64 bits. Features declare their
structs in their own wire.py; nothing here knows a feature.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import typing
import uuid
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, TypeVar

import msgspec

from .errors import AppError, BadRequest
from .fields import Key, Metadata

S = TypeVar("S", bound="Body")
T = TypeVar("T")
_NEEDED = "must not be zero"
Needed = Annotated[T, _NEEDED]
"""A field that must be there and must not be Go's zero value: "", 0, false, null and absent are all 400."""
if TYPE_CHECKING:

    class _JsonOf(bytes, Generic[T]): ...

    Encoded = bytes | _JsonOf[T]
else:

    class Encoded:
        """JSON text of this shape: what a handler returns that has encoded its answer already, or keeps it encoded."""

        def __class_getitem__(cls, shape: Any) -> Any:
            return Annotated[bytes, shape]


_INITIALISMS = {"id": "ID", "ids": "IDs", "urls": "URLs", "md5": "MD5", "mfa": "MFA"}


def wire_name(name: str) -> str:
    """snake_case to the protocol's spelling: `collection_id` → `collectionID`. Exceptions are spelled out at the field."""
    first, *rest = name.split("_")
    return first + "".join(_INITIALISMS.get(p, p[:1].upper() + p[1:]) for p in rest)


def is_needed(hint: Any) -> bool:
    """Whether a type is `Needed`."""
    return typing.get_origin(hint) is Annotated and _NEEDED in typing.get_args(hint)[1:]


class Body(msgspec.Struct, rename=wire_name, forbid_unknown_fields=True, kw_only=True):
    """A request body. A field is `Needed[…]`, or has a default: Go's zero value. Texts and lists have a limit (`app.kernel.fields`).

    Unknown keys are forbidden only for the fast path: `decode` falls back to the lenient one. `refusal`: what a body that does not fit raises.
    """

    refusal: ClassVar[type[AppError]] = BadRequest

    def check(self) -> None:
        """Raise BadRequest where a needed field, here or in a nested body, has its zero value. An empty list is no zero, as in Go."""
        needed, nested = _checks(type(self))
        for name in needed:
            value = getattr(self, name)
            if not value and value != []:
                raise BadRequest(log=f"{type(self).__name__}.{name} is required")
        for name in nested:
            value = getattr(self, name)
            if isinstance(value, Body):
                value.check()


@cache
def _checks(kind: type[Body]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(needed fields, fields that may hold a body) of a kind of body."""
    hints = typing.get_type_hints(kind, include_extras=True)
    names = kind.__struct_fields__
    return tuple(n for n in names if is_needed(hints[n])), tuple(n for n in names if _struct_in(hints[n]) is not None)


class Reply(msgspec.Struct, rename=wire_name, kw_only=True):
    """A response object: every field is always present (null where None)."""


class Lean(msgspec.Struct, rename=wire_name, kw_only=True, omit_defaults=True):
    """A response object whose fields vanish when they have their default (Go's omitempty)."""


Safe = Annotated[int, msgspec.Meta(ge=-(1 << 53), lt=(1 << 53) - 1)]
"""An integer that, and whose successor, every client reads exactly (JavaScript's are doubles): others are 400."""


class MagicMetadata(Body):
    """An encrypted JSON object with its version and key count (collections.md §1.3); all four members are required."""

    version: Needed[Safe]
    count: Needed[Safe]
    data: Needed[Metadata]
    header: Needed[Key]

    def stored(self, version: int) -> str:
        """The JSON text that is kept and sent to clients, with this version."""
        return encode({"version": version, "count": self.count, "data": self.data, "header": self.header}).decode()


@cache
def _decoder(kind: type[Any]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind)


@cache
def _names(kind: type[msgspec.Struct]) -> dict[str, tuple[str, Any]]:
    """lower-cased wire name → (exact wire name, struct type inside the field or None)."""
    hints = typing.get_type_hints(kind)
    return {f.encode_name.lower(): (f.encode_name, _struct_in(hints[f.name])) for f in msgspec.structs.fields(kind)}


def _struct_in(hint: Any) -> Any:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return hint
    return next((s for arg in typing.get_args(hint) if (s := _struct_in(arg)) is not None), None)


def _text(text: str) -> str:
    """As Go reads it: half a surrogate pair becomes U+FFFD. BadRequest for a NUL, which PostgreSQL cannot store."""
    if "\0" in text:
        raise BadRequest(log="NUL in a text")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _lenient(value: Any, kind: Any) -> Any:
    """Exact spelling preferred, else any case; null and unknown keys dropped. Where no struct is declared everything stays."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return [_lenient(v, kind) for v in value]
    if not isinstance(value, dict):
        return value
    if kind is None:
        return {_text(key): _lenient(v, None) for key, v in value.items()}
    known = _names(kind)
    out: dict[str, Any] = {}
    for key, v in value.items():
        hit = known.get(key.lower())
        if hit is None or v is None:
            continue
        name, inner = hit
        if key == name or name not in out:
            out[name] = _lenient(v, inner)
    return out


def decode(raw: bytes, kind: type[S]) -> S:
    """Read a body of the given kind; its `refusal` when it is no JSON object, a type is wrong or a needed field is zero."""
    try:
        return _decode(raw, kind)
    except BadRequest as e:
        if kind.refusal is BadRequest:
            raise
        raise kind.refusal("invalid request body", log=e.log) from None


def _decode(raw: bytes, kind: type[S]) -> S:
    try:
        if b"\\u0000" in raw:  # the one escape that would pass and may not; half a surrogate pair does not pass
            raise msgspec.DecodeError
        body = _decoder(kind).decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        body = _decode_slowly(raw, kind)
    if _LONG.search(raw):
        try:
            _bounded(body)
        except RecursionError:  # read just above the stack's end
            raise BadRequest(log="body is nested too deeply") from None
    body.check()
    return body  # type: ignore[no-any-return]  # the decoder was made for this kind


_LONG = re.compile(rb"\d{19}")  # what may be an integer beyond 64 bits


def _bounded(value: Any) -> None:
    """BadRequest for an integer beyond 64 bits, anywhere."""
    kind = type(value)
    if kind is int:
        if not -(1 << 63) <= value < 1 << 63:
            raise BadRequest(log="integer beyond 64 bits")
    elif kind is list and value and set(map(type, value)) == {int}:  # ids: up to thousands, so not one by one
        _bounded(min(value))
        _bounded(max(value))
    elif kind is list or kind is dict:
        for v in value if kind is list else value.values():
            _bounded(v)
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            _bounded(getattr(value, name))


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


_JSON = json.JSONDecoder(parse_constant=_no_constant)  # Python alone reads NaN and Infinity


_SEVERAL = 100_000  # values and escapes that are read with Python's patience: a tenth of a second, in which nobody else is served


def _decode_slowly(raw: bytes, kind: type[S]) -> S:
    if sum(map(raw.count, (b",", b"[", b"{", b"\\u"))) > _SEVERAL:
        raise BadRequest(log="body has too many values to be read leniently")
    try:
        value, _ = _JSON.raw_decode(raw.decode("utf-8", "replace").lstrip(" \t\r\n"))
        if not isinstance(value, dict):
            raise BadRequest(log="body is no JSON object")
        return msgspec.convert(_lenient(value, kind), kind)
    except (ValueError, RecursionError, msgspec.ValidationError) as e:
        raise BadRequest(log=f"body: {type(e).__name__}: {e}") from None


_encoder = msgspec.json.Encoder()


def encode(value: Any) -> bytes:
    """JSON bytes of a reply struct, dict or list."""
    return _encoder.encode(value)


def b64_bytes(text: str, size: int | None = None) -> bytes | None:
    """Decode padded standard base64; None when it is none or has another size (bytes)."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if size is None or len(data) == size else None


def uuid_text(text: str) -> str | None:
    """A UUID in its canonical form, from whatever spelling; None when it is none."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return None


NIL_UUID = str(uuid.UUID(int=0))
"""Counts as missing where a UUID is required (accounts.md §0)."""


def go_int(text: str | None) -> int:
    """A query integer as museum reads it: 0 when missing or unparsable."""
    return strict_int(text) or 0


def strict_int(text: str | None) -> int | None:
    """A query integer, or None when it is missing, no decimal integer, or outside 64 bits."""
    if text is None or not text.lstrip("+-").isascii() or not text.lstrip("+-").isdigit() or len(text) > 20:
        return None
    try:
        n = int(text)
    except ValueError:
        return None
    return n if -(1 << 63) <= n < 1 << 63 else None


def go_bool(text: str | None) -> bool | None:
    """A query boolean as Go's ParseBool reads it, or None."""
    return {"1": True, "t": True, "T": True, "TRUE": True, "true": True, "True": True,
            "0": False, "f": False, "F": False, "FALSE": False, "false": False, "False": False}.get(text or "")  # fmt: skip
