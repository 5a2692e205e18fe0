"""What belongs to the account and to no photo (colours of tags, authors, import sessions): a JSON object in the private magic metadata of one
hidden, empty album. Encrypted, on the server, the same for every bridge of this account.

The server has no check for two writers of an album's metadata: what is there is read just before, and the last one wins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ..client.shapes import HIDDEN, Album
from .library import BRIDGE, Library

NAME = "Darkroom bridge"


def _album(library: Library) -> Album | None:
    found = [a for a in library.own_albums() if a.hidden and isinstance(a.private.values.get(BRIDGE), dict)]
    return min(found, key=lambda album: album.id, default=None)


def read(library: Library, section: str) -> Mapping[str, Any]:
    """A section as it was last written; empty where it never was."""
    album = _album(library)
    found = album.private.values[BRIDGE].get(section) if album else None
    return found if isinstance(found, dict) else {}


def size(library: Library) -> int:
    """Bytes of all sections together."""
    album = _album(library)
    return len(msgspec.json.encode(album.private.values[BRIDGE])) if album else 0


async def change(library: Library, section: str, edit: Callable[[dict[str, Any]], None]) -> None:
    """Edits a section as it is now on the server."""
    await library.sync()
    album = _album(library) or await library.create_album(NAME, private={"visibility": HIDDEN, BRIDGE: {"version": 1}})

    def inside(values: dict[str, Any]) -> None:
        whole = dict(values.get(BRIDGE) or {})
        found = whole.get(section)
        part = dict(found) if isinstance(found, dict) else {}
        edit(part)
        values[BRIDGE] = whole | {section: part}

    await library.change_album(album, inside, public=False)
