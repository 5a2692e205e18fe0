"""Second factors (accounts.md §5.7–§5.9): everybody's own, and log-ins that owe one, which only who was given their id can finish.

The owner has codes and a passkey; PAGE and OTHER_PAGE are the owner and a stranger on the accounts page, with its token.
"""

from __future__ import annotations

from typing import Any

from app.http.client import Client
from app.kernel.access import app_of
from app.second_factor.service import admit
from tests.access.rows import EVERYBODY, Row, Rows, Statuses, anybody, people, same
from tests.access.scene import INTRUDERS, Scene
from tests.inprocess import Api
from tests.passkeys.authenticator import Authenticator
from tests.passkeys.conftest import ACCOUNTS, Page
from tests.second_factor.phone import COPY, Phone

UUID = "8f14e45f-ceea-467f-a0e6-c0f8b8f7b7a5"
UNKNOWN = "A" * 43 + "="
SECRET = {"secret": "c2VjcmV0b2Zvd25lcg==", "userSecretCipher": "Y2lwaGVyb2Zvd25lcg==", "userSecretNonce": "bm9uY2VvZm93bmVy"}


async def _page(s: Scene, who: Api) -> Api:
    token = (await who.get("/users/accounts-token")).json()["accountsToken"]
    return Api(s.world.app, token, ACCOUNTS, "10.7.0.1")


async def prepare(s: Scene) -> None:
    phone = Phone(s.world, (await s.owner.post("/users/two-factor/setup")).json()["secretCode"])
    await s.owner.post("/users/two-factor/enable", {"code": phone.code(), **COPY})
    s.people["PAGE"], s.people["OTHER_PAGE"] = await _page(s, s.owner), await _page(s, s.person("STRANGER"))
    key = await Page(s.people["PAGE"]).register("laptop-of-owner")
    await s.owner.post("/users/two-factor/passkeys/configure-recovery", SECRET)
    client = Client(app_of("io.ente.photos"), "10.7.0.2", "")
    owed: Any = await s.world.kernel.db.write("test.admit", admit, s.world.kernel, s.owner.user_id, client)
    begun = (await s.people["PAGE"].post("/users/two-factor/passkeys/begin", {"sessionID": owed.passkey})).json()
    (registered,) = await Page(s.people["PAGE"]).keys()
    s.extra |= {
        "codes": owed.totp, "passkeys": owed.passkey, "secret": phone.secret, "code": phone.code(), "key": registered["id"],
        "ceremony": begun["ceremonySessionID"], "answer": key.get(begun["options"]["publicKey"]),
        "new": Authenticator().create({"challenge": "AAAA", "rp": {"id": "darkroom.test"}}),
    }  # fmt: skip
    s.secrets += [phone.secret, COPY["encryptedTwoFactorSecret"], *SECRET.values(), "laptop-of-owner", owed.totp, owed.passkey]


def pages(page: int, other: int) -> Statuses:
    """A session is no token of the accounts page."""
    return {"PAGE": page, "OTHER_PAGE": other, "OWNER": 401, "STRANGER": 401, **dict.fromkeys(INTRUDERS, 401)}


TWO = "/users/two-factor"
KEYS = f"{TWO}/passkeys"

ROWS: Rows = {
    ("GET", f"{TWO}/status"): Row(same(f"{TWO}/status"), EVERYBODY),
    ("GET", f"{TWO}/recovery-status"): Row(same(f"{TWO}/recovery-status"), EVERYBODY),
    ("POST", f"{TWO}/setup"): Row(same(f"{TWO}/setup"), EVERYBODY),
    ("POST", f"{TWO}/enable"): Row(lambda s, a: (f"{TWO}/enable", {"code": s.extra["code"], **COPY}), people(401, 401, 401, 401, 401, 401)),
    ("POST", f"{TWO}/disable"): Row(same(f"{TWO}/disable"), EVERYBODY),
    # --- who has the id of a log-in may try to finish it, and nobody may without
    ("POST", f"{TWO}/verify"): Row(same(f"{TWO}/verify", {"sessionID": UNKNOWN, "code": "123456"}), anybody(404)),
    ("POST", f"{TWO}/verify", "with a wrong code"): Row(
        lambda s, a: (f"{TWO}/verify", {"sessionID": s.extra["codes"], "code": "12345"}), anybody(401), leaves=("totp_logins",)
    ),
    ("POST", f"{TWO}/verify", "with the id of the passkey's"): Row(
        lambda s, a: (f"{TWO}/verify", {"sessionID": s.extra["passkeys"], "code": s.extra["code"]}), anybody(404)
    ),
    ("GET", f"{TWO}/recover"): Row(same(f"{TWO}/recover?sessionID={UNKNOWN}&twoFactorType=totp"), anybody(404)),
    ("GET", f"{TWO}/recover", "of a passkey"): Row(same(f"{TWO}/recover?sessionID={UNKNOWN}&twoFactorType=passkey"), anybody(404)),
    ("POST", f"{TWO}/remove"): Row(
        lambda s, a: (f"{TWO}/remove", {"sessionID": UNKNOWN, "secret": s.extra["secret"], "twoFactorType": "totp"}), anybody(404)
    ),
    ("POST", f"{TWO}/remove", "with a wrong secret"): Row(
        lambda s, a: (f"{TWO}/remove", {"sessionID": s.extra["codes"], "secret": "A" * 32, "twoFactorType": "totp"}), anybody(403)
    ),
    ("POST", f"{TWO}/remove", "of a passkey with a wrong secret"): Row(
        lambda s, a: (f"{TWO}/remove", {"sessionID": s.extra["passkeys"], "secret": "eA==", "twoFactorType": "passkey"}), anybody(403)
    ),
    ("POST", f"{KEYS}/begin"): Row(same(f"{KEYS}/begin", {"sessionID": UNKNOWN}), anybody(404)),
    ("POST", f"{KEYS}/finish"): Row(
        lambda s, a: (f"{KEYS}/finish?sessionID={UNKNOWN}&ceremonySessionID={s.extra['ceremony']}", s.extra["answer"]), anybody(404)
    ),
    ("POST", f"{KEYS}/finish", "another challenge"): Row(
        lambda s, a: (f"{KEYS}/finish?sessionID={s.extra['passkeys']}&ceremonySessionID={UUID}", s.extra["answer"]), anybody(404)
    ),
    ("GET", f"{KEYS}/get-token"): Row(lambda s, a: (f"{KEYS}/get-token?sessionID={s.extra['passkeys']}", None), anybody(400)),
    ("POST", f"{KEYS}/configure-recovery"): Row(same(f"{KEYS}/configure-recovery", {**SECRET, "secret": "eA=="}), EVERYBODY),
    # --- the accounts page
    ("GET", "/passkeys"): Row(same("/passkeys"), pages(200, 200)),
    ("PATCH", "/passkeys/{id}"): Row(
        lambda s, a: (f"/passkeys/{s.extra['key']}?friendlyName=mine", None), pages(200, 200), inert=("OTHER_PAGE",)
    ),
    ("DELETE", "/passkeys/{id}"): Row(lambda s, a: (f"/passkeys/{s.extra['key']}", None), pages(200, 200), inert=("OTHER_PAGE",)),
    ("POST", "/passkeys/registration/begin"): Row(same("/passkeys/registration/begin"), pages(200, 200)),
    ("POST", "/passkeys/registration/finish"): Row(
        lambda s, a: (f"/passkeys/registration/finish?friendlyName=x&sessionID={UUID}", s.extra["new"]), pages(404, 404)
    ),
}  # fmt: skip
