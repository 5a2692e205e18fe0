"""SQL of push tokens and events: one function a statement."""

from __future__ import annotations

from ..db import Tx


def keep_token(tx: Tx, user_id: int, fcm_token: str, apns_token: str | None, now: int) -> None:
    """A device belongs to whoever registered it last."""
    tx.run(
        "INSERT INTO push_tokens (fcm_token, user_id, apns_token, created_at, updated_at) VALUES (:fcm_token, :user_id, :apns_token, :now, :now) "
        "ON CONFLICT (fcm_token) DO UPDATE SET user_id = excluded.user_id, apns_token = excluded.apns_token, updated_at = excluded.updated_at",
        fcm_token=fcm_token,
        user_id=user_id,
        apns_token=apns_token,
        now=now,
    )


def keep_newest_tokens(tx: Tx, user_id: int, most: int) -> int:
    return tx.run(
        "DELETE FROM push_tokens WHERE fcm_token IN (SELECT fcm_token FROM push_tokens WHERE user_id = :user_id "
        "ORDER BY updated_at DESC, fcm_token LIMIT 1000 OFFSET :most)",
        user_id=user_id,
        most=most,
    )


def drop_tokens(tx: Tx, user_id: int) -> int:
    return tx.run("DELETE FROM push_tokens WHERE user_id = :user_id", user_id=user_id)


def drop_idle_tokens(tx: Tx, before: int) -> int:
    return tx.run("DELETE FROM push_tokens WHERE updated_at < :before", before=before)


def event_data(tx: Tx, event_id: str, event: str) -> str | None:
    """The JSON text of an event that was reported."""
    found: str | None = tx.value("SELECT data FROM events WHERE id = :id AND event = :event", id=event_id, event=event)
    return found


def keep_event(tx: Tx, event_id: str, event: str, app: str, platform: str, data: str, user_id: int | None, now: int) -> None:
    """The first report counts, later ones of the same id and event change nothing."""
    tx.run(
        "INSERT INTO events (id, event, app, platform, data, user_id, created_at) "
        "VALUES (:id, :event, :app, :platform, :data, :user_id, :now) ON CONFLICT (id, event) DO NOTHING",
        id=event_id,
        event=event,
        app=app,
        platform=platform,
        data=data,
        user_id=user_id,
        now=now,
    )


def keep_newest_of_nobody(tx: Tx, most: int) -> int:
    return tx.run(
        "DELETE FROM events WHERE user_id IS NULL AND created_at < "
        "(SELECT created_at FROM events WHERE user_id IS NULL ORDER BY created_at DESC LIMIT 1 OFFSET :most)",
        most=most - 1,
    )


def keep_newest_of(tx: Tx, user_id: int, most: int) -> int:
    return tx.run(
        "DELETE FROM events WHERE user_id = :user_id AND created_at < "
        "(SELECT created_at FROM events WHERE user_id = :user_id ORDER BY created_at DESC LIMIT 1 OFFSET :most)",
        user_id=user_id,
        most=most - 1,
    )


def drop_nobodys_events(tx: Tx, before: int) -> int:
    """Installs are reported without an account, by anybody: they do not pile up."""
    return tx.run("DELETE FROM events WHERE user_id IS NULL AND created_at < :before", before=before)


def drop_events(tx: Tx, user_id: int) -> int:
    return tx.run("DELETE FROM events WHERE user_id = :user_id", user_id=user_id)
