"""A small library as tools browse it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from bridge.client.crypto import CHUNK
from bridge.library import noted
from bridge.library.library import Library, New
from tests.bridge.library.pictures import jpeg

DAY = 86_400_000_000
MAY = 1_714_557_600_000_000
"""2024-05-01 10:00 UTC."""
FILM = b"\x00\x00\x00\x18ftypmp42" + bytes(range(251)) * ((CHUNK + 5000) // 251)
"""Two chunks, so that a part of it is a part."""


@dataclass
class Scene:
    """`sea`: a rated, tagged favourite near Paris by a Leica; `boat`: archived, in June; `film`: a video in the album Films; `ids` by name."""

    library: Library
    numbers: dict[str, int]

    @property
    def ids(self) -> dict[str, str]:
        return {name: self.library.uuid_of(self.library.photos[number]) for name, number in self.numbers.items()}

    def names(self, items: list[dict[str, Any]]) -> list[str]:
        by_id = {asset_id: name for name, asset_id in self.ids.items()}
        return [by_id[item["id"]] for item in items]


async def scene(library: Library) -> Scene:
    sea, films = await library.album_named("Sea"), await library.album_named("Films")
    camera = {0x010F: "Leica", 0x0110: "M6"}
    numbers = {}
    for name, content, new, album in (
        ("sea", jpeg(1, exif=camera), New("sea.jpg", created=MAY, caption="Blue water", place=(48.85, 2.35)), sea),
        ("boat", jpeg(2), New("boat.jpg", created=MAY + 31 * DAY), sea),
        ("film", FILM, New("film.mp4", created=MAY + DAY, duration=2.5), films),
    ):
        numbers[name] = (await library.put(io.BytesIO(content), new, album)).id
    await noted.rate(library, [numbers["sea"]], 4)
    await noted.tag(library, [numbers["sea"]], add=["water/sea"])
    await noted.set_favourite(library, [numbers["sea"]], True)
    await noted.set_visibility(library, [numbers["boat"]], 1)
    return Scene(library, numbers)
