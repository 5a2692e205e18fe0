"""Rules of casting. A TV shows a code; a phone that reads it answers with an encrypted album key and a token of its own making; the token
lets the TV read that album as long as the phone's person takes part in it. Ended means that the next request fails.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field

import msgspec

from ..collections import service as collections
from ..collections.wire import Diff
from ..db import Tx
from ..http.auth import guard
from ..http.request import Request
from ..kernel import access, sync
from ..kernel.access import Session
from ..kernel.clock import DAY, HOUR, MINUTE
from ..kernel.errors import BadRequest, Forbidden, Gate, NotFound, TooMany, Unavailable
from ..kernel.parts import Kernel
from ..kernel.wire import Encoded, b64_bytes
from ..objects import service as objects
from . import queries
from .queries import Watching
from .wire import Answered, Code, Devices, Info, Keys, NewCast, Payload, Screen, Since

CODE_LIFETIME = HOUR
SESSION_LIFETIME = 7 * DAY
MOST_SESSIONS = 50  # of a person
MOST_CODES = 5000  # of strangers' TVs all together; beyond it the oldest gives way
_FIRST, _REST = "ABCDEFGHIJKLMNPQRSTUVWXYZ", "ABCDEFGHIJKLMNPQRSTUVWXYZ123456789"
_PUBLIC_KEY, _PAYLOAD, _PQ_BYTES = 512, 2048, 1216
_TRIES = 8
_NAMES = (
    (re.compile(r"smart-?tv|\btv\b|tizen|web0s|crkey|\baft|roku|bravia|googletv", re.IGNORECASE), "Tv"),
    (re.compile(r"ipad|tablet", re.IGNORECASE), "Tablet"),
    (re.compile(r"mobile|iphone|android", re.IGNORECASE), "Mobile"),
    (re.compile(r"windows nt|macintosh|x11|cros", re.IGNORECASE), "Desktop"),
)


@dataclass(frozen=True, slots=True)
class Screened:
    """The TV that asks: its address, and what it calls itself, else its address again."""

    ip: str
    name: str

    @classmethod
    def of(cls, request: Request) -> Screened:
        agent = request.header(b"user-agent")[:1000]
        return cls(request.client_ip, next((name for pattern, name in _NAMES if pattern.search(agent)), request.client_ip))


@dataclass(frozen=True, slots=True)
class Tv:
    """A TV with a token that holds."""

    watching: Watching = field(repr=False)


@guard("X-Cast-Access-Token")
async def tv(request: Request) -> Tv:
    """A TV's token, header or query parameter; 401 where it does not, or no longer, show an album."""
    token = request.header(b"x-cast-access-token") or request.query.get("castToken", "")
    if not token:
        raise Gate("cast access token missing")
    kernel = request.kernel
    now = kernel.clock.now()
    found = await kernel.db.read(queries.watching, _hash(kernel, token), now - SESSION_LIFETIME)
    if found is None:
        raise Gate("invalid token")
    if now - found.last_used_at > MINUTE:
        await kernel.db.write("cast.touch", queries.touch, found.cast_id, now)
    return Tv(found)


def _hash(kernel: Kernel, token: str) -> str:
    return kernel.crypto.hash(f"cast:{token}")


# --- pairing
async def offer(kernel: Kernel, actor: None, screen: Screened, ask: Screen) -> Code:
    """A code for a TV to show, good for an hour."""
    if len(ask.public_key) > _PUBLIC_KEY or (ask.pq_public_key and b64_bytes(ask.pq_public_key, _PQ_BYTES) is None):
        raise BadRequest(log="no key of a TV")
    keys = Keys(public_key=ask.public_key, pq_public_key=ask.pq_public_key)
    return Code(device_code=await kernel.db.write("cast.offer", _offer, kernel, keys, (screen.ip, screen.name), kernel.clock.now()))


def _offer(tx: Tx, kernel: Kernel, keys: Keys, where: tuple[str, str], now: int) -> str:
    if queries.unanswered(tx) >= MOST_CODES:
        queries.drop_oldest_unanswered(tx)
    for _ in range(_TRIES):
        code = _code(kernel)
        if queries.insert(tx, kernel.ids.uuid(), code, keys, where, now):
            return code
    raise Unavailable(log="no free code")


def _code(kernel: Kernel) -> str:
    """A letter and five letters or digits that nobody confuses."""
    draw = int.from_bytes(kernel.ids.bytes(16))
    first, draw = _FIRST[draw % len(_FIRST)], draw // len(_FIRST)
    rest = []
    for _ in range(5):
        rest.append(_REST[draw % len(_REST)])
        draw //= len(_REST)
    return first + "".join(rest)


async def payload(kernel: Kernel, actor: None, code: str) -> Payload:
    """What a phone has answered, null until then; 404 NOT_FOUND for a code that is unknown or over."""
    found = await kernel.db.read(queries.by_code, code.upper(), kernel.clock.now() - CODE_LIFETIME)
    if found is None:
        raise NotFound("active code not found", code="NOT_FOUND")
    return Payload(enc_cast_data=found[1])


async def keys(kernel: Kernel, actor: Session, code: str) -> Keys:
    """What a phone encrypts to; 404 NOT_FOUND for a code that is unknown or over."""
    found = await kernel.db.read(queries.by_code, code.upper(), kernel.clock.now() - CODE_LIFETIME)
    if found is None:
        raise NotFound("code not found", code="NOT_FOUND")
    return found[0]


async def answer(kernel: Kernel, actor: Session, ask: NewCast) -> Answered:
    """The phone's answer. 404 for an unknown code, 429 beyond fifty sessions."""
    if len(ask.enc_payload) > _PAYLOAD:
        raise BadRequest(log="payload too long")
    return Answered(device_id=await kernel.db.write("cast.answer", _answer, kernel, actor.user_id, ask, kernel.clock.now()))


def _answer(tx: Tx, kernel: Kernel, user_id: int, ask: NewCast, now: int) -> str:
    if queries.sessions_of(tx, user_id) >= MOST_SESSIONS:
        raise TooMany(log=f"user {user_id} has {MOST_SESSIONS} casts")
    code, hashed = ask.device_code.upper(), _hash(kernel, ask.cast_token)
    if queries.is_taken(tx, hashed, code):
        raise BadRequest(log="the token is in use")
    claimed = max(now, sync.feed(tx, user_id))  # not before the share that lets this person in, whose stamp may be ahead of the clock
    found = queries.answer(tx, code, user_id, ask.collection_id, hashed, ask.enc_payload, (now, claimed), now - CODE_LIFETIME)
    if found is None:
        raise NotFound(log="no such code")
    return found


# --- the phone's list
async def devices(kernel: Kernel, actor: Session) -> Devices:
    return Devices(devices=await kernel.db.read(queries.devices, actor.user_id, kernel.clock.now() - SESSION_LIFETIME))


async def end(kernel: Kernel, actor: Session, device_id: str) -> None:
    """End one session; one that is not there, or somebody else's, is no error."""
    try:
        cast_id = str(uuid.UUID(device_id))
    except ValueError:
        raise BadRequest(log="no UUID") from None
    await kernel.db.write("cast.end", queries.delete, actor.user_id, cast_id)


def forget_person(tx: Tx, user_id: int) -> None:
    """A deleted account's screens go dark."""
    queries.delete_all(tx, user_id)


async def end_all(kernel: Kernel, actor: Session) -> None:
    await kernel.db.write("cast.end_all", queries.delete_all, actor.user_id)


# --- the TV's side
async def info(kernel: Kernel, actor: Tv) -> Info:
    """The album as visitors see it: museum sends its private metadata and the tokens of its links along."""
    album = await kernel.db.read(collections.for_visitors, actor.watching.collection_id)
    return Info(collection=msgspec.structs.replace(album, public_urls=[]))


async def diff(kernel: Kernel, actor: Tv, query: Since) -> Encoded[Diff]:
    return await collections.diff_for_visitors(kernel, actor.watching.collection_id, actor.watching.app, query.since_time)


async def find(kernel: Kernel, actor: Tv, base_url: str, file_id: int, thumb: bool) -> str:
    """Where a file's bytes can be read: not in the album 403, gone 404."""
    place = await kernel.db.read(_place, actor.watching.collection_id, file_id, thumb)
    if place is None:
        raise NotFound(log=f"file {file_id} has no bytes")
    return objects.url(kernel, base_url, *place, visit=True)


def _place(tx: Tx, collection_id: int, file_id: int, thumb: bool) -> tuple[str, str] | None:
    if not access.in_sight(tx, collection_id, file_id):
        raise Forbidden(log=f"file {file_id} is not in collection {collection_id}")
    return objects.place(tx, file_id, thumb=thumb)
