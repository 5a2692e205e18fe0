"""From what the library knows to what tools get: photos, many at once, and albums. Answered from facts; no photo is opened for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

import msgspec

from ..client.shapes import ARCHIVED, HIDDEN, LIVE_PHOTO, VIDEO, Album
from ..library import overview, people
from ..library.identity import Kind
from ..library.library import Library
from ..library.search import Entry
from ..library.tags import tag_of
from . import shapes
from .shapes import AlbumShape, AlbumUser, Asset, Exif, Person, Stack, iso

VISIBILITY = {ARCHIVED: "archive", HIDDEN: "hidden"}


def assets(
    library: Library, entries: Sequence[Entry], *, exif: bool = True, with_people: bool = False, with_stack: bool = False, details: bool = False
) -> list[Asset]:
    """`details`: with tags, people, stack, owner and what only the bridge's own index knows, as for one photo."""
    ids = [entry.id for entry in entries]
    folders = folders_of(library, ids)
    owners = {owner: library.ids.of(Kind.USER, owner) for owner in {entry.owner for entry in entries}}
    made = []
    for entry in entries:
        one = _asset(library, entry, folders.get(entry.id, "/"), owners[entry.owner])
        one.exif_info = _exif(entry) if exif or details else None
        made.append(one)
    if with_people or details:
        _add_people(library, ids, made)
    if with_stack or details:
        _add_stacks(library, entries, made)
    if details:
        tags = library.search.tags_of(ids)
        for entry, one in zip(entries, made, strict=True):
            one.tags = [shapes.tag(library, tag_of(library, value)) for value in tags.get(entry.id, ())]
            one.owner = shapes.user(library, entry.owner)
            _add_noted(library, entry, one)
    return made


def asset(library: Library, number: int, *, details: bool = True) -> Asset:
    """One photo that is there or in the trash, hidden or not: whoever calls this has looked whether it may be seen."""
    entry = library.search.entry(number, trash=True, with_hidden=True)
    if entry is None:
        raise KeyError(number)
    return assets(library, [entry], details=details)[0]


def _asset(library: Library, entry: Entry, folder: str, owner: str) -> Asset:
    video = entry.kind == VIDEO
    return Asset(
        id=library.uuid_of_entry(entry),
        type="VIDEO" if video else "IMAGE",
        owner_id=owner,
        original_file_name=entry.title,
        original_path=f"{folder.rstrip('/')}/{entry.title}",
        original_mime_type=shapes.mime(entry.title, video),
        checksum=shapes.checksum(entry.sha1),
        created_at=iso(entry.added),
        updated_at=iso(entry.updated),
        file_created_at=iso(entry.taken),
        file_modified_at=iso(entry.modified),
        local_date_time=iso(entry.local),
        width=entry.width if entry.width > 0 else None,
        height=entry.height if entry.height > 0 else None,
        duration=duration(entry),
        visibility=VISIBILITY.get(entry.visibility, "timeline"),
        is_favorite=entry.favourite,
        is_archived=entry.visibility == ARCHIVED,
        is_trashed=entry.trashed is not None,
        live_photo_video_id=live_video(library, entry),
    )


def duration(entry: Entry) -> int | None:
    """In ms; 0: a video of which nobody knows."""
    return None if entry.kind != VIDEO else entry.duration if entry.duration < 2**31 else 0


def live_video(library: Library, entry: Entry) -> str | None:
    return (entry.video or library.ids.of(Kind.LIVE_VIDEO, entry.id)) if entry.kind == LIVE_PHOTO else None


def _exif(entry: Entry) -> Exif:
    return Exif(
        make=entry.make or None,
        model=entry.model or None,
        lens_model=entry.lens or None,
        exif_image_width=entry.width if entry.width > 0 else None,
        exif_image_height=entry.height if entry.height > 0 else None,
        file_size_in_byte=entry.size or None,
        date_time_original=iso(entry.taken),
        modify_date=iso(entry.modified),
        time_zone=_zone(entry.offset),
        latitude=entry.lat,
        longitude=entry.long,
        city=entry.city,
        state=entry.state,
        country=entry.country,
        description=entry.caption,
        rating=entry.rating if entry.rating and 1 <= entry.rating <= 5 else None,
    )


def _zone(offset: int | None) -> str | None:
    """ "UTC+2" of 120 minutes."""
    if offset is None:
        return None
    hours, minutes = divmod(abs(offset), 60)
    return f"UTC{'-' if offset < 0 else '+'}{hours}" + (f":{minutes:02}" if minutes else "")


def _add_noted(library: Library, entry: Entry, one: Asset) -> None:
    """What the camera noted and no app of Ente's keeps, where this bridge has read the file."""
    kept = library.index.note(entry.id, "exif")
    noted = msgspec.json.decode(kept) if kept else None
    if not isinstance(noted, dict) or one.exif_info is None:
        return
    exif = one.exif_info
    exif.lens_model = exif.lens_model or shapes.text(noted.get("lensModel"))
    exif.f_number, exif.focal_length = _number(noted.get("fNumber")), _number(noted.get("focalLength"))
    speed, turned = _number(noted.get("iso")), _number(noted.get("orientation"))
    exif.iso = int(speed) if speed else None
    exif.orientation = str(int(turned)) if turned else None
    if seconds := _number(noted.get("exposureTime")):
        exif.exposure_time = f"1/{round(1 / seconds)}" if seconds < 0.4 else f"{seconds:g}"


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) and value > 0 else None


def _add_people(library: Library, ids: list[int], made: list[Asset]) -> None:
    found = library.search.persons_of(ids)
    shown = {name: person(library, one) for name, one in library.people.persons.items() if one.name and not one.hidden} if found else {}
    for number, one in zip(ids, made, strict=True):
        one.people = [shown[name] for name in found.get(number, ()) if name in shown]


def _add_stacks(library: Library, entries: Sequence[Entry], made: list[Asset]) -> None:
    known = stacks(library)
    for entry, one in zip(entries, made, strict=True):
        if members := known.get(entry.stack or ""):
            one.stack = Stack(entry.stack or "", uuid_of(library, members[0]), len(members))


def person(library: Library, found: people.Person) -> Person:
    person_id = person_id_of(library, found.id)
    return Person(person_id, found.name, found.hidden, found.pinned, f"/people/{person_id}", iso(found.updated))


def person_id_of(library: Library, entity: str) -> str:
    return library.ids.named(Kind.PERSON, entity)


def face_id_of(library: Library, face: str) -> str:
    return library.ids.named(Kind.FACE, face)


def uuid_of(library: Library, number: int) -> str:
    """The id for tools of a photo that is there."""
    entry = library.search.entry(number, trash=True, with_hidden=True)
    return library.uuid_of_entry(entry) if entry else library.ids.of(Kind.PHOTO, number)


def stacks(library: Library) -> dict[str, list[int]]:
    """Stack → its photos, the one that stands for the others first."""
    return library.derived("stacks", lambda: overview.stacks(library.facts, library.keys.user_id))


def behind(library: Library) -> list[int]:
    """Photos that another one of their stack stands for."""
    return library.derived("behind", lambda: sorted(n for members in stacks(library).values() for n in members[1:]))


# -- folders --------------------------------------------------------------------------------------


def folder(album: Album) -> str:
    return "/" + album.name.replace("/", "_") if album.name else "/"


def folders_of(library: Library, ids: list[int] | None = None) -> dict[int, str]:
    """Photo → the folder it is shown in where tools show folders: its first album that is one. Those in none are in "/" and not in here."""
    listed = {album.id: folder(album) for album in library.albums.values() if shapes.listed(album)}
    return {number: listed[first] for number, first in overview.first_albums(library.facts, listed, ids).items()}


def all_folders(library: Library) -> dict[int, str]:
    """The same of every photo."""
    return library.derived("folders", lambda: folders_of(library))


# -- albums ---------------------------------------------------------------------------------------


def album(library: Library, found: Album) -> AlbumShape:
    said: dict[int, overview.Sum] = library.derived("album sums", lambda: overview.album_sums(library.facts))
    held = said.get(found.id)
    about = found.private.values.get("brg")
    owner = shapes.user(library, found.owner_id, found.owner_email)
    users = [AlbumUser(owner, "owner")]
    if found.owner_id != library.keys.user_id:
        users.append(AlbumUser(shapes.user(library), "viewer"))
    return AlbumShape(
        id=library.ids.of(Kind.ALBUM, found.id),
        album_name=found.name,
        description=shapes.text(about.get("description") if isinstance(about, dict) else None) or "",
        album_thumbnail_asset_id=_cover(library, found, held),
        album_users=users,
        asset_count=held.count if held else 0,
        created_at=iso(found.updated),
        updated_at=iso(found.updated),
        shared=found.shared,
        has_shared_link=found.linked,
        start_date=iso(held.first) if held else None,
        end_date=iso(held.last) if held else None,
        last_modified_asset_timestamp=iso(held.updated) if held else None,
        order="asc" if found.public.values.get("asc") is True else "desc",
        owner_id=owner.id,
    )


def _cover(library: Library, found: Album, held: overview.Sum | None) -> str | None:
    chosen: Any = found.public.values.get("coverID")
    if isinstance(chosen, int) and library.facts.shown([chosen]) and found.id in library.facts.albums_of(chosen):
        return uuid_of(library, chosen)
    return uuid_of(library, held.cover) if held else None


def video_half(made: Asset) -> Asset:
    """The video of a live photo, which is an asset of its own for tools, and in no list."""
    name = f"{PurePath(made.original_file_name).stem}.mov"
    return msgspec.structs.replace(
        made, id=made.live_photo_video_id or "", live_photo_video_id=None, type="VIDEO", visibility="hidden", original_file_name=name,
        original_mime_type=shapes.mime(name, True), duration=0, checksum="", stack=None,
    )  # fmt: skip
