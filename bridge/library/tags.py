"""Tags: paths like "animals/cat" on photos, and those that were made before any photo had them, with their colours. Each part of a path is a tag."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..client.errors import ClientError
from . import settings
from .identity import Kind
from .library import Library

MOST = 255
"""Characters of a tag's path."""


@dataclass(frozen=True)
class Tag:
    """`created`: µs, 0: before the bridge was asked for it."""

    id: str
    value: str
    color: str | None
    created: int

    @property
    def name(self) -> str:
        return self.value.rpartition("/")[2]

    @property
    def parent(self) -> str:
        """The path above, or empty."""
        return self.value.rpartition("/")[0]


def clean(value: str) -> str:
    """A path as it is kept: no empty parts, no spaces around. Raises `ClientError` for one that names nothing."""
    parts = [part.strip() for part in value.split("/")]
    found = "/".join(part for part in parts if part)
    if not found or len(found) > MOST:
        raise ClientError(f"a tag has 1 to {MOST} characters")
    return found


def tag_of(library: Library, value: str) -> Tag:
    about = settings.read(library, "tags").get(value)
    about = about if isinstance(about, dict) else {}
    color, created = about.get("color"), about.get("created")
    return Tag(
        library.ids.named(Kind.TAG, value), value, color if isinstance(color, str) else None, created if isinstance(created, int) else 0
    )  # fmt: skip


def all_tags(library: Library) -> dict[str, Tag]:
    """id → tag, in the order of their paths."""
    return library.derived("tags", lambda: _all(library))


def _all(library: Library) -> dict[str, Tag]:
    values = set(settings.read(library, "tags"))
    values.update(library.search.all_tags())
    for value in list(values):
        parts = value.split("/")
        values.update("/".join(parts[:n]) for n in range(1, len(parts)))
    return {tag.id: tag for tag in (tag_of(library, value) for value in sorted(values))}


async def make(library: Library, values: Iterable[str], color: str | None = None) -> list[Tag]:
    """Tags of these paths, made where there are none yet."""
    wanted = [clean(value) for value in values]
    there = {tag.value for tag in all_tags(library).values()}
    if color is not None or any(value not in there for value in wanted):
        now = time.time_ns() // 1000

        def edit(section: dict[str, Any]) -> None:
            for value in wanted:
                old = section.get(value)
                kept = old if isinstance(old, dict) else {} if value in there else {"created": now}
                section[value] = kept | ({"color": color} if color is not None else {})

        await settings.change(library, "tags", edit)
    return [tag_of(library, value) for value in wanted]


__all__ = ["Tag", "all_tags", "clean", "make", "tag_of"]
