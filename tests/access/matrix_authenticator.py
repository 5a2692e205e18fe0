"""The Auth app's codes (misc.md §3): everybody has their own."""

from __future__ import annotations

from tests.access.rows import EVERYBODY, OTHERS, SELF, Row, Rows, people, same
from tests.access.scene import PEOPLE, Scene

CODE = {"encryptedData": "b3duZXJzY29kZQ==", "header": "aGVhZA=="}
OTHER_KEY = {"encryptedKey": "b3RoZXI=", "header": "aGVhZA=="}
KEY = {"encryptedKey": "b3duZXJza2V5", "header": "aGVhZA=="}


async def prepare(s: Scene) -> None:
    for actor in PEOPLE:
        await s.person(actor).post("/authenticator/key", KEY if actor == "OWNER" else OTHER_KEY)
    s.extra["code"] = (await s.owner.post("/authenticator/entity", CODE)).json()["id"]
    s.secrets += [CODE["encryptedData"], KEY["encryptedKey"]]


ROWS: Rows = {
    ("GET", "/authenticator/key"): Row(same("/authenticator/key"), EVERYBODY),
    ("POST", "/authenticator/key"): Row(same("/authenticator/key", OTHER_KEY), people(409, 409, 409, 409, 409, 409)),
    ("POST", "/authenticator/entity"): Row(same("/authenticator/entity", CODE), EVERYBODY),
    ("PUT", "/authenticator/entity"): Row(lambda s, a: ("/authenticator/entity", {**CODE, "id": s.extra["code"]}), SELF),
    ("DELETE", "/authenticator/entity"): Row(lambda s, a: (f"/authenticator/entity?id={s.extra['code']}", None), EVERYBODY, inert=OTHERS),
    ("GET", "/authenticator/entity/diff"): Row(same("/authenticator/entity/diff?sinceTime=0&limit=10"), EVERYBODY),
}
