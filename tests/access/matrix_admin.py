"""Administrators' routes: the configuration of the matrix names nobody, so nobody may."""

from __future__ import annotations

from tests.access.rows import Ask, Row, Rows, people

NOBODY = people(401, 401, 401, 401, 401, 401)


def _of(method: str, path: str) -> Ask:
    if method in ("GET", "DELETE"):
        return lambda s, a: (f"{path}?email={s.friend_email}&sinceTime=0", None)
    return lambda s, a: (
        path,
        {"userID": s.owner.user_id, "email": s.friend_email, "emailID": s.friend_email, "token": s.owner.token, "emailMFA": True, "hashes": ["x"],
         "bonusType": "ADD_ON_SUPPORT", "action": "REMOVE", "to": [s.friend_email], "key": "betaUser", "value": "true",
         "code": "123456", "app": "photos", "storage": 1, "productID": "free", "transactionID": "t", "expiryTime": 1 << 52},
    )  # fmt: skip


ROUTES = [
    ("GET", "/admin/user"),
    ("GET", "/admin/users"),
    ("DELETE", "/admin/user/delete"),
    ("POST", "/admin/user/disable-2fa"),
    ("POST", "/admin/user/disable-passkeys"),
    ("PUT", "/admin/user/subscription"),
    ("POST", "/admin/user/update-email-mfa"),
    ("POST", "/admin/user/add-ott"),
    ("POST", "/admin/user/terminate-session"),
    ("PUT", "/admin/user/change-email"),
    ("POST", "/admin/user/recover"),
    ("POST", "/admin/mail"),
    ("POST", "/admin/user/close-family"),
    ("POST", "/admin/user/bonus"),
    ("POST", "/admin/user/update-referral"),
    ("POST", "/admin/queue/re-queue"),
    ("POST", "/admin/mail/subscribe"),
    ("POST", "/admin/mail/unsubscribe"),
    ("GET", "/admin/listmonk/missing-subscribers/count"),
    ("POST", "/admin/discount/add-coupons"),
    ("POST", "/admin/user/update-flag"),
    ("POST", "/admin/user/unblock-storage-warning-login"),
    ("GET", "/admin/user/scheduled-deletions"),
    ("GET", "/admin/email-hash"),
    ("POST", "/admin/emails-from-hashes"),
]
ROWS: Rows = {(method, path): Row(_of(method, path), NOBODY) for method, path in ROUTES}
