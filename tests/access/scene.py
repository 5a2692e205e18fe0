"""The people of the access matrix and what each of them has: one album, its roles, and the ones who should not get in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.collections.scenes import SEALED, album, items, share
from tests.files.photos import body as commit_body
from tests.inprocess import LOCKER, Api, Person, World

ACTORS = ("OWNER", "ADMIN", "COLLABORATOR", "VIEWER", "FORMER", "STRANGER", "OTHER_APP", "REVOKED", "ANONYMOUS")
ROLES = ACTORS[1:4]


@dataclass
class Scene:
    """`cid` is the owner's album with the owner's `file` and a friend's `friends`; `own[actor]` = (album, file, trashed file) of each."""

    world: World
    cid: int = 0
    file: int = 0
    friends: int = 0
    link: str = ""  # token of the album's public link
    friend_email: str = ""
    guest_email: str = ""
    people: dict[str, Any] = field(default_factory=dict)
    own: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    commits: dict[str, dict[str, Any]] = field(default_factory=dict)


async def _commit(world: World, who: Person, cid: int) -> int:
    return int((await who.post("/files", await commit_body(world, who, cid))).json()["id"])


async def set_up(world: World) -> Scene:
    s = Scene(world)
    people: dict[str, Person] = {a: await world.person(a.lower()) for a in ACTORS[:6]}
    friend, guest = await world.person("friend"), await world.person("guest")
    s.friend_email, s.guest_email = friend.email, guest.email
    owner = people["OWNER"]
    s.cid = await album(owner)
    s.file = await _commit(world, owner, s.cid)
    for name, person in people.items():
        own = await album(person)
        trashed = await _commit(world, person, own)
        await person.post("/files/trash", {"items": [{"fileID": trashed, "collectionID": own}]})
        s.own[name] = (own, await _commit(world, person, own), trashed)
        s.commits[name] = await commit_body(world, person, s.cid)
    for role in ROLES:
        await share(owner, s.cid, people[role], role)
    await share(owner, s.cid, people["FORMER"], "ADMIN")
    await owner.post("/collections/unshare", {"collectionID": s.cid, "email": people["FORMER"].email})
    await share(owner, s.cid, friend, "COLLABORATOR")
    theirs = await album(friend)
    s.friends = await _commit(world, friend, theirs)
    await friend.post("/collections/add-files", {"collectionID": s.cid, "files": items(s.friends)})
    await owner.put("/files/data", {"fileID": s.file, "type": "mldata", "encryptedData": "bWw=", "decryptionHeader": "aA=="})
    s.link = (await owner.post("/collections/share-url", {"collectionID": s.cid})).json()["result"]["url"].rpartition("=")[2]
    s.people = {**people, **await _intruders(world, owner)}
    return s


async def _intruders(world: World, owner: Person) -> dict[str, Api]:
    """The owner's token in another app, a session of the owner's that was ended, and nobody."""
    second = await world.in_app(owner, "io.ente.photos.web")
    await second.post("/users/logout")
    return {"OTHER_APP": owner.second_app(LOCKER, owner.token or ""), "REVOKED": second, "ANONYMOUS": world.anon()}


def share_body(s: Scene, email: str) -> dict[str, Any]:
    return {"collectionID": s.cid, "email": email, "encryptedKey": SEALED, "role": "VIEWER"}
