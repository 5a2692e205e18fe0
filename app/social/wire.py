"""Wire shapes of comments, reactions and visitors' names (collections.md §8)."""

from __future__ import annotations

from ..http.query import Lax, Query
from ..kernel.fields import Key, Title, Word
from ..kernel.wire import Body, Lean, Needed, Reply

# --- requests


class Text(Body):
    """PUT /comments/{id}, POST /public-collection/anon-identity."""

    cipher: Needed[Title]
    nonce: Needed[Key]


class NewComment(Body, kw_only=True):
    """POST /comments."""

    id: Word = ""
    collection_id: Needed[int]
    file_id: int | None = None
    parent_comment_id: Word = ""
    cipher: Needed[Title]
    nonce: Needed[Key]


class NewReaction(Body, kw_only=True):
    """PUT /reactions."""

    id: Word = ""
    collection_id: Needed[int]
    file_id: int | None = None
    comment_id: Word = ""
    cipher: Needed[Title]
    nonce: Needed[Key]


class Signed(Body):
    """What a visitor proves to be somebody by; DELETE bodies hold nothing else."""

    anon_user_id: Word = ""
    anon_token: Key = ""


class VisitorsText(Signed, kw_only=True):
    """PUT /public-collection/comments/{id}."""

    cipher: Needed[Title]
    nonce: Needed[Key]


class VisitorsComment(VisitorsText, kw_only=True):
    """POST /public-collection/comments."""

    id: Word = ""
    file_id: int | None = None
    parent_comment_id: Word = ""


class VisitorsReaction(VisitorsText, kw_only=True):
    """POST /public-collection/reactions."""

    id: Word = ""
    file_id: int | None = None
    comment_id: Word = ""


class Since(Query):
    """A page of a visitor's diff; times in µs."""

    since_time: int = 0
    comments_since_time: int | None = None
    reactions_since_time: int | None = None
    limit: int = 1000
    file_id: int | None = None
    comment_id: str = ""


class DiffQuery(Since):
    """A page of a participant's diff."""

    collection_id: Lax = 0


class AlbumQuery(Query):
    collection_id: Lax = 0


# --- replies


class Comment(Lean, kw_only=True):
    """A comment; a deleted one has no text. `user_id` -1: a visitor under a name of their own. Times in µs."""

    id: str
    collection_id: int
    file_id: int | None = None
    parent_comment_id: str | None = None
    user_id: int
    anon_user_id: str | None = None
    cipher: str | None = None
    nonce: str | None = None
    is_deleted: bool
    created_at: int
    updated_at: int


class Reaction(Lean, kw_only=True):
    """A reaction; for one to a comment `file_id` is not told."""

    id: str
    collection_id: int
    file_id: int | None = None
    comment_id: str | None = None
    user_id: int
    anon_user_id: str | None = None
    cipher: str | None = None
    nonce: str | None = None
    is_deleted: bool
    created_at: int
    updated_at: int


class Made(Reply):
    id: str


class Comments(Reply):
    comments: list[Comment]
    has_more: bool


class Reactions(Reply):
    reactions: list[Reaction]
    has_more: bool


class SocialDiff(Reply):
    comments: list[Comment]
    reactions: list[Reaction]
    has_more_comments: bool
    has_more_reactions: bool


class Profile(Reply):
    anon_user_id: str
    collection_id: int
    cipher: str
    nonce: str
    created_at: int
    updated_at: int


class Profiles(Reply):
    """null when there are none."""

    profiles: list[Profile] | None


class Identity(Reply):
    """`expires_at` in µs."""

    anon_user_id: str
    token: str
    expires_at: int


class Count(Reply):
    collection_id: int
    comments: int
    reactions: int


class Counts(Reply):
    """null for somebody without albums."""

    counts: list[Count] | None


class Update(Lean, kw_only=True):
    """Newest times (µs) of an album with any activity."""

    collection_id: int
    comments_updated_at: int | None = None
    reactions_updated_at: int | None = None
    anon_profiles_updated_at: int | None = None


class Updates(Reply):
    """null when nothing ever happened."""

    updates: list[Update] | None


class Participant(Reply):
    user_id: int
    email_masked: str


class Participants(Reply):
    participants: list[Participant]
