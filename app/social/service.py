"""Comments and reactions of an album's people: its owner and live sharees of any role. Outsiders find nothing: 404 (collections.md §8.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from ..db import Tx
from ..kernel import access, sync
from ..kernel.access import Role, Session
from ..kernel.errors import BadRequest, Forbidden, NotFound
from ..kernel.parts import Kernel
from . import queries, writing
from .wire import (
    AlbumQuery,
    Comment,
    Comments,
    Counts,
    DiffQuery,
    Made,
    NewComment,
    NewReaction,
    Profiles,
    Reaction,
    Reactions,
    Since,
    SocialDiff,
    Text,
    Updates,
)
from .writing import Author, Place, Words

R = TypeVar("R")
MOST_ROWS = 2000


def _place(tx: Tx, user_id: int, collection_id: int) -> Place:
    album = access.participant(tx, user_id, collection_id)
    return Place(collection_id, album.owner_id)


async def comment(kernel: Kernel, actor: Session, ask: NewComment) -> Made:
    writing.check_comment(ask.cipher)
    words = Words(ask.id, ask.file_id, ask.parent_comment_id, ask.cipher, ask.nonce)
    return Made(id=await kernel.db.write("social.comment", _comment, kernel, actor.user_id, ask.collection_id, words, kernel.clock.now()))


def _comment(tx: Tx, kernel: Kernel, user_id: int, collection_id: int, words: Words, now: int) -> str:
    return writing.add_comment(tx, kernel, Author(user_id), _place(tx, user_id, collection_id), words, now)


async def change(kernel: Kernel, actor: Session, comment_id: str, ask: Text) -> None:
    """Other words for one's own comment; access to the album is not asked again (§8.1)."""
    writing.check_comment(ask.cipher)
    await kernel.db.write("social.change", _change, actor.user_id, comment_id, ask, kernel.clock.now())


def _change(tx: Tx, user_id: int, comment_id: str, ask: Text, now: int) -> None:
    found = queries.comment(tx, comment_id)
    if found is None:
        raise NotFound(log="no such comment")
    place = Place(found.collection_id, access.owner_of(tx, found.collection_id))
    writing.change_comment(tx, Author(user_id), comment_id, place, ask.cipher, ask.nonce, now)


async def delete(kernel: Kernel, actor: Session, comment_id: str) -> None:
    """One's own comment, or any in an album that one manages; 403 for others, 404 for outsiders and what is gone."""
    await kernel.db.write("social.delete", delete_as, actor.user_id, comment_id, None, kernel.clock.now())


def delete_as(tx: Tx, user_id: int, comment_id: str, collection_id: int | None, now: int) -> None:
    """`delete`; only in the given album, if one is given."""
    found = queries.comment(tx, comment_id)
    if found is None or found.is_deleted or (collection_id is not None and found.collection_id != collection_id):
        raise NotFound(log="no such comment")
    own = found.author == Author(user_id).name
    if collection_id is not None and own:  # a visitor with an account need not take part in the album
        place = Place(found.collection_id, access.owner_of(tx, found.collection_id))
    else:
        album = access.participant(tx, user_id, found.collection_id)
        if not own and album.role < Role.ADMIN:
            raise Forbidden(log="somebody else's comment")
        place = Place(found.collection_id, album.owner_id)
    writing.delete_comment(tx, comment_id, place, now)


async def react(kernel: Kernel, actor: Session, ask: NewReaction) -> Made:
    words = Words(ask.id, ask.file_id, ask.comment_id, ask.cipher, ask.nonce)
    return Made(id=await kernel.db.write("social.react", _react, kernel, actor.user_id, ask.collection_id, words, kernel.clock.now()))


def _react(tx: Tx, kernel: Kernel, user_id: int, collection_id: int, words: Words, now: int) -> str:
    return writing.react(tx, kernel, Author(user_id), _place(tx, user_id, collection_id), words, now)


async def take_back(kernel: Kernel, actor: Session, reaction_id: str) -> None:
    await kernel.db.write("social.take_back", writing.take_back, Author(actor.user_id), reaction_id, kernel.clock.now())


# --- reading
def _checked(ask: Since) -> int:
    if ask.limit <= 0:
        raise BadRequest(log="limit")
    return min(ask.limit, MOST_ROWS)


def _page(fetch: Callable[[int, int, int], Sequence[R]], since: int, limit: int) -> tuple[list[R], bool]:
    return sync.page(fetch, since, lambda row: row.updated_at, limit)  # type: ignore[attr-defined]  # comments and reactions both have it


def comments_page(tx: Tx, collection_id: int, ask: Since, since: int) -> tuple[list[Comment], bool]:
    return _page(lambda after, n, _: queries.comments_since(tx, collection_id, after, ask.file_id, n), since, _checked(ask))


def reactions_page(tx: Tx, collection_id: int, ask: Since, since: int) -> tuple[list[Reaction], bool]:
    return _page(lambda after, n, _: queries.reactions_since(tx, collection_id, after, ask.file_id, ask.comment_id, n), since, _checked(ask))


def both_pages(tx: Tx, collection_id: int, ask: Since) -> SocialDiff:
    """Comments and reactions, each above its own cursor."""
    comments, more = comments_page(tx, collection_id, ask, ask.since_time if ask.comments_since_time is None else ask.comments_since_time)
    reactions, more_too = reactions_page(tx, collection_id, ask, ask.since_time if ask.reactions_since_time is None else ask.reactions_since_time)
    return SocialDiff(comments=comments, reactions=reactions, has_more_comments=more, has_more_reactions=more_too)


def _participating(tx: Tx, user_id: int, collection_id: int) -> None:
    if collection_id <= 0:
        raise BadRequest(log="collectionID")
    access.participant(tx, user_id, collection_id)


async def diff(kernel: Kernel, actor: Session, ask: DiffQuery) -> SocialDiff:
    return await kernel.db.scan(_diff, actor.user_id, ask)


def _diff(tx: Tx, user_id: int, ask: DiffQuery) -> SocialDiff:
    _participating(tx, user_id, ask.collection_id)
    return both_pages(tx, ask.collection_id, ask)


async def comments(kernel: Kernel, actor: Session, ask: DiffQuery) -> Comments:
    return await kernel.db.scan(_comments, actor.user_id, ask)


def _comments(tx: Tx, user_id: int, ask: DiffQuery) -> Comments:
    _participating(tx, user_id, ask.collection_id)
    rows, more = comments_page(tx, ask.collection_id, ask, ask.since_time)
    return Comments(comments=rows, has_more=more)


async def reactions(kernel: Kernel, actor: Session, ask: DiffQuery) -> Reactions:
    return await kernel.db.scan(_reactions, actor.user_id, ask)


def _reactions(tx: Tx, user_id: int, ask: DiffQuery) -> Reactions:
    _participating(tx, user_id, ask.collection_id)
    rows, more = reactions_page(tx, ask.collection_id, ask, ask.since_time)
    return Reactions(reactions=rows, has_more=more)


async def profiles(kernel: Kernel, actor: Session, ask: AlbumQuery) -> Profiles:
    """The names of visitors who wrote in an album."""
    return await kernel.db.scan(_profiles, actor.user_id, ask.collection_id)


def _profiles(tx: Tx, user_id: int, collection_id: int) -> Profiles:
    _participating(tx, user_id, collection_id)
    return Profiles(profiles=queries.profiles(tx, collection_id) or None)


async def counts(kernel: Kernel, actor: Session) -> Counts:
    return Counts(counts=await kernel.db.scan(queries.counts, actor.user_id) or None)


async def updates(kernel: Kernel, actor: Session) -> Updates:
    """What apps ask in every round of sync: where anything is new."""
    return Updates(updates=await kernel.db.scan(queries.updates, actor.user_id, actor.app) or None)


def forget_for_good(tx: Tx, user_id: int, now: int, limit: int) -> int:
    """Delete what an account that cannot come back wrote in up to `limit` albums of others; how many there were. When there are none left,
    what anybody wrote in its own albums goes too: nobody can read them any more."""
    albums = queries.written_in(tx, user_id, limit)
    if albums:
        ids, stamp = [c for c, _ in albums], sync.stamp(tx, now, [owner for _, owner in albums])
        queries.delete_comments_of(tx, user_id, ids, stamp)
        queries.delete_reactions_of(tx, user_id, ids, stamp)
    else:
        queries.drop_comments_to(tx, user_id)
        queries.drop_reactions_to(tx, user_id)
        queries.drop_profiles_in(tx, user_id)
    return len(albums)
