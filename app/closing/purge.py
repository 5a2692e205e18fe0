"""What becomes of a closed account's data once it cannot be restored any more: it goes, a batch at a time, so that nobody else waits."""

from __future__ import annotations

import logging

from ..accounts import service as accounts
from ..authenticator import service as authenticator
from ..collections import service as collections
from ..db import Tx
from ..entities import service as entities
from ..file_links import service as file_links
from ..kernel import texts
from ..kernel.clock import DAY
from ..kernel.jobs import Job
from ..kernel.parts import Kernel
from ..legacy import service as legacy
from ..login import service as login
from ..memories import service as memories
from ..push import service as push
from ..remote_store import service as remote_store
from ..second_factor import service as second_factor
from ..social import service as social
from ..trash import service as trash
from . import restoring

FILES = 500  # in one transaction
ALBUMS = 100
RECORDS = 200  # of up to 4 MiB each
ACCOUNTS = 50
KEPT = restoring.LIFETIME + DAY
"""A link that restores lives for a week, from when it was asked for; the day is for the operator who asks on the last."""
GONE, BLANK, OTHERS = "gone", "blank", "others'"
FATE = {
    "authenticator_entities.user_id": GONE,
    "authenticator_keys.user_id": GONE,
    "casts.user_id": GONE,  # when the account closes, as sessions, push tokens and families
    "collection_actions.actor_id": GONE,
    "collection_actions.user_id": GONE,
    "collection_files.action_user": OTHERS,  # who asked its owner to take a photo out
    "collection_files.owner_id": BLANK,  # tombstones, which the album's people have to be shown
    "collection_shares.to_user_id": GONE,
    "collections.owner_id": BLANK,
    "comments.user_id": BLANK,
    "contacts.contact_user_id": OTHERS,
    "contacts.user_id": GONE,  # by contacts.purge
    "emergency_contacts.contact_id": GONE,
    "emergency_contacts.user_id": GONE,
    "emergency_recoveries.contact_id": GONE,
    "emergency_recoveries.user_id": GONE,
    "entities.user_id": GONE,
    "entity_keys.user_id": GONE,
    "events.user_id": GONE,
    "family_members.admin_id": GONE,
    "family_members.member_id": GONE,
    "feeds.user_id": BLANK,  # a number that a purge itself needs
    "file_data.user_id": BLANK,
    "file_links.owner_id": BLANK,
    "files.owner_id": BLANK,
    "key_attributes.user_id": GONE,
    "legacy_kits.user_id": GONE,  # blank by legacy.sweep, gone a month later
    "memory_shares.user_id": BLANK,
    "multiparts.owner_id": GONE,  # with what was uploaded and not committed, by the jobs of objects
    "deletions.owner_id": GONE,  # with the bytes
    "objects.owner_id": GONE,  # when the grace of deletions is over
    "passkey_ceremonies.user_id": GONE,
    "passkey_logins.user_id": GONE,
    "passkey_recovery.user_id": GONE,
    "passkeys.user_id": GONE,
    "push_tokens.user_id": GONE,
    "reactions.user_id": BLANK,
    "remote_store.user_id": GONE,
    "sessions.user_id": GONE,
    "srp_auth.user_id": GONE,
    "srp_sessions.user_id": GONE,
    "texts.user_id": GONE,
    "totp.user_id": GONE,
    "totp_logins.user_id": GONE,
    "totp_pending.user_id": GONE,
    "totp_used.user_id": GONE,
    "trash.user_id": BLANK,
    "usage.user_id": BLANK,  # nought
    "users.user_id": BLANK,
    "admin_acts.user_id": OTHERS,  # what administrators did
    "admin_entries.user_id": OTHERS,  # a way in that ends by itself within hours
}
"""What becomes of the rows of every column that names a person: a test fails for one that is not here, and tries those that are."""
log = logging.getLogger("darkroom.closing")


async def purge(kernel: Kernel) -> None:
    """Every account that was deleted long enough ago. What a run does not finish, the next one does."""
    now = kernel.clock.now()
    for user_id in await kernel.db.scan(accounts.to_purge, now - KEPT, ACCOUNTS):
        while await kernel.db.write("closing.purge_files", trash.forget_person, kernel, user_id, now, FILES) == FILES:
            pass
        while await kernel.db.write("closing.purge_words", social.forget_for_good, user_id, now, ALBUMS):
            pass
        while await kernel.db.write("closing.purge_albums", collections.forget_for_good, user_id, now, ALBUMS):
            pass
        for some in (authenticator.forget_some, entities.forget_some):
            while await kernel.db.write("closing.purge_records", some, user_id, RECORDS) == RECORDS:
                pass
        await kernel.db.write("closing.purge", _forget, user_id, now)
        log.info("the data of account %d, deleted more than %d days ago, is gone", user_id, KEPT // DAY)


def _forget(tx: Tx, user_id: int, now: int) -> None:
    authenticator.forget_person(tx, user_id)
    entities.forget_person(tx, user_id)
    file_links.forget_for_good(tx, user_id)
    legacy.forget_for_good(tx, user_id)
    login.forget_for_good(tx, user_id)
    memories.forget_for_good(tx, user_id)
    push.forget_for_good(tx, user_id)
    remote_store.forget_person(tx, user_id)
    second_factor.forget(tx, user_id)
    texts.forget(tx, user_id)
    accounts.forget_person(tx, user_id, now)


JOBS = (Job("closing.purge", 3600, purge),)
