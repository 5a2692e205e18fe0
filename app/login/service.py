"""What a right password or mailed code answers, and what others may ask of log-in: the pending codes of an address."""

from __future__ import annotations

from ..accounts.service import Grant
from ..db import Tx
from ..kernel.config import Config
from ..kernel.crypto import seal_token
from ..second_factor.service import Admission
from . import srp_queries
from .codes import PendingCode, WaitingCode, pending_codes, waiting_codes
from .codes import add as add_code
from .wire import Authorised

__all__ = ["PendingCode", "WaitingCode", "add_code", "answer", "pending_codes", "waiting_codes"]


def answer(config: Config, outcome: Admission, srp_m2: str = "") -> Authorised:
    """The log-in answer (accounts.md §5.3): the token sealed to the account's public key, in clear only where there is none, or what is
    owed. Codes have another field beside a passkey, for clients that know only one factor."""
    if not isinstance(outcome, Grant):
        return Authorised(
            id=outcome.user_id,
            passkey_session_id=outcome.passkey,
            accounts_url=config.app_page("accounts") if outcome.passkey else "",
            two_factor_session_id="" if outcome.passkey else outcome.totp,
            two_factor_session_id_v2=outcome.totp if outcome.passkey else "",
            srp_m2=srp_m2,
        )
    keys = outcome.keys
    return Authorised(
        id=outcome.user_id,
        passkey_session_id="",
        accounts_url="",
        two_factor_session_id="",
        two_factor_session_id_v2="",
        key_attributes=keys,
        encrypted_token="" if keys is None else seal_token(outcome.token, keys.public_key),
        token=outcome.token if keys is None else "",
        srp_m2=srp_m2,
    )


def forget_for_good(tx: Tx, user_id: int) -> None:
    """The password's verifier of an account that is gone for good, and exchanges that were open."""
    srp_queries.drop_exchanges(tx, user_id)
    srp_queries.drop_verifier(tx, user_id, 1 << 62)  # whenever it was set
