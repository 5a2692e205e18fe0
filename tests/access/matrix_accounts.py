"""Accounts, log-in and sessions (accounts.md §5). OWNER, STRANGER and the others are five accounts like any; what belongs to one is asked
for by its id or token by all."""

from __future__ import annotations

from urllib.parse import quote

from app.kernel.crypto import b64
from tests.access.rows import EVERYBODY, OTHERS, Row, Rows, anybody, people, same
from tests.access.scene import PEOPLE, Scene
from tests.newcomer import attributes

UUID = "8f14e45f-ceea-467f-a0e6-c0f8b8f7b7a5"
KEYS_SET = people(403, 403, 403, 403, 403, 403)


async def prepare(s: Scene) -> None:
    s.extra["attributes"] = attributes(s.world, s.world.kernel.ids.bytes(32))
    second = await s.world.in_app(s.owner, s.owner.package)
    listed = (await s.owner.get("/users/sessions")).json()["sessions"]
    s.extra["handle"] = next(row["token"] for row in listed if row["token"] != s.owner.token)
    s.secrets += [second.token or "", s.extra["handle"]]


def _recovery(s: Scene, a: str) -> tuple[str, object]:
    names = ("masterKeyEncryptedWithRecoveryKey", "masterKeyDecryptionNonce", "recoveryKeyEncryptedWithMasterKey", "recoveryKeyDecryptionNonce")
    return "/users/recovery-key", {name: s.extra["attributes"][name] for name in names}


SRP_A = b64(bytes([1]) * 512)

ROWS: Rows = {
    # --- for people who are nobody yet: what the address stands for is not told
    ("POST", "/users/ott"): Row(same("/users/ott", {"email": "new@example.org", "purpose": "login"}), anybody(404)),
    ("POST", "/users/ott", "of an account"): Row(lambda s, a: ("/users/ott", {"email": s.owner.email, "purpose": "login"}), anybody()),
    ("POST", "/users/verify-email"): Row(
        lambda s, a: ("/users/verify-email", {"email": s.guest_email, "ott": "000000"}), anybody(410), leaves=("otts",)
    ),
    ("GET", "/users/srp/attributes"): Row(lambda s, a: (f"/users/srp/attributes?email={quote(s.guest_email)}", None), anybody(404)),
    ("POST", "/users/srp/create-session"): Row(same("/users/srp/create-session", {"srpUserID": UUID, "srpA": SRP_A}), anybody()),
    ("POST", "/users/login"): Row(same("/users/login", {"email": "x@example.org", "password": "x"}), anybody(403)),
    ("POST", "/users/srp/verify-session"): Row(
        same("/users/srp/verify-session", {"sessionID": UUID, "srpUserID": UUID, "srpM1": "bTE="}), anybody(400)
    ),
    ("GET", "/users/recover-account"): Row(same("/users/recover-account?token=x"), anybody()),
    ("POST", "/users/recover-account/page"): Row(same("/users/recover-account/page?token=x"), anybody()),
    ("POST", "/users/recover-account"): Row(same("/users/recover-account", {"token": "x"}), anybody(400)),
    ("POST", "/users/recover-account/validate"): Row(same("/users/recover-account/validate", {"token": "x"}), anybody(400)),
    # --- one's own account
    ("POST", "/users/change-email"): Row(
        lambda s, a: ("/users/change-email", {"email": s.guest_email, "ott": "000000"}), people(410, 410, 410, 410, 410, 410), leaves=("otts",)
    ),
    ("PUT", "/users/attributes"): Row(lambda s, a: ("/users/attributes", {"keyAttributes": s.extra["attributes"]}), KEYS_SET),
    ("PUT", "/users/recovery-key"): Row(_recovery, EVERYBODY),
    ("GET", "/users/public-key"): Row(lambda s, a: (f"/users/public-key?email={quote(s.guest_email)}", None), EVERYBODY),
    ("POST", "/users/public-keys"): Row(lambda s, a: ("/users/public-keys", {"emails": [s.guest_email]}), EVERYBODY, inert=PEOPLE),
    ("GET", "/users/session-validity/v2"): Row(same("/users/session-validity/v2"), EVERYBODY),
    ("POST", "/users/srp/setup"): Row(
        same("/users/srp/setup", {"srpUserID": UUID, "srpSalt": b64(bytes(16)), "srpVerifier": b64(bytes([1]) * 512), "srpA": SRP_A}), EVERYBODY
    ),
    ("POST", "/users/srp/complete"): Row(same("/users/srp/complete", {"setupID": UUID, "srpM1": "bTE="}), people(400, 400, 400, 400, 400, 400)),
    ("POST", "/users/srp/update"): Row(
        lambda s, a: (
            "/users/srp/update",
            {
                "setupID": UUID,
                "srpM1": "bTE=",
                "updatedKeyAttr": {k: s.extra["attributes"][k] for k in ("kekSalt", "encryptedKey", "keyDecryptionNonce", "memLimit", "opsLimit")},
            },
        ),
        people(400, 400, 400, 400, 400, 400),
    ),
    ("GET", "/users/sessions"): Row(same("/users/sessions"), EVERYBODY),
    ("DELETE", "/users/session"): Row(lambda s, a: (f"/users/session?token={quote(s.extra['handle'])}", None), EVERYBODY, inert=OTHERS),
    ("DELETE", "/users/sessions/{id}"): Row(
        lambda s, a: (f"/users/sessions/{s.extra['handle']}", None), people(200, 404, 404, 404, 404, 404), inert=OTHERS
    ),
    ("DELETE", "/users/sessions/current"): Row(same("/users/sessions/current"), EVERYBODY),
    ("POST", "/users/sessions/revoke-others"): Row(same("/users/sessions/revoke-others"), EVERYBODY),
    ("POST", "/users/logout"): Row(same("/users/logout"), EVERYBODY),
    ("GET", "/users/details/v2"): Row(same("/users/details/v2"), EVERYBODY),
    ("PUT", "/users/email-mfa"): Row(same("/users/email-mfa", {"isEnabled": True}), EVERYBODY),
    ("POST", "/users/event"): Row(same("/users/event", {"event": "x"}), EVERYBODY),
    ("GET", "/users/deletion-summary"): Row(same("/users/deletion-summary"), EVERYBODY),
    ("GET", "/users/delete-challenge"): Row(same("/users/delete-challenge"), EVERYBODY),
    ("DELETE", "/users/delete"): Row(same("/users/delete", {"challenge": "x.y.z"}), people(400, 400, 400, 400, 400, 400)),
    ("GET", "/users/locker-usage"): Row(same("/users/locker-usage"), EVERYBODY),
    ("GET", "/users/accounts-token"): Row(same("/users/accounts-token"), EVERYBODY),
    ("GET", "/users/families-token"): Row(same("/users/families-token"), EVERYBODY),
    ("GET", "/users/payment-token"): Row(same("/users/payment-token"), EVERYBODY),
}
