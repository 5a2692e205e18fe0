"""Routes of comments and reactions: for an album's people (collections.md §8.1), and for visitors of a link that takes comments (§8.2)."""

from __future__ import annotations

from ..http.answer import OBJECT
from ..http.auth import storage
from ..http.routing import delete, get, post, put
from ..kernel.errors import Forbidden, NotFound
from . import service, visiting
from .visiting import CommentsOff, commenting

_PUBLIC = "/public-collection"
_OFF = (CommentsOff,)

_NOT_THEIRS = (Forbidden, NotFound)

ROUTES = [
    post("/comments", storage, service.comment, status=201, errors=_NOT_THEIRS),
    put("/comments/{comment_id}", storage, service.change, done=OBJECT, errors=_NOT_THEIRS),
    delete("/comments/{comment_id}", storage, service.delete, done=OBJECT, errors=_NOT_THEIRS),
    get("/comments/diff", storage, service.comments, errors=_NOT_THEIRS),
    put("/reactions", storage, service.react, errors=_NOT_THEIRS),
    delete("/reactions/{reaction_id}", storage, service.take_back, done=OBJECT, errors=_NOT_THEIRS),
    get("/reactions/diff", storage, service.reactions, errors=_NOT_THEIRS),
    get("/social/diff", storage, service.diff),
    get("/social/anon-profiles", storage, service.profiles),
    get("/comments-reactions/counts", storage, service.counts),
    get("/comments-reactions/updated-at", storage, service.updates),
    # --- visitors
    post(f"{_PUBLIC}/anon-identity", commenting, visiting.identify, status=201, limit="sensitive", errors=_OFF),
    get(f"{_PUBLIC}/anon-profiles", commenting, visiting.profiles, errors=_OFF),
    get(f"{_PUBLIC}/participants/masked-emails", commenting, visiting.participants, errors=_OFF),
    get(f"{_PUBLIC}/social/diff", commenting, visiting.diff, errors=_OFF),
    get(f"{_PUBLIC}/comments/diff", commenting, visiting.comments, errors=_OFF),
    get(f"{_PUBLIC}/reactions/diff", commenting, visiting.reactions, errors=_OFF),
    post(f"{_PUBLIC}/comments", commenting, visiting.comment, status=201, limit="public_words", errors=_OFF),
    put(f"{_PUBLIC}/comments/{{comment_id}}", commenting, visiting.change, done=OBJECT, limit="public_words", errors=_OFF),
    delete(f"{_PUBLIC}/comments/{{comment_id}}", commenting, visiting.delete, done=OBJECT, limit="public_words", errors=_OFF),
    post(f"{_PUBLIC}/reactions", commenting, visiting.react, limit="public_words", errors=_OFF),
    delete(f"{_PUBLIC}/reactions/{{reaction_id}}", commenting, visiting.take_back, done=OBJECT, limit="public_words", errors=_OFF),
]
