"""Signed tokens for the pages of the accounts, the family and the payments app, each good for one purpose (accounts.md §2.4, §5.10)."""

from __future__ import annotations

from ..kernel.access import Session
from ..kernel.clock import DAY, MINUTE
from ..kernel.parts import Kernel
from .wire import AccountsToken, FamiliesToken, PaymentToken


def _scoped(kernel: Kernel, actor: Session, scope: str, lifetime: int) -> str:
    return kernel.crypto.jwt({"userID": actor.user_id, "expiryTime": kernel.clock.now() + lifetime, "claimScope": scope})


async def accounts_token(kernel: Kernel, actor: Session) -> AccountsToken:
    """For half an hour at the accounts app, where passkeys are kept."""
    return AccountsToken(accounts_token=_scoped(kernel, actor, "ACCOUNTS", 30 * MINUTE), accounts_url=kernel.config.app_page("accounts"))


async def families_token(kernel: Kernel, actor: Session) -> FamiliesToken:
    """For a day; only clients older than August 2026 ask for it."""
    return FamiliesToken(families_token=_scoped(kernel, actor, "FAMILIES", DAY), family_url=kernel.config.app_page("family"))


async def payment_token(kernel: Kernel, actor: Session) -> PaymentToken:
    return PaymentToken(payment_token=_scoped(kernel, actor, "PAYMENT", DAY))
