"""Push tokens and events of the apps (misc.md §11)."""

from __future__ import annotations

from tests.access.rows import EVERYBODY, Row, Rows, anybody, same

EVENT = {"id": "8f14e45f-ceea-467f-a0e6-c0f8b8f7b7a5", "data": {}, "app": "photos", "platform": "android"}

ROWS: Rows = {
    ("POST", "/push/token"): Row(same("/push/token", {"fcmToken": "f"}), EVERYBODY),
    ("POST", "/events"): Row(same("/events", {**EVENT, "event": "install"}), anybody()),
    ("POST", "/events/user"): Row(same("/events/user", {**EVENT, "event": "sign_up"}), EVERYBODY),
}
