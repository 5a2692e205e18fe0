"""Rules of push tokens and events. Nothing is pushed to devices and no event is shown to anybody but the operator's SQL.

`/events` is open to strangers: what it stores is bounded in size, rated per address and forgotten after a while.
"""

from __future__ import annotations

import json
from typing import Any

from ..db import Tx
from ..kernel.access import Session
from ..kernel.clock import DAY
from ..kernel.errors import BadRequest, CodedBadRequest
from ..kernel.parts import Kernel
from ..kernel.wire import encode, uuid_text
from . import queries
from .wire import Event, PushToken

PUBLIC_EVENTS = frozenset({"install"})
USER_EVENTS = frozenset({"sign_up", "log_in"})
TOKEN_LIMIT = 2048  # bytes; Firebase's are below 300, and an index of PostgreSQL takes 2700
NAME_LIMIT = 128  # characters of app, platform and version
DATA_LIMIT = 8192  # bytes of an event's data
DATA_DEPTH = 32  # objects and lists in one another there
IDLE = 61 * DAY  # misc.md §11: tokens of devices that were not seen for that long
NOBODYS = 90 * DAY
MOST_OF_NOBODY = 2000  # installs kept that are no account's yet, from all the world together: the newest
MOST_OF_ACCOUNT = 50
MOST_DEVICES = 100  # of an account: whoever has more is woken on those that registered last
TRIMMED = 16  # one report in so many, by chance, counts what is there and drops the oldest beyond


async def keep_token(kernel: Kernel, actor: Session, ask: PushToken) -> None:
    """Remember how to wake this device; it moves to the account that says so last."""
    if max(len(ask.fcm_token.encode()), len(ask.apns_token.encode())) > TOKEN_LIMIT:
        raise BadRequest(log="push token too long")
    await kernel.db.write("push.token", _keep_token, actor.user_id, ask.fcm_token, ask.apns_token or None, kernel.clock.now())


def _keep_token(tx: Tx, user_id: int, fcm_token: str, apns_token: str | None, now: int) -> None:
    queries.keep_token(tx, user_id, fcm_token, apns_token, now)
    queries.keep_newest_tokens(tx, user_id, MOST_DEVICES)


def forget_person(tx: Tx, user_id: int) -> None:
    """A deleted account's devices are not woken any more."""
    queries.drop_tokens(tx, user_id)


def forget_for_good(tx: Tx, user_id: int) -> None:
    """What the devices of an account reported that is gone for good."""
    queries.drop_tokens(tx, user_id)
    queries.drop_events(tx, user_id)


async def report(kernel: Kernel, actor: Session | None, ask: Event, version: str) -> None:
    """Keep an event: strangers report `install`, accounts `sign_up` and `log_in`, which take the install's data along."""
    if ask.event not in (PUBLIC_EVENTS if actor is None else USER_EVENTS):
        raise CodedBadRequest("invalid event")
    event_id = uuid_text(ask.id)
    if event_id is None:
        raise CodedBadRequest("invalid id")
    if ask.data is None:
        raise CodedBadRequest("data is required")
    if _depth(ask.data) > DATA_DEPTH:
        raise BadRequest(log="event nested too deeply")
    data = {k: v for k, v in ask.data.items() if k not in ("app", "platform")}
    if version:
        data["app_version"] = version
    if max(len(ask.app), len(ask.platform), len(version)) > NAME_LIMIT or len(encode(data)) > DATA_LIMIT:
        raise BadRequest(log="event too large")
    user_id = None if actor is None else actor.user_id
    await kernel.db.write("push.event", _report, user_id, event_id, ask, data, kernel.clock.now())
    if kernel.ids.bytes(1)[0] % TRIMMED == 0:
        await kernel.db.write("push.trim", _trim, user_id)


def _trim(tx: Tx, user_id: int | None) -> None:
    if user_id is None:
        queries.keep_newest_of_nobody(tx, MOST_OF_NOBODY)
    else:
        queries.keep_newest_of(tx, user_id, MOST_OF_ACCOUNT)


def _depth(value: Any) -> int:
    """How many objects and lists lie in one another, counted no further than matters; without recursion."""
    depth, level = 0, [value]
    while level and depth <= DATA_DEPTH:
        level = [v for x in level for v in (x.values() if isinstance(x, dict) else x) if isinstance(v, dict | list)]
        depth += 1
    return depth


def _report(tx: Tx, user_id: int | None, event_id: str, ask: Event, data: dict[str, Any], now: int) -> None:
    if user_id is not None and (install := queries.event_data(tx, event_id, "install")) is not None:
        data = {**json.loads(install), **data}
    queries.keep_event(tx, event_id, ask.event, ask.app, ask.platform, encode(data).decode(), user_id, now)


async def sweep(kernel: Kernel) -> None:
    """Forget devices that are not used any more and installs that became nobody's account."""
    now = kernel.clock.now()
    await kernel.db.write("push.sweep", _sweep, now - IDLE, now - NOBODYS)


def _sweep(tx: Tx, idle_before: int, nobodys_before: int) -> None:
    queries.drop_idle_tokens(tx, idle_before)
    queries.drop_nobodys_events(tx, nobodys_before)
