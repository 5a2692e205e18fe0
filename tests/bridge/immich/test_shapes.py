"""Photos and albums as tools get them."""

from __future__ import annotations

import io

from bridge.immich import lookup, present
from bridge.library import noted, tags
from bridge.library.library import New
from tests.bridge.conftest import Open
from tests.bridge.library.pictures import jpeg


async def test_it_works(opened: Open) -> None:
    library = opened()
    album = await library.album_named("Sea")
    picture = jpeg(exif={0x010F: "Leica", 0x0132: "2024:05:06 07:08:09"}, size=(64, 48))
    one = await library.put(io.BytesIO(picture), New("sea.jpg", caption="blue", place=(1.5, 2.5)), album)
    two = await library.put(io.BytesIO(jpeg(2)), New("old.jpg", created=-(10**18)), album)
    await noted.rate(library, [one.id], 4)
    await noted.tag(library, [one.id], add=["water/sea"])
    await noted.stack(library, [two.id, one.id], "6b4c0ff0-6f3c-4f39-9f3e-000000000000")
    photo = library.photos[one.id]
    made = present.asset(library, photo.file.id)
    assert (made.type, made.original_file_name, made.original_path, made.original_mime_type) == ("IMAGE", "sea.jpg", "/Sea/sea.jpg", "image/jpeg")
    assert made.local_date_time == made.file_created_at == "2024-05-06T07:08:09.000Z"
    assert (made.width, made.height, made.duration, made.visibility, len(made.checksum)) == (64, 48, None, "timeline", 28)
    assert made.exif_info
    exif = made.exif_info
    assert (exif.make, exif.rating, exif.description, exif.latitude, exif.file_size_in_byte) == ("Leica", 4, "blue", 1.5, len(picture))
    assert [(tag.name, tag.value) for tag in made.tags] == [("sea", "water/sea")]
    assert [tag.value for tag in tags.all_tags(library).values()] == ["water", "water/sea"]
    assert made.stack
    assert (made.stack.primary_asset_id, made.stack.asset_count) == (library.uuid_of(library.photos[two.id]), 2)
    assert present.asset(library, two.id).file_created_at.endswith("Z")
    seen = present.album(library, library.albums[album.id])
    assert (seen.album_name, seen.asset_count, seen.album_thumbnail_asset_id, seen.album_users[0].user.email) == (
        "Sea",
        2,
        made.id,
        "alice@example.org",
    )
    assert lookup.album(library, seen.id).id == album.id
    assert lookup.photo(library, made.id) is photo
