"""Ratings, tags, stacks, favourites and the archive, next to what other clients wrote."""

from __future__ import annotations

import io

from bridge.library import noted, settings
from bridge.library.identity import Kind
from bridge.library.library import New
from tests.bridge.conftest import Open
from tests.bridge.library.pictures import jpeg


async def test_it_works(opened: Open) -> None:
    library = opened()
    album = await library.album_named("A")
    one, two = [(await library.put(io.BytesIO(jpeg(n)), New("a.jpg"), album)).id for n in (1, 2)]
    phone = opened("phone")
    await phone.sync()
    await phone.change(one, lambda values: values.update(theirs=[1]), public=False)
    await noted.rate(library, [one, two], 4)  # a conflict: one of them was changed in between
    await noted.tag(library, [one], add=["cat", "animals/cat"])
    await noted.tag(library, [one, two], add=["sea"], remove=["cat"])
    await noted.stack(library, [two], "s")
    await noted.set_visibility(library, [two], 1)
    await noted.set_favourite(library, [one], True)
    await phone.sync()
    first, second = (phone.photos[n] for n in (one, two))
    assert first.file.private.values["theirs"] == [1]
    assert (noted.noted(first).rating, noted.noted(first).tags, noted.noted(second).stack) == (4, ("animals/cat", "sea"), "s")
    assert noted.noted(first).sha1
    assert (noted.visibility(first), noted.visibility(second)) == (0, 1)
    assert [noted.is_favourite(phone, photo) for photo in (first, second)] == [True, False]
    await noted.set_favourite(phone, [one, two], False)
    assert not noted.is_favourite(phone, phone.photos[one])
    assert set(phone.photos[one].places) == {album.id}


async def test_a_photo_that_was_only_a_favourite_is_not_lost(opened: Open) -> None:
    library = opened()
    put = await library.put(io.BytesIO(jpeg()), New("a.jpg"), await library.uncategorized())
    await noted.set_favourite(library, [put.id], True)
    await noted.set_favourite(library, [put.id], False)
    assert set(library.photos[put.id].places) == {(await library.uncategorized()).id}
    album = await library.album_named("A")
    await library.add([put.id], album)
    await library.delete_album(album)
    assert set(library.photos[put.id].places) == {(await library.uncategorized()).id}
    assert album.id not in library.albums


async def test_ids_of_photos(opened: Open) -> None:
    library = opened()
    put = await library.put(io.BytesIO(jpeg()), New("a.jpg"), await library.album_named("A"))
    photo = library.photos[put.id]
    given = library.uuid_of(photo)
    assert given == photo.own["id"]
    assert library.photo_of(given) is library.photo_of(library.ids.of(Kind.PHOTO, put.id)) is photo
    await library.trash([put.id])
    assert library.photo_of(given) is None
    assert library.photo_of(given, trash=True) is library.binned[put.id]
    again = opened("again")
    await again.sync()
    assert again.photo_of(given, trash=True) is again.binned[put.id]
    assert await again.restore([put.id]) == [put.id]
    assert again.uuid_of(again.photos[put.id]) == given
    await again.trash([put.id])
    await again.delete_for_ever([put.id])
    assert again.photo_of(given, trash=True) is None


async def test_settings_of_the_account(opened: Open) -> None:
    library = opened()
    assert settings.read(library, "tags") == {}
    await settings.change(library, "tags", lambda found: found.update(cat={"color": "#fff"}))
    await settings.change(library, "authors", lambda found: found.update(a=1))
    phone = opened("phone")
    await phone.sync()
    await settings.change(phone, "tags", lambda found: found.update(dog={}))
    await library.sync()
    assert settings.read(library, "tags") == {"cat": {"color": "#fff"}, "dog": {}}
    assert settings.read(library, "authors") == {"a": 1}
    assert [album.hidden for album in library.albums.values()] == [True]
