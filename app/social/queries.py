"""SQL of comments, reactions and visitors' names: one function a statement."""

from __future__ import annotations

from dataclasses import dataclass

from ..db import Tx
from .wire import Comment, Count, Profile, Reaction, Update

_COMMENT = "comment_id, collection_id, file_id, parent_id, user_id, anon_id, cipher, nonce, is_deleted, created_at, updated_at"
_REACTION = "reaction_id, collection_id, file_id, comment_id, user_id, anon_id, cipher, nonce, is_deleted, created_at, updated_at"
_ALBUMS = (
    "SELECT c.collection_id FROM collections c WHERE c.owner_id = :actor AND NOT c.is_deleted{app} "
    "UNION SELECT s.collection_id FROM collection_shares s JOIN collections c ON c.collection_id = s.collection_id "
    "WHERE s.to_user_id = :actor AND NOT s.is_deleted AND NOT c.is_deleted{app}"
)


@dataclass(frozen=True, slots=True)
class Stored:
    """What decisions about a comment or reaction need. `author`: as in `Author.name`."""

    id: str
    collection_id: int
    file_id: int | None
    author: str
    is_deleted: bool


# --- comments
def comment(tx: Tx, comment_id: str) -> Stored | None:
    row = tx.one(
        "SELECT comment_id, collection_id, file_id, user_id, anon_id, is_deleted FROM comments WHERE comment_id = :comment_id", comment_id=comment_id
    )
    return None if row is None else Stored(row[0], row[1], row[2], f"user {row[3]}" if row[4] is None else row[4], bool(row[5]))


def insert_comment(tx: Tx, made: Comment) -> bool:
    """False when the id is taken."""
    return bool(
        tx.run(
            "INSERT INTO comments (comment_id, collection_id, file_id, parent_id, user_id, anon_id, cipher, nonce, created_at, updated_at) "
            "VALUES (:id, :collection_id, :file_id, :parent, :user_id, :anon, :cipher, :nonce, :at, :at) ON CONFLICT (comment_id) DO NOTHING",
            id=made.id,
            collection_id=made.collection_id,
            file_id=made.file_id,
            parent=made.parent_comment_id,
            user_id=None if made.anon_user_id else made.user_id,
            anon=made.anon_user_id,
            cipher=made.cipher,
            nonce=made.nonce,
            at=made.created_at,
        )
    )


def change_comment(tx: Tx, comment_id: str, cipher: str | None, nonce: str | None, stamp: int) -> None:
    """Other words; none make it a tombstone."""
    tx.run(
        "UPDATE comments SET cipher = :cipher, nonce = :nonce, is_deleted = :gone, updated_at = :stamp WHERE comment_id = :comment_id",
        comment_id=comment_id,
        cipher=cipher,
        nonce=nonce,
        gone=cipher is None,
        stamp=stamp,
    )


def comments_since(tx: Tx, collection_id: int, since: int, file_id: int | None, limit: int) -> list[Comment]:
    rows = tx.all(
        f"SELECT {_COMMENT} FROM comments WHERE collection_id = :collection_id AND updated_at > :since "
        f"{'AND file_id = :file_id ' if file_id is not None else ''}ORDER BY updated_at, comment_id LIMIT :limit",
        collection_id=collection_id,
        since=since,
        limit=limit,
        **({} if file_id is None else {"file_id": file_id}),
    )
    return [
        Comment(
            id=i, collection_id=c, file_id=f, parent_comment_id=p, user_id=-1 if u is None else u, anon_user_id=a, cipher=text, nonce=n,
            is_deleted=bool(gone), created_at=made, updated_at=changed,
        )
        for i, c, f, p, u, a, text, n, gone, made, changed in rows
    ]  # fmt: skip


# --- reactions
def reaction(tx: Tx, reaction_id: str) -> Stored | None:
    row = tx.one("SELECT reaction_id, collection_id, file_id, author, is_deleted FROM reactions WHERE reaction_id = :id", id=reaction_id)
    return None if row is None else Stored(row[0], row[1], row[2], row[3], bool(row[4]))


def is_taken(tx: Tx, reaction_id: str, author: str, target: str) -> bool:
    """Whether an id belongs to another reaction than this author's to this target."""
    hit = tx.value(
        "SELECT 1 FROM reactions WHERE reaction_id = :id AND NOT (author = :author AND target = :target)",
        id=reaction_id,
        author=author,
        target=target,
    )
    return hit is not None


def put_reaction(tx: Tx, made: Reaction, author: str, target: str) -> str:
    """The id of the author's one reaction to this target, with these words now."""
    found = tx.value(
        "INSERT INTO reactions (reaction_id, collection_id, author, target, file_id, comment_id, user_id, anon_id, cipher, nonce, "
        "created_at, updated_at) "
        "VALUES (:id, :collection_id, :author, :target, :file_id, :comment_id, :user_id, :anon, :cipher, :nonce, :at, :at) "
        "ON CONFLICT (collection_id, author, target) DO UPDATE SET cipher = excluded.cipher, nonce = excluded.nonce, is_deleted = FALSE, "
        "updated_at = excluded.updated_at RETURNING reaction_id",
        id=made.id,
        collection_id=made.collection_id,
        author=author,
        target=target,
        file_id=made.file_id,
        comment_id=made.comment_id,
        user_id=None if made.anon_user_id else made.user_id,
        anon=made.anon_user_id,
        cipher=made.cipher,
        nonce=made.nonce,
        at=made.created_at,
    )
    return str(found)


def delete_reaction(tx: Tx, reaction_id: str, stamp: int) -> None:
    tx.run(
        "UPDATE reactions SET cipher = NULL, nonce = NULL, is_deleted = TRUE, updated_at = :stamp WHERE reaction_id = :id",
        id=reaction_id,
        stamp=stamp,
    )


def delete_reactions_to(tx: Tx, comment_id: str, stamp: int) -> None:
    tx.run(
        "UPDATE reactions SET cipher = NULL, nonce = NULL, is_deleted = TRUE, updated_at = :stamp WHERE comment_id = :comment_id AND NOT is_deleted",
        comment_id=comment_id,
        stamp=stamp,
    )


def reactions_since(tx: Tx, collection_id: int, since: int, file_id: int | None, comment_id: str, limit: int) -> list[Reaction]:
    """With a file: reactions to it and to comments on it."""
    on_comments = "SELECT comment_id FROM comments WHERE file_id = :file_id AND collection_id = :collection_id"
    narrower = "" if file_id is None else f"AND (file_id = :file_id OR comment_id IN ({on_comments})) "
    narrowest = "AND comment_id = :comment_id " if comment_id else ""
    rows = tx.all(
        f"SELECT {_REACTION} FROM reactions WHERE collection_id = :collection_id AND updated_at > :since "
        f"{narrower}{narrowest}ORDER BY updated_at, reaction_id LIMIT :limit",
        collection_id=collection_id,
        since=since,
        limit=limit,
        **({} if file_id is None else {"file_id": file_id}),
        **({"comment_id": comment_id} if comment_id else {}),
    )
    return [
        Reaction(
            id=i, collection_id=c, file_id=f, comment_id=to, user_id=-1 if u is None else u, anon_user_id=a, cipher=text, nonce=n,
            is_deleted=bool(gone), created_at=made, updated_at=changed,
        )
        for i, c, f, to, u, a, text, n, gone, made, changed in rows
    ]  # fmt: skip


# --- visitors' names
def insert_profile(tx: Tx, profile: Profile) -> None:
    tx.run(
        "INSERT INTO anon_profiles (anon_id, collection_id, cipher, nonce, created_at, updated_at) "
        "VALUES (:id, :collection_id, :cipher, :nonce, :at, :at)",
        id=profile.anon_user_id,
        collection_id=profile.collection_id,
        cipher=profile.cipher,
        nonce=profile.nonce,
        at=profile.created_at,
    )


def album_of_profile(tx: Tx, anon_id: str) -> int | None:
    found = tx.value("SELECT collection_id FROM anon_profiles WHERE anon_id = :anon_id", anon_id=anon_id)
    return None if found is None else int(found)


def profiles(tx: Tx, collection_id: int) -> list[Profile]:
    rows = tx.all(
        "SELECT anon_id, collection_id, cipher, nonce, created_at, updated_at FROM anon_profiles "
        "WHERE collection_id = :collection_id ORDER BY updated_at",
        collection_id=collection_id,
    )
    return [Profile(anon_user_id=a, collection_id=c, cipher=text, nonce=n, created_at=made, updated_at=at) for a, c, text, n, made, at in rows]


# --- overviews
_GONE = "SELECT CASE WHEN is_deleted THEN 1 ELSE 0 END AS gone FROM {} WHERE collection_id = :collection_id LIMIT :most"


def comments_of(tx: Tx, collection_id: int, most: int) -> tuple[int, int]:
    """How many (live, all) comments an album has, counted up to `most`."""
    return _counted(tx, f"SELECT * FROM ({_GONE.format('comments')}) a", collection_id, most)


def rows_of(tx: Tx, collection_id: int, most: int) -> tuple[int, int]:
    """How many (live, all) comments, reactions and names an album has, counted up to `most` of each."""
    kinds = [f"SELECT * FROM ({_GONE.format(table)}) {table[0]}" for table in ("comments", "reactions")]
    names = "SELECT 0 AS gone FROM anon_profiles WHERE collection_id = :collection_id LIMIT :most"
    return _counted(tx, " UNION ALL ".join([*kinds, f"SELECT * FROM ({names}) n"]), collection_id, most)


def _counted(tx: Tx, rows: str, collection_id: int, most: int) -> tuple[int, int]:
    row = tx.one(f"SELECT count(*), coalesce(sum(gone), 0) FROM ({rows}) x", collection_id=collection_id, most=most)
    return (0, 0) if row is None else (int(row[0]) - int(row[1]), int(row[0]))


def drop_idle_profiles(tx: Tx, collection_id: int, before: int) -> int:
    """Drop visitors' names of before (µs) under which nothing stands."""
    return tx.run(
        "DELETE FROM anon_profiles WHERE collection_id = :collection_id AND created_at < :before AND anon_id NOT IN "
        "(SELECT anon_id FROM comments WHERE collection_id = :collection_id AND anon_id IS NOT NULL AND NOT is_deleted "
        "UNION ALL SELECT anon_id FROM reactions WHERE collection_id = :collection_id AND anon_id IS NOT NULL AND NOT is_deleted)",
        collection_id=collection_id,
        before=before,
    )


def counts(tx: Tx, actor: int) -> list[Count]:
    """Live comments and reactions of every album the actor takes part in."""
    rows = tx.all(
        "SELECT a.collection_id, (SELECT count(*) FROM comments m WHERE m.collection_id = a.collection_id AND NOT m.is_deleted), "
        "(SELECT count(*) FROM reactions r WHERE r.collection_id = a.collection_id AND NOT r.is_deleted) "
        f"FROM ({_ALBUMS.format(app='')}) a ORDER BY a.collection_id",
        actor=actor,
    )
    return [Count(collection_id=c, comments=m, reactions=r) for c, m, r in rows]


def updates(tx: Tx, actor: int, app: str) -> list[Update]:
    """The newest change of each kind in every album of this app that the actor takes part in and where anything ever happened."""
    rows = tx.all(
        "SELECT a.collection_id, (SELECT max(updated_at) FROM comments m WHERE m.collection_id = a.collection_id), "
        "(SELECT max(updated_at) FROM reactions r WHERE r.collection_id = a.collection_id), "
        "(SELECT max(updated_at) FROM anon_profiles p WHERE p.collection_id = a.collection_id) "
        f"FROM ({_ALBUMS.format(app=' AND c.app = :app')}) a ORDER BY a.collection_id",
        actor=actor,
        app=app,
    )
    return [
        Update(collection_id=c, comments_updated_at=m, reactions_updated_at=r, anon_profiles_updated_at=p)
        for c, m, r, p in rows
        if (m, r, p) != (None, None, None)
    ]


def live_authors(tx: Tx, collection_id: int) -> list[int]:
    """People with an account who have live comments or reactions in an album, ascending."""
    rows = tx.all(
        "SELECT user_id FROM comments WHERE collection_id = :collection_id AND NOT is_deleted AND user_id IS NOT NULL "
        "UNION SELECT user_id FROM reactions WHERE collection_id = :collection_id AND NOT is_deleted AND user_id IS NOT NULL ORDER BY 1",
        collection_id=collection_id,
    )
    return [int(user_id) for (user_id,) in rows]


# --- an account that is gone for good
def written_in(tx: Tx, user_id: int, limit: int) -> list[tuple[int, int]]:
    """(album, owner) where a person has live comments or reactions, in the order of the albums. Reads every comment: for jobs."""
    rows = tx.all(
        "SELECT c.collection_id, c.owner_id FROM collections c WHERE c.collection_id IN (SELECT collection_id FROM comments "
        "WHERE user_id = :user_id AND NOT is_deleted UNION SELECT collection_id FROM reactions WHERE user_id = :user_id AND NOT is_deleted) "
        "ORDER BY c.collection_id LIMIT :limit",
        user_id=user_id,
        limit=limit,
    )
    return [(collection_id, owner_id) for collection_id, owner_id in rows]


def delete_comments_of(tx: Tx, user_id: int, collection_ids: list[int], stamp: int) -> int:
    return tx.run(
        "UPDATE comments SET cipher = NULL, nonce = NULL, is_deleted = TRUE, updated_at = :stamp "
        "WHERE user_id = :user_id AND collection_id IN (:ids[]) AND NOT is_deleted",
        user_id=user_id,
        ids=collection_ids,
        stamp=stamp,
    )


def delete_reactions_of(tx: Tx, user_id: int, collection_ids: list[int], stamp: int) -> int:
    return tx.run(
        "UPDATE reactions SET cipher = NULL, nonce = NULL, is_deleted = TRUE, updated_at = :stamp "
        "WHERE user_id = :user_id AND collection_id IN (:ids[]) AND NOT is_deleted",
        user_id=user_id,
        ids=collection_ids,
        stamp=stamp,
    )


_IN_ALBUMS_OF = "collection_id IN (SELECT c.collection_id FROM collections c WHERE c.owner_id = :owner_id)"


def drop_comments_to(tx: Tx, owner_id: int) -> int:
    """Everybody's, in this person's albums."""
    return tx.run(f"DELETE FROM comments WHERE {_IN_ALBUMS_OF}", owner_id=owner_id)


def drop_reactions_to(tx: Tx, owner_id: int) -> int:
    """Everybody's, in this person's albums."""
    return tx.run(f"DELETE FROM reactions WHERE {_IN_ALBUMS_OF}", owner_id=owner_id)


def drop_profiles_in(tx: Tx, owner_id: int) -> int:
    """Visitors' names in this person's albums."""
    return tx.run(f"DELETE FROM anon_profiles WHERE {_IN_ALBUMS_OF}", owner_id=owner_id)
