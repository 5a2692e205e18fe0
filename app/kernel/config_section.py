"""What every section of the configuration is made of: strict fields, and sizes in bytes that may be written as "10GiB"."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

_UNITS = {"": 1, "b": 1, "kb": 1000, "mb": 1000**2, "gb": 1000**3, "tb": 1000**4,
          "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40}  # fmt: skip


def parse_size(value: object) -> object:
    """`"10GiB"`, `"500 MB"` or a number of bytes, to bytes."""
    if isinstance(value, str):
        m = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", value)
        if not m or m[2].lower() not in _UNITS:
            raise ValueError('should be a number of bytes or a text like "10GiB"')
        return int(float(m[1]) * _UNITS[m[2].lower()])
    if type(value) is not int:
        raise ValueError('should be a number of bytes or a text like "10GiB"')
    return value


def format_size(size: int, *, exact: bool = True) -> str:
    """Bytes as a text that `parse_size` reads: "10GiB", or "1.4GiB" for 1,503,238,553 when it need not be exact."""
    for unit in ("TiB", "TB", "GiB", "GB", "MiB", "MB", "KiB", "kB") if exact else ("TiB", "GiB", "MiB", "KiB"):
        whole = _UNITS[unit.lower()]
        if size >= whole and not (exact and size % whole):
            return f"{size // whole}{unit}" if size % whole == 0 else f"{size / whole:.1f}{unit}"
    return str(size) if exact else f"{size}B"


LARGEST = 1 << 52  # bytes: what every client and both engines count exactly
Size = Annotated[int, BeforeValidator(parse_size), Field(ge=0, le=LARGEST)]
"""Bytes; written as a number or as "10GiB"."""


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    @field_validator("*", mode="before")
    @classmethod
    def _as_written(cls, value: object, info: ValidationInfo) -> object:
        """No guessing: the text "8080" is no port, `true` is no number, 1 is no yes."""
        field = cls.model_fields[info.field_name or ""]
        if (
            field.annotation in (int, bool)
            and type(value) is not field.annotation
            and not any(isinstance(m, BeforeValidator) for m in field.metadata)
        ):
            raise ValueError("should be a whole number" if field.annotation is int else "should be true or false")
        return value
