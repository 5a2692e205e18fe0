"""Comments and reactions of a link's visitors, where its owner lets them (collections.md §8.2): under a name of their own that a signed
token proves, or with an account."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field

from ..db import Tx
from ..http.auth import find_session, guard
from ..http.request import Request
from ..kernel import limits, people
from ..kernel.clock import DAY, SECOND
from ..kernel.errors import AppError, BadRequest, CodedBadRequest, Forbidden, Gate, NotFound, Unauthorized
from ..kernel.parts import Kernel
from ..visits.service import Visitor, visitor
from . import queries, service, writing
from .wire import (
    Comments,
    Identity,
    Made,
    Participant,
    Participants,
    Profile,
    Profiles,
    Reactions,
    Signed,
    Since,
    SocialDiff,
    Text,
    VisitorsComment,
    VisitorsReaction,
    VisitorsText,
)
from .writing import Author, Place, Words

LIFETIME = 365 * DAY
_NAME, _COMMENT = 50, 280  # bytes of what a visitor writes
_MAC = 16  # bytes that encryption adds


class CommentsOff(AppError):
    """405: the owner of the link does not want comments."""

    status = 405
    code = "PUBLIC_COMMENT_DISABLED"

    def __init__(self) -> None:
        super().__init__("User has not enabled public comments for this url")


@dataclass(frozen=True, slots=True)
class Commenter:
    """A visitor of a link that takes comments."""

    visitor: Visitor

    @property
    def owner_id(self) -> int:
        return self.visitor.owner_id

    @property
    def place(self) -> Place:
        return Place(self.visitor.link.collection_id, self.visitor.link.owner_id)

    def require_room(self, tx: Tx, kernel: Kernel, now: int) -> None:
        """Count one more thing that somebody leaves through this link; 429 when it is too much for a day, or for the album."""
        most = kernel.config.links.words
        if most and limits.count(tx, f"words:{self.visitor.link.link_id}", now, DAY) > most:
            raise limits.breached()
        writing.require_room_for_visitors(tx, self.place, now)


@guard("X-Auth-Access-Token", 410)
async def commenting(request: Request) -> Commenter:
    """A visitor who knows the password, where there is one, of a link with comments; CommentsOff without."""
    found = await visitor.check(request)
    if not found.link.enable_comment:
        raise CommentsOff
    return Commenter(found)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request's headers prove its author by."""

    request: Request = field(repr=False)
    identity: str = field(repr=False)
    anon_id: str
    bearer: str = field(repr=False)
    has_session: bool

    @classmethod
    def of(cls, request: Request) -> Credentials:
        return cls(
            request,
            request.header(b"x-anon-user-token"),
            request.header(b"x-anon-user-id"),
            request.header(b"authorization").removeprefix("Bearer ").strip(),
            bool(request.header(b"x-auth-token") or request.query.get("token")),
        )


async def author(kernel: Kernel, actor: Commenter, shown: Credentials, body: Signed) -> Author:
    """Who writes: a signed name in the header, an account, a signed name in the body. 401 for nobody, 400 for another's token, 403 for a
    name of another album."""
    if shown.identity:
        return await _known(kernel, actor, _subject(kernel, shown.identity))
    if shown.has_session:
        try:
            return Author((await find_session(shown.request)).user_id)
        except Gate as e:
            raise Unauthorized(log=e.log) from None
    name, token = shown.anon_id or body.anon_user_id, shown.bearer or body.anon_token
    if not name or not token:
        raise Unauthorized(log="nobody's words")
    subject = _subject(kernel, token)
    if subject != name:
        raise BadRequest(log="the token is another's")
    return await _known(kernel, actor, subject)


def _subject(kernel: Kernel, token: str) -> str:
    claims = kernel.crypto.signed_claims(token) or {}
    expiry, subject = claims.get("exp"), claims.get("sub")
    if claims.get("typ") != "anon-identity" or not isinstance(expiry, int) or not isinstance(subject, str):
        raise Unauthorized(log="no token of a visitor's name")
    if expiry * SECOND <= kernel.clock.now():
        raise Unauthorized(log="the token of a visitor's name is over")
    return subject


async def _known(kernel: Kernel, actor: Commenter, anon_id: str) -> Author:
    album = await kernel.db.read(queries.album_of_profile, anon_id)
    if album is None:
        raise Unauthorized(log="an unknown name")
    if album != actor.place.collection_id:
        raise Forbidden(log="a name of another album")
    return Author(None, anon_id)


def _plain_length(cipher: str) -> int:
    """Bytes of what is encrypted; 400 for what is no cipher."""
    try:
        length = len(base64.b64decode(cipher, validate=True)) - _MAC
    except (binascii.Error, ValueError):
        length = 0
    if length <= 0:
        raise BadRequest(log="no cipher")
    return length


# --- writing
async def identify(kernel: Kernel, actor: Commenter, ask: Text) -> Identity:
    """A name to write under, and the token that proves it for a year."""
    if _plain_length(ask.cipher) > _NAME:
        raise CodedBadRequest(f"Anonymous names are limited to {_NAME} characters", code="ANON_NAME_TOO_LONG")
    now = kernel.clock.now()
    name = "anon_" + kernel.ids.alnum(writing.ID_CHARS)
    await kernel.db.write("social.identify", _identify, kernel, actor, name, ask, now)
    claims = {"typ": "anon-identity", "sub": name, "iss": "museum", "iat": now // SECOND, "exp": (now + LIFETIME) // SECOND}
    return Identity(anon_user_id=name, token=kernel.crypto.jwt(claims), expires_at=now + LIFETIME)


def _identify(tx: Tx, kernel: Kernel, actor: Commenter, name: str, ask: Text, now: int) -> None:
    actor.require_room(tx, kernel, now)
    place = actor.place
    at = writing.stamped(tx, place, now)
    queries.insert_profile(
        tx, Profile(anon_user_id=name, collection_id=place.collection_id, cipher=ask.cipher, nonce=ask.nonce, created_at=at, updated_at=at)
    )


def _check_comment(cipher: str) -> None:
    if _plain_length(cipher) > _COMMENT:
        raise CodedBadRequest(f"Comments are limited to {_COMMENT} characters", code="PUBLIC_COMMENT_TOO_LONG")


async def comment(kernel: Kernel, actor: Commenter, shown: Credentials, ask: VisitorsComment) -> Made:
    _check_comment(ask.cipher)
    who = await author(kernel, actor, shown, ask)
    words = Words(ask.id, ask.file_id, ask.parent_comment_id, ask.cipher, ask.nonce)
    return Made(id=await kernel.db.write("social.visitor_comment", _comment, kernel, who, actor, words, kernel.clock.now()))


def _comment(tx: Tx, kernel: Kernel, who: Author, actor: Commenter, words: Words, now: int) -> str:
    actor.require_room(tx, kernel, now)
    return writing.add_comment(tx, kernel, who, actor.place, words, now)


async def change(kernel: Kernel, actor: Commenter, shown: Credentials, comment_id: str, ask: VisitorsText) -> None:
    _check_comment(ask.cipher)
    who = await author(kernel, actor, shown, ask)
    await kernel.db.write("social.visitor_change", _change, who, actor.place, comment_id, ask, kernel.clock.now())


def _change(tx: Tx, who: Author, place: Place, comment_id: str, ask: VisitorsText, now: int) -> None:
    _in_album(tx, comment_id, place)
    writing.change_comment(tx, who, comment_id, place, ask.cipher, ask.nonce, now)


def _in_album(tx: Tx, comment_id: str, place: Place) -> queries.Stored:
    found = queries.comment(tx, comment_id)
    if found is None or found.is_deleted or found.collection_id != place.collection_id:
        raise NotFound(log="no such comment")
    return found


async def delete(kernel: Kernel, actor: Commenter, shown: Credentials, comment_id: str, ask: Signed) -> None:
    """One's own comment; with an account also any in an album that one manages."""
    who = await author(kernel, actor, shown, ask)
    now = kernel.clock.now()
    if who.user_id is not None:
        await kernel.db.write("social.visitor_delete", service.delete_as, who.user_id, comment_id, actor.place.collection_id, now)
    else:
        await kernel.db.write("social.visitor_delete", _delete, who, actor.place, comment_id, now)


def _delete(tx: Tx, who: Author, place: Place, comment_id: str, now: int) -> None:
    if _in_album(tx, comment_id, place).author != who.name:
        raise Forbidden(log="somebody else's comment")
    writing.delete_comment(tx, comment_id, place, now)


async def react(kernel: Kernel, actor: Commenter, shown: Credentials, ask: VisitorsReaction) -> Made:
    if len(ask.cipher) != writing.REACTION:
        raise BadRequest(log="reactions have one length")
    who = await author(kernel, actor, shown, ask)
    words = Words(ask.id, ask.file_id, ask.comment_id, ask.cipher, ask.nonce)
    return Made(id=await kernel.db.write("social.visitor_react", _react, kernel, who, actor, words, kernel.clock.now()))


def _react(tx: Tx, kernel: Kernel, who: Author, actor: Commenter, words: Words, now: int) -> str:
    actor.require_room(tx, kernel, now)
    return writing.react(tx, kernel, who, actor.place, words, now)


async def take_back(kernel: Kernel, actor: Commenter, shown: Credentials, reaction_id: str, ask: Signed) -> None:
    who = await author(kernel, actor, shown, ask)
    await kernel.db.write("social.visitor_take_back", writing.take_back, who, reaction_id, kernel.clock.now(), actor.place.collection_id)


# --- reading
async def diff(kernel: Kernel, actor: Commenter, ask: Since) -> SocialDiff:
    return await kernel.db.scan(service.both_pages, actor.place.collection_id, ask)


async def comments(kernel: Kernel, actor: Commenter, ask: Since) -> Comments:
    rows, more = await kernel.db.scan(service.comments_page, actor.place.collection_id, ask, ask.since_time)
    return Comments(comments=rows, has_more=more)


async def reactions(kernel: Kernel, actor: Commenter, ask: Since) -> Reactions:
    rows, more = await kernel.db.scan(service.reactions_page, actor.place.collection_id, ask, ask.since_time)
    return Reactions(reactions=rows, has_more=more)


async def profiles(kernel: Kernel, actor: Commenter) -> Profiles:
    return Profiles(profiles=await kernel.db.scan(queries.profiles, actor.place.collection_id) or None)


async def participants(kernel: Kernel, actor: Commenter) -> Participants:
    """People with an account who wrote here, their addresses masked."""
    return Participants(participants=await kernel.db.scan(_participants, kernel, actor.place.collection_id))


def _participants(tx: Tx, kernel: Kernel, collection_id: int) -> list[Participant]:
    found = []
    for user_id in queries.live_authors(tx, collection_id):
        try:
            email = people.email_of(tx, kernel.crypto, user_id)
        except NotFound:  # the account is gone, the words are still there
            continue
        found.append(Participant(user_id=user_id, email_masked=masked(email)))
    return found


def masked(email: str) -> str:
    """`john@example.io` → `jo**@e********o` (collections.md §8.2)."""
    name, at, domain = email.rpartition("@")
    if not at or not name or not domain:
        return "[invalid_email]"
    name = name[:2] + "*" * (len(name) - 2)
    domain = domain if len(domain) <= 2 else domain[0] + "*" * (len(domain) - 2) + domain[-1]
    return f"{name}@{domain}"
