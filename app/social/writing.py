"""What authors do in an album, whoever they are: inside a transaction, after the caller has decided that they may write there at all.

Changes are stamped in the owner's feed, which every reader's cursor of the album shares (`app.kernel.sync`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..db import Tx
from ..kernel import access, sync
from ..kernel.access import Role
from ..kernel.clock import DAY
from ..kernel.errors import BadRequest, Conflict, Forbidden, NotFound
from ..kernel.limits import breached
from ..kernel.parts import Kernel
from . import queries
from .wire import Comment, Reaction

ID_CHARS = 21
LONGEST = 20_480  # characters of a comment's cipher
REACTION = 156  # characters of every reaction's cipher: names are padded to one length
MOST = (
    20_000  # comments of an album, so that nobody fills the database through one; deleted ones leave small rows behind, of which four times as many
)
_DELETED = 4
_VISITORS = 2  # visitors may fill one part in so many, with all that they leave: the rest is the album's people's
IDLE = DAY  # a visitor's name under which nothing stands makes room after so long
_ID = re.compile(r"[\w-]{21}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes: a person with an account, or a visitor under a name of their own."""

    user_id: int | None
    anon_id: str | None = None

    @property
    def name(self) -> str:
        return self.anon_id or f"user {self.user_id}"


@dataclass(frozen=True, slots=True)
class Place:
    """The album that is written in."""

    collection_id: int
    owner_id: int


@dataclass(frozen=True, slots=True)
class Words:
    """What is written, about what. `id` is the client's own, "" for none; `about`: the comment that is answered or reacted to."""

    id: str
    file_id: int | None
    about: str
    cipher: str
    nonce: str


def stamped(tx: Tx, place: Place, now: int) -> int:
    return sync.stamp(tx, now, [place.owner_id])


def _own_id(kernel: Kernel, prefix: str, given: str) -> str:
    if not given:
        return prefix + kernel.ids.alnum(ID_CHARS)
    if not given.startswith(prefix) or not _ID.fullmatch(given[len(prefix) :]):
        raise BadRequest(log=f"no id of the form {prefix}…")
    return given


def check_comment(cipher: str) -> None:
    if len(cipher) > LONGEST:
        raise BadRequest(log="comment too long")


def add_comment(tx: Tx, kernel: Kernel, author: Author, place: Place, words: Words, now: int) -> str:
    """A new comment; its id. 400, 403 for a photo that is not in the album, 404 for an unknown parent, 409 for an id that is taken."""
    made_id = _own_id(kernel, "cmt_", words.id)
    _in_album(tx, place, words.file_id)
    if words.about:
        parent = _live_comment(tx, place, words.about, deleted=BadRequest)
        if parent.file_id != words.file_id:
            raise BadRequest(log="a reply is about what its parent is about")
    require_room(tx, place)
    at = stamped(tx, place, now)
    made = Comment(
        id=made_id,
        collection_id=place.collection_id,
        file_id=words.file_id,
        parent_comment_id=words.about or None,
        user_id=author.user_id or -1,
        anon_user_id=author.anon_id,
        cipher=words.cipher,
        nonce=words.nonce,
        is_deleted=False,
        created_at=at,
        updated_at=at,
    )
    if not queries.insert_comment(tx, made):
        raise Conflict(log=f"comment {made_id} exists")
    return made_id


def require_room(tx: Tx, place: Place) -> None:
    live, everything = queries.comments_of(tx, place.collection_id, _DELETED * MOST)
    if live >= MOST or everything >= _DELETED * MOST:
        raise breached()


def require_room_for_visitors(tx: Tx, place: Place, now: int) -> None:
    """Whoever holds a link has only a part of the room, so that an album's people can always write (and delete) what they like."""
    if _full_for_visitors(tx, place) and not (queries.drop_idle_profiles(tx, place.collection_id, now - IDLE) and not _full_for_visitors(tx, place)):
        raise breached()


def _full_for_visitors(tx: Tx, place: Place) -> bool:
    live, everything = queries.rows_of(tx, place.collection_id, _DELETED * MOST // _VISITORS)
    return live >= MOST // _VISITORS or everything >= _DELETED * MOST // _VISITORS


def _in_album(tx: Tx, place: Place, file_id: int | None) -> None:
    if file_id is not None and not access.in_sight(tx, place.collection_id, file_id):
        raise Forbidden(log=f"file {file_id} is not in collection {place.collection_id}")


def _live_comment(tx: Tx, place: Place, comment_id: str, deleted: type[Exception] = NotFound) -> queries.Stored:
    found = queries.comment(tx, comment_id)
    if found is None:
        raise NotFound(log="no such comment")
    if found.collection_id != place.collection_id:
        raise BadRequest(log="a comment of another album")
    if found.is_deleted:
        raise deleted
    return found


def change_comment(tx: Tx, author: Author, comment_id: str, place: Place, cipher: str, nonce: str, now: int) -> None:
    """Other words, by the author alone (403); unknown or deleted 404."""
    found = queries.comment(tx, comment_id)
    if found is None or found.is_deleted:
        raise NotFound(log="no such comment")
    if found.author != author.name:
        raise Forbidden(log="somebody else's comment")
    queries.change_comment(tx, comment_id, cipher, nonce, stamped(tx, place, now))


def delete_comment(tx: Tx, comment_id: str, place: Place, now: int) -> None:
    """A tombstone in the place of a comment that the caller may delete, and of every reaction to it."""
    at = stamped(tx, place, now)
    queries.change_comment(tx, comment_id, None, None, at)
    queries.delete_reactions_to(tx, comment_id, at)


def react(tx: Tx, kernel: Kernel, author: Author, place: Place, words: Words, now: int) -> str:
    """The author's one reaction to a comment, a photo or the album; its id, which stays the same."""
    if len(words.cipher) != REACTION:
        raise BadRequest(log="reactions have one length")
    made_id = _own_id(kernel, "rct_", words.id)
    if words.about:
        comment = _live_comment(tx, place, words.about)
        if comment.file_id != words.file_id:
            raise BadRequest(log="the comment is about something else")
    else:
        _in_album(tx, place, words.file_id)
    at = stamped(tx, place, now)
    made = Reaction(
        id=made_id,
        collection_id=place.collection_id,
        file_id=None if words.about else words.file_id,
        comment_id=words.about or None,
        user_id=author.user_id or -1,
        anon_user_id=author.anon_id,
        cipher=words.cipher,
        nonce=words.nonce,
        is_deleted=False,
        created_at=at,
        updated_at=at,
    )
    target = words.about or ("" if words.file_id is None else str(words.file_id))
    if queries.is_taken(tx, made_id, author.name, target):
        raise Conflict(log=f"reaction {made_id} exists")
    return queries.put_reaction(tx, made, author.name, target)


def take_back(tx: Tx, author: Author, reaction_id: str, now: int, collection_id: int | None = None) -> None:
    """Delete one's own reaction, or as one who manages the album a visitor's (403 for others', 404 unknown); again is no error."""
    found = queries.reaction(tx, reaction_id)
    if found is None or (collection_id is not None and found.collection_id != collection_id):
        raise NotFound(log="no such reaction")
    if found.author != author.name and not (_is_visitors(found) and _manages(tx, author, found.collection_id)):
        raise Forbidden(log="somebody else's reaction")
    queries.delete_reaction(tx, reaction_id, sync.stamp(tx, now, [access.owner_of(tx, found.collection_id)]))


def _is_visitors(found: queries.Stored) -> bool:
    return not found.author.startswith("user ")


def _manages(tx: Tx, author: Author, collection_id: int) -> bool:
    if author.user_id is None:
        return False
    try:
        return access.participant(tx, author.user_id, collection_id).role >= Role.ADMIN
    except NotFound:
        return False
