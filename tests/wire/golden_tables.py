"""What the replay of the recorded exchanges knows beyond the recordings: scope, exceptions with their reasons, lost facts.

A case in NOT_REPLAYED needs answers computed from random values; the client-level tests cover it.
A step in ALLOWED differs on purpose; the reason stands beside it.
"""

from __future__ import annotations

AREAS_LANDED = frozenset(
    {
        "accounts_http",
        "accounts_keys",
        "accounts_life",
        "accounts_ott",
        "accounts_passkeys",
        "accounts_second_factor",
        "accounts_sessions",
        "accounts_settings",
        "accounts_srp",
        "accounts_trust",
        "album_access",
        "album_files",
        "album_races",
        "bulk_share",
        "cast",
        "collection_actions",
        "collections",
        "commit",
        "download",
        "file_data",
        "file_link",
        "guest_upload",
        "info_copy_locker",
        "limits_and_races",
        "magic_metadata",
        "memory_share",
        "objects",
        "paste",
        "sharing",
        "join_link",
        "smoke",
        "social",
        "trash",
        "update",
        "upload_urls",
        "versions",
    }
)

_AUTHENTICATOR = "an authenticator signs a random challenge"

NOT_REPLAYED = {
    "album_races/album_version_never_goes_back": "sixteen removals at once, recorded by their outcome only",
    "objects/multipart_with_deferred_checksums": "both parts' URLs are cut to the same text; tests/objects/test_upload_urls.py has it",
    "file_link/expired_file_link": "the recording waited until the link was over",
    "accounts_passkeys/a_registration_ceremony_is_used_up": _AUTHENTICATOR,
    "accounts_passkeys/log_in_with_a_passkey": _AUTHENTICATOR,
    "accounts_passkeys/recovery_of_a_lost_passkey": _AUTHENTICATOR,
    "accounts_passkeys/register_rename_delete": _AUTHENTICATOR,
    "accounts_passkeys/the_app_picks_up_the_token_by_polling": _AUTHENTICATOR,
    "accounts_passkeys/totp_beside_a_passkey": _AUTHENTICATOR,
    "accounts_passkeys/wrong_answers_of_an_authenticator": _AUTHENTICATOR,
    "accounts_second_factor/wrong_totp_codes_sent_at_once_are_all_counted": "24 codes sent at the same time, from as many addresses",
}

_TOMBSTONE = "a tombstone keeps what parsers demand and drops magic metadata and the pending action"
_COUNTED = "the recorded file count came from a cache that lags behind"
_THUMB = "the recorded thumbnail size was left stale by its replacement; here it is the true one"
_STORE = "any 4xx is right for a URL used with another method"
_AT_ONCE = "sent at the same time when it was recorded: either answer may come first"

_MADE = "the recorded server forgets when the link was made"
_BROWSER = "what browsers called themselves was not recorded"

ALLOWED = {
    "accounts_http/trailing_slash_reaches_the_route": {10: "the spelling with the slash has logged out already"},
    "accounts_http/eleventh_call_in_a_minute_is_429_per_user": {15: "a minute ended while it was recorded"},
    "accounts_keys/attributes_are_written_once": {
        4: "a repeated write of the same attributes is a lost answer's retry and gets 200",
    },
    "accounts_life/deletion_needs_the_opened_challenge_of_ones_own": {12: "somebody else's challenge travelled sealed; tests/closing sends one"},
    "accounts_life/storage_bonus": dict.fromkeys((6, 7), "there are no referrals here"),
    "accounts_passkeys/registration_options": dict.fromkeys((6,), "ES384 is not offered: the package that verifies does not know it"),
    "accounts_srp/ten_open_sessions_are_the_limit": {26: "the oldest open log-in of a network gives way: strangers' must not lock the owner out"},
    "accounts_settings/ensured_key_is_that_of_the_first_writer": dict.fromkeys(range(14, 18), "a refusal holds no key: it says nothing of caches"),
    "accounts_sessions/the_auth_app_gets_no_storage": {11: "the flags announce only what is here"},
    "accounts_trust/public_keys_of_many_at_once_needs_an_account": {5: "the recorded server had no such route yet"},
    "album_access/former_member_gets_no_new_photos_or_people": {
        15: "a former member is told once that the album is gone, not again at each later change of it",
    },
    "album_races/deletion_of_an_album_is_seen_at_once_and_keeps_other_albums_running": {
        13: "the photos go to the trash with the album, at once, so their other albums change too",
        14: "the same",
    },
    "album_races/favorites_created_at_once_are_one_album": dict.fromkeys((1, 2), _AT_ONCE),
    "album_races/same_person_invited_at_once_is_one_sharee": dict.fromkeys((11, 12), _AT_ONCE),
    "bulk_share/manual_sharing_changes_roles_and_brings_people_back": {12: "the key that was sealed last, which is as good as the first"},
    "cast/a_cast_says_which_session_it_is": {4: "what the TV called itself was not recorded"},
    "cast/devices_are_listed_and_removed_one_by_one": {
        **dict.fromkeys((12, 17), "the addresses are those of this run"),
        18: "an ended cast was served once more from a cache",
    },
    "cast/registering_tvs_is_limited_per_address": dict.fromkeys(range(10, 15), "the recorded window had just turned; here the eleventh is refused"),
    "collection_actions/owner_answers_a_removal_request_by_moving_the_photo_away": {23: _TOMBSTONE},
    "file_link/file_link_device_limit_applies_to_info": {8: _MADE, 10: _BROWSER, 21: _BROWSER},
    "file_link/file_link_options_change_one_by_one": dict.fromkeys((8, 10, 12), _MADE),
    "file_link/file_link_with_a_password": {10: _MADE, 20: "the proof in the query is the one that was recorded"},
    "guest_upload/commit_checks_the_objects": {13: "a key that was never issued is 400 here, whether or not bytes could be there"},
    "guest_upload/guest_objects_belong_to_the_owner_and_count_for_them": {9: _COUNTED},
    "join_link/rejoining_after_leaving": {8: "the key that was sealed last, which is as good as the first"},
    "info_copy_locker/file_count_is_public": {7: "another server has another number of files"},
    "limits_and_races/a_request_may_exceed_the_plan_by_the_slack_and_no_more": {8: _COUNTED},
    "limits_and_races/storage_follows_upload_replace_trash_restore_and_delete": {
        **dict.fromkeys((13, 19, 21, 24, 26, 30), _COUNTED),
        28: _THUMB,
    },
    "objects/upload_url_is_good_for_nothing_else": dict.fromkeys((6, 7, 8), _STORE),
    "memory_share/every_kind_of_token_opens_only_its_own_door": {15: "each owner's referral code is their own"},
    "paste/creating_pastes_is_limited_per_address": dict.fromkeys((10, 11, 12), "the recorded window had just turned; here the eleventh is refused"),
    "social/people_with_accounts_appear_with_masked_addresses": {6: "the address of this run has another length"},
    "social/lengths_allowed_to_visitors": {5: "the recorded text was shortened, and what fills it up is a byte longer"},
    "trash/trashing_hides_the_file_and_lists_it": {15: _TOMBSTONE},
    "update/thumbnail_is_replaced": {11: _THUMB},
    "accounts_srp/malformed_log_in_requests": {
        15: "a proof of 31 bytes is how mobile sends one that starts with a zero byte; it is judged, not refused",
    },
}

WAITING_FOR = {
    "accounts_http/admin_routes_refuse_ordinary_people": ("GET", "/admin/users"),
    "accounts_sessions/the_auth_app_gets_no_storage": ("GET", "/contacts/diff"),
    "album_access/former_member[unshared]": ("POST", "/collections/share-url"),
    "album_access/no_token[none]": ("POST", "/collections/share-url"),
    "album_access/stranger": ("POST", "/collections/share-url"),
    "album_access/token_of_another_app": ("POST", "/collections/share-url"),
    "versions/every_change_moves_the_album_past_its_files[link-off]": ("POST", "/collections/share-url"),
}
"""Cases of landed areas that use a route of a later one: they run as soon as the server knows the route."""

OURS = {"/users/sessions": ("sessions", "id")}
"""path: (list, key) of what answers here have more than the recorded ones."""

TRUE_PROOFS = {"accounts_srp/enrolling_twice_is_refused_and_changes_nothing": frozenset({6})}
"""Steps whose proof was true although they were refused, for another reason."""

NEW_ADDRESS_EACH_TIME = frozenset({"accounts_srp/ten_open_sessions_are_the_limit"})
"""Cases whose recording changed the client address to stay below the limits per address."""

WITHOUT_KEYS = frozenset({("collections/albums_need_an_account_with_keys", "dave")})
"""(case, who): people who sign up but never store keys."""

RAW_LENGTHS = {
    ("objects/multipart_v1_parts_in_any_order_and_again", 2): 7,
    ("objects/multipart_v1_parts_in_any_order_and_again", 5): 7,
}
"""(case, step): bytes of an upload whose length the recording left out."""

PART_INDEXES = {
    ("objects/multipart_v1_parts_in_any_order_and_again", 2): 1,
    ("objects/multipart_v1_parts_in_any_order_and_again", 3): 0,
    ("objects/multipart_v1_parts_in_any_order_and_again", 4): 0,
    ("objects/multipart_v1_parts_in_any_order_and_again", 5): 1,
}
"""(case, step): which of several URLs that look alike once shortened."""

FORGED_KEYS = {("objects/upload_url_is_good_for_nothing_else", 3): (1, 2)}
"""(case, step): the URL issued at the first step, its object key replaced by the one issued at the second."""
