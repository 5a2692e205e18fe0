"""The files of photos (`/image-files`): what a client says of them. The first one's preview makes the photo."""

from __future__ import annotations

import hashlib
from pathlib import PurePath
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from ..client.connection import Row
from ..library import companions, likeness, noted, previews
from ..library.companions import FileNote, Stored
from ..library.library import BRIDGE, Photo
from ..serving.problems import Problem
from . import PREFIX, wire
from .access import READ, UPDATE, UPLOAD, VIEW, Books, Me
from .catalog import Catalog, Seen, kind_of
from .people import Person
from .photos import hot_of, now

LOOK_AT = 200
"""Photos whose likeness is not known yet that one question reads thumbnails of, those taken nearest to the one asked about first."""


@get(f"{PREFIX}/image-files", sync_to_thread=False, **READ)
def listed(catalog: Books, me: Me, offset: wire.Offset = 0, limit: wire.Limit = 100, photo_hothash: FromQuery[str | None] = None) -> dict[str, Any]:
    photos = [seen for seen in catalog.of(me.id) if photo_hothash in (None, seen.hothash)]
    entries = [companions.image_id(seen.id, number) for seen in photos for number in seen.files]
    some = [catalog.image(me.id, entry) for entry in entries[offset : offset + limit]]
    return wire.page([catalog.file(photo, note) for photo, note in some], len(entries), offset, limit)


@get(PREFIX + "/image-files/{image_id:int}", sync_to_thread=False, **READ)
def one(image_id: FromPath[int], catalog: Books, me: Me) -> dict[str, Any]:
    return catalog.file(*catalog.image(me.id, image_id))


@get(PREFIX + "/image-files/{image_id:int}/hotpreview", **VIEW)
async def hotpreview(image_id: FromPath[int], catalog: Books, me: Me) -> Response[bytes]:
    return wire.jpeg(await hot_of(catalog, catalog.image(me.id, image_id)[0]))


# -- new ones -------------------------------------------------------------------------------------


@post(f"{PREFIX}/image-files/new-photo", request_max_body_size=wire.PICTURE, **UPLOAD)
async def new_photo(data: JSONBody[wire.NewPhoto], catalog: Books, me: Me) -> dict[str, Any]:
    sent = wire.picture(data.hotpreview)
    hothash = hashlib.sha256(sent).hexdigest()
    async with catalog.alone((me.id, hothash)):
        if catalog.id_of(me.id, hothash) is not None:
            raise Problem(409, f"Photo with this image already exists (hothash: {hothash}). Use /add-to-photo instead")
        image = await _make(catalog, me, data, sent, hothash)
    return {"image_file_id": image, "photo_hothash": hothash, "photo_created": True, "message": "ImageFile and Photo created successfully"}


@post(f"{PREFIX}/image-files/add-to-photo", request_max_body_size=wire.SMALL, **UPLOAD)
async def add_to_photo(data: JSONBody[wire.AddToPhoto], catalog: Books, me: Me) -> dict[str, Any]:
    image = await _add(catalog, catalog.photo(me.id, data.photo_hothash), data)
    message = "ImageFile added to existing Photo"
    return {"image_file_id": image, "photo_hothash": data.photo_hothash, "photo_created": False, "message": message}


@post(f"{PREFIX}/image-files", request_max_body_size=wire.PICTURE, **UPLOAD)
async def either(data: JSONBody[wire.NewPhoto], catalog: Books, me: Me) -> dict[str, Any]:
    """The older form: a new photo, or another file of the one that has this preview."""
    sent = wire.picture(data.hotpreview)
    hothash = hashlib.sha256(sent).hexdigest()
    async with catalog.alone((me.id, hothash)):
        known = catalog.id_of(me.id, hothash)
        if known is None:
            image, message = await _make(catalog, me, data, sent, hothash), "ImageFile and Photo created successfully"
        else:
            image, message = await _add(catalog, catalog.library.photos[known], data), "ImageFile added to existing Photo"
    return {"id": image, "filename": data.filename, "photo_hothash": hothash, "photo_created": known is None, "message": message}


def _note(data: wire.OfFile, number: int, made: int) -> FileNote:
    if (data.gps_latitude is None) != (data.gps_longitude is None):
        raise Problem(400, "gps_latitude and gps_longitude go together")
    if not data.filename.strip() or "\0" in data.filename:
        raise Problem(400, "filename is empty")
    return FileNote(
        n=number,
        name=data.filename,
        size=data.file_size,
        kind=data.file_type,
        w=data.width,
        h=data.height,
        exif=data.exif_dict,
        taken=wire.moment(data.taken_at, "taken_at"),
        lat=data.gps_latitude,
        long=data.gps_longitude,
        session=data.import_session_id,
        made=made,
        changed=made,
    )


async def _make(catalog: Catalog, me: Person, data: wire.NewPhoto, sent: bytes, hothash: str) -> int:
    """A new photo; the id of its first file."""
    library, made = catalog.library, now()
    library.connection.may_write()
    if len(sent) > previews.MOST_HOT:
        raise Problem(400, "The hotpreview is too large")
    picture = await previews.opened(lambda: previews.hot(sent))
    note = _note(data, 0, made)
    if data.perceptual_hash:
        note.likeness = data.perceptual_hash
    else:
        note.likeness = likeness.in_hex(await previews.opened(lambda: likeness.likeness(picture.jpeg)))
    own: dict[str, Any] = {"hothash": hothash, "made": made, "undated": note.taken is None}
    if me.id != companions.OWNER:
        own["user"] = me.id
    companions.put_file(own, note)
    taken = note.taken if note.taken is not None else made
    metadata: Row = {"title": _title(data.filename), "fileType": 0, "creationTime": taken, "modificationTime": taken}
    made_id = await previews.make(library, await library.uncategorized(), picture, (metadata, _public(note, picture), {BRIDGE: own}))
    return companions.image_id(made_id, 0)


def _title(name: str) -> str:
    """The content is a JPEG, whatever the file that the client has."""
    return name if kind_of(name) == "jpeg" else f"{PurePath(name).stem or name}.jpg"


def _public(note: FileNote, picture: previews.Hot) -> Row:
    """In Ente's own form: size of the picture that the client has, where, and the camera."""
    public: Row = {"w": note.w or picture.width, "h": note.h or picture.height}
    if note.lat is not None and note.long is not None:
        public |= {"lat": note.lat, "long": note.long}
    for ours, name in (("cameraMake", "Make"), ("cameraModel", "Model")):
        if isinstance(value := (note.exif or {}).get(name), str) and value.strip():
            public[ours] = value.strip()[:200]
    return public


async def _add(catalog: Catalog, photo: Photo, data: wire.OfFile) -> int:
    """Another file of a photo; its id."""
    made, number = now(), 0
    note = _note(data, 0, made)

    def edit(own: dict[str, Any]) -> None:
        nonlocal number
        number = companions.next_number(own)
        companions.put_file(own, msgspec.structs.replace(note, n=number))

    async with catalog.alone(photo.file.id):
        await noted.note(catalog.library, [photo.file.id], edit)
    return companions.image_id(photo.file.id, number)


# -- where a client keeps them --------------------------------------------------------------------


@put(PREFIX + "/image-files/{image_id:int}/storage-info", request_max_body_size=wire.SMALL, **UPDATE)
async def set_storage(image_id: FromPath[int], data: JSONBody[wire.StorageInfo], catalog: Books, me: Me) -> dict[str, Any]:
    said, changed = wire.given(data), now()
    if not said:
        raise Problem(400, "storage_path, storage_type or checksum is needed")
    number = companions.parts_of(image_id)[1]
    photo, _ = catalog.image(me.id, image_id)

    def edit(own: dict[str, Any]) -> None:
        note = next((note for note in companions.files_of(own) if note.n == number), None)
        if note is None:
            raise Problem(404, f"ImageFile {image_id} not found")
        old = note.storage or Stored()
        stored = Stored(
            said.get("storage_path", old.path), said.get("storage_type", old.kind), said.get("checksum", old.checksum), verified=changed
        )  # fmt: skip
        companions.put_file(own, msgspec.structs.replace(note, storage=stored, changed=changed))

    async with catalog.alone(photo.file.id):
        await noted.note(catalog.library, [photo.file.id], edit)
    return wire.done("Storage info updated", _storage(image_id, catalog.image(me.id, image_id)[1]))


@get(PREFIX + "/image-files/{image_id:int}/storage-info", sync_to_thread=False, **READ)
def storage(image_id: FromPath[int], catalog: Books, me: Me) -> dict[str, Any]:
    note = catalog.image(me.id, image_id)[1]
    verified = note.storage.verified if note.storage else None
    return _storage(image_id, note) | {"last_verified": wire.time_of(verified)}


def _storage(image_id: int, note: FileNote) -> dict[str, Any]:
    stored = note.storage or Stored()
    return {"id": image_id, "storage_path": stored.path, "storage_type": stored.kind, "checksum": stored.checksum}


# -- likeness -------------------------------------------------------------------------------------


@get(PREFIX + "/image-files/similar/{image_id:int}", **READ)
async def similar(
    image_id: FromPath[int],
    catalog: Books,
    me: Me,
    threshold: Annotated[int, QueryParameter(ge=0, le=16)] = 5,
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 10,
) -> list[dict[str, Any]]:
    photo, _ = catalog.image(me.id, image_id)
    asked = catalog.seen(photo)
    mine = await _likeness(catalog, asked)
    if mine is None:
        raise Problem(400, f"ImageFile {image_id} has no perceptual hash")
    others = [seen for seen in catalog.of(me.id) if seen.id != asked.id]
    others.sort(key=lambda seen: abs((seen.taken or seen.made) - (asked.taken or asked.made)))
    unread, found = LOOK_AT, []
    for seen in others:
        known, bits = catalog.likeness_of(seen)
        if not known and unread:
            unread -= 1
            bits = await _likeness(catalog, seen)
        if bits is not None and (apart := likeness.distance(mine, bits)) <= threshold:
            found.append((apart, seen.id))
    return [_alike(catalog, photo_id, apart) for apart, photo_id in sorted(found)[:limit]]


def _alike(catalog: Catalog, photo_id: int, apart: int) -> dict[str, Any]:
    photo = catalog.library.photos[photo_id]
    said = catalog.file(photo, companions.files_of(photo.own)[0])
    return {name: said[name] for name in ("id", "filename", "photo_hothash")} | {"hamming_distance": apart}


async def _likeness(catalog: Catalog, seen: Seen) -> int | None:
    """As it was given or made at the upload, else of the thumbnail; None: that cannot be opened."""
    known, bits = catalog.likeness_of(seen)
    if not known:
        thumbnail = await catalog.library.thumbnail(catalog.library.photos[seen.id].file)
        try:
            bits = await previews.opened(lambda: likeness.likeness(thumbnail))
        except previews.NoPicture:
            bits = None
        catalog.likeness[seen.id] = (seen.updated, bits)
    return bits


HANDLERS = [listed, one, hotpreview, new_photo, add_to_photo, either, set_storage, storage, similar]
