"""Families (misc.md §8): their admin's to change, their members' to see. The album's owner leads one, MEMBER is in it, GUEST is invited;
PAGE is the owner with a token of GET /users/families-token."""

from __future__ import annotations

from typing import Any

from tests.access.rows import Ask, Row, Rows, Statuses, anybody, same
from tests.access.scene import INTRUDERS, Scene
from tests.families.scenes import join, place, token_of
from tests.inprocess import Api


async def prepare(s: Scene) -> None:
    member, guest = await s.world.person("member"), await s.world.person("familyguest")
    await join(s.world, s.owner, member)
    await s.owner.post("/family/add-member", {"email": guest.email})
    other = s.person("STRANGER")
    await other.post("/family/create")
    token = (await s.owner.get("/users/families-token")).json()["familiesToken"]
    s.people |= {"MEMBER": member, "GUEST": guest, "PAGE": Api(s.world.app, token, ip="10.7.1.1")}
    s.extra |= {"member": (await place(s.owner, member))["id"], "guest": (await place(s.owner, guest))["id"]}
    s.extra["token"] = await token_of(s.world, s.owner, guest)
    s.secrets += [member.email, guest.email]


def _at(path: str, body: Any = None) -> Ask:
    return lambda s, a: (path.format(**s.extra), body)


def _led(owner: int, member: int, stranger: int) -> Statuses:
    """PAGE is asked last, so it meets what the owner has done already: the same request again."""
    return {"PAGE": owner, "OWNER": owner, "MEMBER": member, "GUEST": stranger, "STRANGER": stranger, **dict.fromkeys(INTRUDERS, 401)}


ROWS: Rows = {
    ("POST", "/family/create"): Row(same("/family/create"), _led(200, 400, 200), inert=("PAGE", "OWNER", "STRANGER")),
    ("GET", "/family/members"): Row(
        same("/family/members"),
        {"PAGE": 200, "OWNER": 200, "MEMBER": 200, "STRANGER": 200, "GUEST": 400, "VIEWER": 400, **dict.fromkeys(INTRUDERS, 401)},
    ),
    ("POST", "/family/add-member"): Row(
        lambda s, a: ("/family/add-member", {"email": s.guest_email}),
        {"PAGE": 200, "OWNER": 200, "STRANGER": 200, "MEMBER": 400, "GUEST": 400, **dict.fromkeys(INTRUDERS, 401)},
    ),
    ("DELETE", "/family/remove-member/{id}"): Row(_at("/family/remove-member/{member}"), _led(200, 403, 403)),
    ("DELETE", "/family/revoke-invite/{id}"): Row(_at("/family/revoke-invite/{guest}"), _led(200, 403, 403)),
    ("POST", "/family/modify-storage"): Row(
        lambda s, a: ("/family/modify-storage", {"id": s.extra["member"], "storageLimit": 1 << 30}), _led(200, 403, 403)
    ),
    ("DELETE", "/family/leave"): Row(
        same("/family/leave"), {"MEMBER": 200, "GUEST": 200, "VIEWER": 200, "OWNER": 403, **dict.fromkeys(INTRUDERS, 401)}, inert=("GUEST", "VIEWER")
    ),
    ("GET", "/family/invite-info/{token}"): Row(_at("/family/invite-info/{token}"), anybody()),
    ("GET", "/family/invite-info/{token}", "without it"): Row(same("/family/invite-info/" + "A" * 43 + "="), anybody(404)),
    ("POST", "/family/accept-invite"): Row(lambda s, a: ("/family/accept-invite", {"token": s.extra["token"]}), anybody()),
    ("POST", "/family/accept-invite", "without it"): Row(same("/family/accept-invite", {"token": "A" * 43 + "="}), anybody(404)),
}
