"""Comments and reactions of an album's people and of its link's visitors (collections.md §8)."""

from __future__ import annotations

from typing import Any

from tests.access.rows import EVERYBODY, READERS, Ask, Row, Rows, Statuses, people, same
from tests.access.scene import INTRUDERS, Scene
from tests.social.test_social import HEART, WORDS, comment, react
from tests.social.test_visitors import SAID, named, opened, say
from tests.visits.scenes import SECRET, Visitor, change

SECRET_WORDS = {"cipher": "c2VjcmV0IHdvcmRzIG9mIHRoZSBvd25lcg==", "nonce": "bm9uY2U="}


async def prepare(s: Scene) -> None:
    s.extra["comment"] = await comment(s.owner, s.cid, **SECRET_WORDS)
    s.extra["viewers"] = await comment(s.person("VIEWER"), s.cid)
    s.extra["reaction"] = await react(s.person("VIEWER"), s.cid)
    s.secrets.append(SECRET_WORDS["cipher"])
    await _visitors(s)


async def _visitors(s: Scene) -> None:
    """AUTHOR has written under a name, ANOTHER has a name, NAMELESS has none, ELSEWHERE's is of another album."""
    _, first = await opened(s.world, s.owner)
    token = first.carried["x-auth-access-token"]

    async def under_a_name(actor: str, of: Visitor) -> dict[str, str]:
        me = await named(of)
        s.people[actor] = made = Visitor(s.world, token)
        made.carried["x-anon-user-token"] = me["anonToken"]
        s.secrets.append(me["anonToken"])
        return me

    me = await under_a_name("AUTHOR", first)
    await under_a_name("ANOTHER", first)
    _, elsewhere = await opened(s.world, s.owner)
    await under_a_name("ELSEWHERE", elsewhere)
    s.people["NAMELESS"] = Visitor(s.world, token)
    s.extra["said"] = await say(first, me)
    s.extra["heart"] = (await first.post("/public-collection/reactions", {**HEART, **me})).json()["id"]
    _, s.people["COMMENTS_OFF"] = await opened(s.world, s.owner, enableComment=False)
    locked, s.people["UNPROVEN"] = await opened(s.world, s.owner)
    await change(s.owner, locked, **SECRET)
    s.people["UNKNOWN_LINK"] = Visitor(s.world, "AAAAAAAA")


def _in(path: str) -> Ask:
    return lambda s, a: (f"{path}?collectionID={s.cid}&sinceTime=0", None)


def _of(path: str, what: str, body: Any = None) -> Ask:
    return lambda s, a: (f"{path}/{s.extra[what]}", body)


def writers(author: int, another: int) -> Statuses:
    """Of what one visitor wrote: of a name of another album, of nobody's name, and of those whom the link does not let write."""
    return {"AUTHOR": author, "ANOTHER": another, "ELSEWHERE": 403, "NAMELESS": 401, "COMMENTS_OFF": 405, "UNPROVEN": 401, "UNKNOWN_LINK": 401}


VISITORS: Statuses = {"AUTHOR": 200, "NAMELESS": 200, "COMMENTS_OFF": 405, "UNPROVEN": 401, "UNKNOWN_LINK": 401, "OWNER": 401}
READS = ("anon-profiles", "participants/masked-emails", "social/diff", "comments/diff", "reactions/diff")

ROWS: Rows = {
    ("POST", "/comments"): Row(lambda s, a: ("/comments", {"collectionID": s.cid, **WORDS}), people(201, 201, 201, 201, 404, 404)),
    ("PUT", "/comments/{comment_id}"): Row(_of("/comments", "viewers", WORDS), people(403, 403, 403, 200, 403, 403)),
    ("DELETE", "/comments/{comment_id}"): Row(
        _of("/comments", "comment"),
        {"OWNER": 200, "COLLABORATOR": 403, "VIEWER": 403, "FORMER": 404, "STRANGER": 404} | dict.fromkeys(INTRUDERS, 401),
    ),
    ("DELETE", "/comments/{comment_id}", "by an admin"): Row(_of("/comments", "comment"), {"ADMIN": 200}),
    ("GET", "/comments/diff"): Row(_in("/comments/diff"), READERS),
    ("PUT", "/reactions"): Row(lambda s, a: ("/reactions", {"collectionID": s.cid, **HEART}), people(200, 200, 200, 200, 404, 404)),
    ("DELETE", "/reactions/{reaction_id}"): Row(_of("/reactions", "reaction"), people(403, 403, 403, 200, 403, 403)),
    ("GET", "/reactions/diff"): Row(_in("/reactions/diff"), READERS),
    ("GET", "/social/diff"): Row(_in("/social/diff"), READERS),
    ("GET", "/social/anon-profiles"): Row(_in("/social/anon-profiles"), READERS),
    ("GET", "/comments-reactions/counts"): Row(same("/comments-reactions/counts"), EVERYBODY),
    ("GET", "/comments-reactions/updated-at"): Row(same("/comments-reactions/updated-at"), EVERYBODY),
    # --- visitors
    ("POST", "/public-collection/anon-identity"): Row(
        same("/public-collection/anon-identity", SAID), {"NAMELESS": 201, "COMMENTS_OFF": 405, "UNPROVEN": 401, "UNKNOWN_LINK": 401}
    ),
    ("POST", "/public-collection/comments"): Row(same("/public-collection/comments", SAID), writers(201, 201)),
    ("PUT", "/public-collection/comments/{comment_id}"): Row(_of("/public-collection/comments", "said", SAID), writers(200, 403)),
    ("DELETE", "/public-collection/comments/{comment_id}"): Row(_of("/public-collection/comments", "said", {}), writers(200, 403)),
    ("POST", "/public-collection/reactions"): Row(same("/public-collection/reactions", HEART), writers(200, 200)),
    ("DELETE", "/public-collection/reactions/{reaction_id}"): Row(_of("/public-collection/reactions", "heart", {}), writers(200, 403)),
} | {("GET", f"/public-collection/{path}"): Row(same(f"/public-collection/{path}?sinceTime=0"), VISITORS) for path in READS}
