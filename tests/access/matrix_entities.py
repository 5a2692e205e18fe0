"""Records of the photos apps, locations and people among them (misc.md §2): everybody has their own."""

from __future__ import annotations

from tests.access.rows import EVERYBODY, OTHERS, SELF, Row, Rows, same
from tests.access.scene import PEOPLE, Scene

ENTITY = {"type": "location", "encryptedData": "b3duZXJzcGxhY2U=", "header": "aGVhZA=="}
KEY = {"type": "location", "encryptedKey": "b3duZXJza2V5", "header": "aGVhZA=="}


async def prepare(s: Scene) -> None:
    for actor in PEOPLE:
        await s.person(actor).post("/user-entity/key", KEY if actor == "OWNER" else {**KEY, "encryptedKey": "b3RoZXI="})
    s.extra["entity"] = (await s.owner.post("/user-entity/entity", ENTITY)).json()["id"]
    s.secrets += [ENTITY["encryptedData"], KEY["encryptedKey"]]


ROWS: Rows = {
    ("GET", "/user-entity/key"): Row(same("/user-entity/key?type=location"), EVERYBODY),
    ("POST", "/user-entity/key"): Row(same("/user-entity/key", {**KEY, "type": "cgroup"}), EVERYBODY),
    ("POST", "/user-entity/key/ensure"): Row(same("/user-entity/key/ensure", {**KEY, "type": "memory"}), EVERYBODY),
    ("POST", "/user-entity/entity"): Row(same("/user-entity/entity", ENTITY), EVERYBODY),
    ("PUT", "/user-entity/entity"): Row(lambda s, a: ("/user-entity/entity", {**ENTITY, "id": s.extra["entity"]}), SELF),
    ("DELETE", "/user-entity/entity"): Row(
        lambda s, a: (f"/user-entity/entity?id={s.extra['entity']}", None), EVERYBODY, inert=OTHERS, leaves=("feeds",)
    ),
    ("GET", "/user-entity/entity/diff"): Row(same("/user-entity/entity/diff?type=location&sinceTime=0&limit=10"), EVERYBODY),
}
