"""Wire shapes of /push/token and /events* (misc.md §11)."""

from __future__ import annotations

from typing import Any

from ..wire import Body


class PushToken(Body):
    """POST /push/token."""

    fcm_token: str = ""
    apns_token: str = ""

    @classmethod
    def required(cls) -> tuple[str, ...]:
        return ("fcm_token",)


class Event(Body):
    """POST /events, POST /events/user; `id` is a UUID that the install made up. `data` is checked by the service."""

    id: str = ""
    event: str = ""
    app: str = ""
    platform: str = ""
    data: dict[str, Any] | None = None

    @classmethod
    def required(cls) -> tuple[str, ...]:
        return ("id", "event", "app", "platform")
