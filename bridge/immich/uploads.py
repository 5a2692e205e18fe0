"""Uploads: a form from a tool, or a raw body from an iOS extension that can send nothing else; and whether an upload is needed at all.

An answer says that the upload is not lost any more: the server has it, or, where the bridge is told to answer earlier, this disk has it sealed and
the journal names it (`Options.ack`).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import mimetypes
import re
from pathlib import PurePath
from typing import Any
from urllib.parse import unquote

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from ..client.errors import Refused, StorageFull
from ..client.shapes import VIDEO, Album
from ..library import live, media, sidecar, tags
from ..library.library import Accepted, Library, New, Photo
from ..library.queue import Intake
from ..serving.bridge import Bridge
from ..serving.problems import Problem
from ..serving.receiving import Asked, Form, drain, form, raw
from .lookup import find
from .shapes import MIME, VISIBILITIES, Shape
from .times import micros

MOST_NOTED = 32 * 1024
"""Bytes that a tool may have noted about one photo."""


class Uploaded(Shape):
    id: str
    status: str


class Checked(Shape):
    id: str
    action: str
    reason: str | None = None
    asset_id: str | None = None
    is_trashed: bool | None = None


class CheckItem(Shape):
    id: str
    checksum: str


class Check(Shape):
    assets: list[CheckItem]


class CheckResults(Shape):
    results: list[Checked]


def sha1_hex(text: str) -> str | None:
    """A SHA-1 as tools write it, 40 hex digits or base64 of 28 characters."""
    if re.fullmatch(r"[0-9a-fA-F]{40}", text):
        return text.lower()
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return found.hex() if len(found) == 20 else None


def known_by_sha1(library: Library, sha1: str) -> str | None:
    """The id for tools of one's own photo or video with this content, in the library or on its way there."""
    if number := library.by_sha1(sha1):
        return library.uuid_of(library.photos[number])
    if waiting := next((ticket for ticket in library.queue.waiting() if ticket.sha1 == sha1), None):
        return waiting.id
    return live.id_by_video_sha1(library, sha1)


@post("/api/assets/bulk-upload-check", permission="asset.upload", status_code=200)
async def check(data: JSONBody[Check], library: NamedDependency[Library]) -> CheckResults:
    """Which of these need not be sent. What Ente's apps stored is known by its SHA-1 only after the bridge has read it once: "accept" then, and the
    upload is answered as a duplicate."""
    results = []
    for item in data.assets:
        sha1 = sha1_hex(item.checksum)
        if sha1 is None:
            raise Problem(400, "checksum must be a SHA-1 in hex or base64")
        if there := known_by_sha1(library, sha1):
            results.append(Checked(item.id, "reject", "duplicate", there, False))
        else:
            results.append(Checked(item.id, "accept"))
    return CheckResults(results)


@post("/api/assets", permission="asset.upload", request_max_body_size=None, status_code=201)
async def upload(request: Asked, library: NamedDependency[Library], bridge: NamedDependency[Bridge]) -> Response[Uploaded]:
    """multipart/form-data: `assetData`, `fileCreatedAt`, `fileModifiedAt`, and optionally `filename`, `duration` (ms), `isFavorite`, `visibility`,
    `livePhotoVideoId`, `metadata`, `sidecarData` (XMP). 201 created, 200 was there."""
    try:
        if early := _early(request, library):
            await drain(request)
            return _answer(early, created=False)
        got = await form(request, library, "assetData", ("sidecarData",), _supported)
        try:
            accepted = await _form(library, bridge, got)
        except BaseException:
            got.drop()
            raise
    except Exception:
        await drain(request)
        raise
    return _answer(accepted.id, created=not accepted.duplicate)


def _answer(asset_id: str, *, created: bool) -> Response[Uploaded]:
    return Response(Uploaded(asset_id, "created" if created else "duplicate"), status_code=201 if created else 200)


def _early(request: Asked, library: Library) -> str | None:
    """A tool may say the SHA-1 beforehand; then nothing is received a second time."""
    library.connection.may_write()
    sha1 = sha1_hex(request.headers.get("x-immich-checksum", ""))
    return known_by_sha1(library, sha1) if sha1 else None


def _supported(filename: str) -> None:
    if media.kind_of(filename) is None:
        raise Problem(400, f"Unsupported file type {PurePath(filename).suffix[:20]}")


async def _form(library: Library, bridge: Bridge, got: Form) -> Accepted:
    if got.intake is None:
        raise Problem(400, "assetData is missing")
    name = got.fields.get("filename") or got.filename
    _supported(name)
    for needed in ("fileCreatedAt", "fileModifiedAt"):
        if needed not in got.fields:
            raise Problem(400, f"{needed} must be a date")
    visibility = got.fields.get("visibility") or "timeline"
    if visibility not in VISIBILITIES:
        raise Problem(400, f"visibility must be one of {', '.join(VISIBILITIES)}")
    beside = sidecar.read(got.beside.get("sidecarData", b""))
    own: dict[str, Any] = {"data": noted} if (noted := _noted(got.fields.get("metadata", ""))) else {}
    own |= {"rating": beside.rating} if beside.rating is not None else {}
    own |= {"tags": sorted({tags.clean(tag) for tag in beside.tags})} if beside.tags else {}
    new = New(
        name=PurePath(name.replace("\\", "/")).name,
        created=beside.taken,
        fallback=micros(got.fields["fileCreatedAt"], "fileCreatedAt"),
        modified=micros(got.fields["fileModifiedAt"], "fileModifiedAt"),
        caption=beside.caption,
        place=beside.place,
        duration=_duration(got.fields.get("duration", "")),
        visibility=VISIBILITIES[visibility],
        own=own,
    )
    video = await live_video(library, got.fields.get("livePhotoVideoId", ""))
    return await take(library, bridge, got.intake, new, favourite=_flag(got.fields.get("isFavorite", "")), video=video)


async def take(library: Library, bridge: Bridge, intake: Intake, new: New, *, favourite: bool, video: Photo | None = None) -> Accepted:
    """What all uploads have in common, from a finished intake to what may be answered."""
    if intake.sums is None or not intake.sums.size:
        intake.drop()
        raise Problem(400, "The file is empty")
    if part := live.id_by_part(library, intake.sums.hash):
        intake.drop()
        return Accepted(part, duplicate=True)
    with intake.open() as content:
        seen = await asyncio.to_thread(media.look, content, new.name)
    if video and media.kind_of(new.name) != VIDEO:
        return await live.join(library, intake, video, new, seen)
    album: Album = await library.favourites() if favourite else await library.uncategorized()
    accepted = await library.accept(intake, new, album, seen)
    if accepted.ticket is None:
        return accepted
    options, size = bridge.options, accepted.ticket.content.size
    if options.ack == "spooled" or (options.ack == "auto" and size > options.stored_up_to):
        bridge.keeper.wake()
        return accepted
    try:
        await library.deliver(accepted.ticket)
    except StorageFull:
        if not accepted.duplicate:  # nobody was promised anything: it would only fill this disk
            library.queue.forget(accepted.ticket)
        raise Problem(507, "The account's storage is full: nothing was stored") from None
    except Refused as e:
        if not accepted.duplicate and 400 <= e.status < 500 and e.status not in (401, 408, 429):
            library.queue.forget(accepted.ticket)
        raise
    return accepted


async def live_video(library: Library, text: str) -> Photo | None:
    """One's own stored video with this id; None: it is part of a live photo already."""
    if not text:
        return None
    if live.photo_of_video(library, text):  # joined already: the picture is there, or is another one
        if (left := library.photo_of(text)) and left.file.kind == VIDEO:  # and then the bridge was stopped
            await library.trash([left.file.id])
        return None
    found = await find(library, text)
    if found is None or found.file.kind != VIDEO or not library.mine(found):
        raise Problem(400, "livePhotoVideoId must be the id of a video")
    return found


def _flag(text: str) -> bool:
    return text.strip().lower() == "true"


def _duration(text: str) -> float:
    """Milliseconds in digits, as seconds. Older tools say 0:00:00.000 and mean that they do not know."""
    return int(text) / 1000 if text.isdecimal() and int(text) < 2**31 else 0.0


def _noted(text: str) -> dict[str, Any]:
    """[{"key": …, "value": {…}}] as key → value."""
    if not text:
        return {}
    try:
        items = msgspec.json.decode(text.encode(), type=list[dict[str, Any]])
        found = {str(item["key"]): item["value"] for item in items}
    except (msgspec.MsgspecError, KeyError, RecursionError):
        raise Problem(400, "metadata must be a list of keys and values") from None
    if len(text.encode()) > MOST_NOTED:
        raise Problem(400, "metadata is too large")
    return found


@post("/api/assets/background", permission="asset.upload", request_max_body_size=None, status_code=201)
async def background(request: Asked, library: NamedDependency[Library], bridge: NamedDependency[Bridge]) -> Response[dict[str, Any]]:
    """The content alone is the body; what is said about it is in headers (X-Filename, X-Content-Type, X-File-Created-At, X-File-Modified-At,
    X-Is-Favorite, X-Device-Asset-Id, X-Device-Id), or in the query, as `filename` or `X-Filename`."""
    try:
        accepted = await _background(request, library, bridge)
    except Exception:
        await drain(request)
        raise
    answer = {"id": accepted.id, "status": "duplicate" if accepted.duplicate else "created", "duplicate": accepted.duplicate}
    return Response(answer, status_code=200 if accepted.duplicate else 201)


async def _background(request: Asked, library: Library, bridge: Bridge) -> Accepted:
    created, modified = _said(request, "X-File-Created-At", "fileCreatedAt"), _said(request, "X-File-Modified-At", "fileModifiedAt")
    taken = micros(created, "X-File-Created-At") if created else 0
    changed = micros(modified, "X-File-Modified-At") if modified else taken
    name = _background_name(request)
    device = {"asset": _said(request, "X-Device-Asset-Id", "deviceAssetId"), "id": _said(request, "X-Device-Id", "deviceId") or "ios-immich-uploader"}
    new = New(name, fallback=taken, modified=changed, own={"device": {key: value[:200] for key, value in device.items()}})
    intake = await raw(request, library)
    try:
        return await take(library, bridge, intake, new, favourite=_flag(_said(request, "X-Is-Favorite", "isFavorite")))
    except BaseException:
        intake.drop()
        raise


def _said(request: Asked, header: str, query: str) -> str:
    """A header, or in its place the query. Names of files come as UTF-8, percent-encoded or as they are."""
    value = request.headers.get(header) or request.query_params.get(query) or request.query_params.get(header) or ""
    with contextlib.suppress(UnicodeEncodeError, UnicodeDecodeError):
        value = value.encode("latin-1").decode()
    return value.strip()


def _background_name(request: Asked) -> str:
    name = PurePath(unquote(_said(request, "X-Filename", "filename")).replace("\\", "/")).name
    if media.kind_of(name) is not None:
        return name
    kind = (_said(request, "X-Content-Type", "contentType") or request.headers.get("content-type", "")).partition(";")[0].strip().lower()
    known = {mime: suffix for suffix, mime in MIME.items()}
    suffix = known.get(kind) or {"image/jpeg": ".jpg"}.get(kind) or mimetypes.guess_extension(kind) or ""
    if media.kind_of("a" + suffix) is None:
        raise Problem(400, f"Unsupported file type {PurePath(name).suffix[:20] or kind[:40]}")
    return (PurePath(name).stem if name else "upload") + suffix


HANDLERS = [check, upload, background]
