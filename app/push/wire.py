"""Wire shapes of /push/token and /events* (misc.md §11)."""

from __future__ import annotations

from typing import Any

from ..kernel.fields import Line, Word
from ..kernel.wire import Body, Needed


class PushToken(Body):
    """POST /push/token."""

    fcm_token: Needed[Line]
    apns_token: Line = ""


class Event(Body):
    """POST /events, POST /events/user; `id` is a UUID that the install made up. `data` is checked by the service."""

    id: Needed[Word]
    event: Needed[Word]
    app: Needed[Word]
    platform: Needed[Word]
    data: dict[str, Any] | None = None
