"""The people of the access matrix and what each of them has: one album, its roles, and the ones who should not get in."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

from tests.collections.scenes import KEY, SEALED, album, items, share
from tests.files.photos import body as commit_body
from tests.inprocess import LOCKER, Api, Person, World

PEOPLE = ("OWNER", "ADMIN", "COLLABORATOR", "VIEWER", "FORMER", "STRANGER")
ROLES = PEOPLE[1:4]
INTRUDERS = ("OTHER_APP", "REVOKED", "ANONYMOUS")


@dataclass
class Scene:
    """`cid` is the owner's album with the owner's `file` and a friend's `friends`; `own[actor]` = (album, file, trashed file) of each.

    A feature's `prepare` adds to `people` (its own actors), to `extra` (ids its rows ask for) and to `secrets`.
    """

    world: World
    cid: int = 0
    file: int = 0
    friends: int = 0
    link: str = ""  # token of the album's public link
    friend_email: str = ""
    guest_email: str = ""
    people: dict[str, Api] = field(default_factory=dict)
    own: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    commits: dict[str, dict[str, Any]] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)  # texts that no refusal may say

    def copied(self) -> Scene:
        """One more of the same world, which a feature may add to."""
        return Scene(**{k: v if k == "world" else copy.copy(v) for k, v in vars(self).items()})

    @property
    def owner(self) -> Person:
        return self.person("OWNER")

    def person(self, actor: str) -> Person:
        """An actor with an account; who has none of their own stands where a stranger does."""
        found = self.people[actor if actor in PEOPLE else "STRANGER"]
        assert isinstance(found, Person)
        return found

    def mine(self, actor: str) -> tuple[int, int, int]:
        """The actor's own album, file and trashed file; a stranger's for who has none."""
        return self.own.get(actor, self.own["STRANGER"])

    def commit(self, actor: str) -> dict[str, Any]:
        """The body of a commit of the actor's own uploaded objects into the owner's album."""
        return self.commits.get(actor, self.commits["STRANGER"])


async def _commit(world: World, who: Person, cid: int) -> int:
    return int((await who.post("/files", await commit_body(world, who, cid))).json()["id"])


async def set_up(world: World) -> Scene:
    s = Scene(world)
    people: dict[str, Person] = {a: await world.person(a.lower()) for a in PEOPLE}
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
    s.secrets = [KEY, SEALED, owner.email, friend.email, owner.token or ""]
    return s


async def _intruders(world: World, owner: Person) -> dict[str, Api]:
    """The owner's token in another app, a session of the owner's that was ended, and nobody."""
    second = await world.in_app(owner, "io.ente.photos.web")
    await second.post("/users/logout")
    return {"OTHER_APP": owner.second_app(LOCKER, owner.token or ""), "REVOKED": second, "ANONYMOUS": world.anon()}


def share_body(s: Scene, email: str) -> dict[str, Any]:
    return {"collectionID": s.cid, "email": email, "encryptedKey": SEALED, "role": "VIEWER"}
