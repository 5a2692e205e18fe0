"""Signed tokens for other pages (accounts.md §2.4, §5.10)."""

from __future__ import annotations

from app.kernel.clock import DAY, MINUTE
from tests.inprocess import Person, World


async def test_signed_tokens(world: World, alice: Person) -> None:
    read, now = world.kernel.crypto.read_jwt, world.clock.now()
    accounts = (await alice.get("/users/accounts-token")).json()
    families = (await alice.get("/users/families-token")).json()
    payment = (await alice.get("/users/payment-token")).json()
    assert accounts["accountsUrl"] == world.kernel.config.app_page("accounts")
    assert families["familyUrl"] == world.kernel.config.app_page("family")
    for token, scope, lifetime in (
        (accounts["accountsToken"], "ACCOUNTS", 30 * MINUTE),
        (families["familiesToken"], "FAMILIES", DAY),
        (payment["paymentToken"], "PAYMENT", DAY),
    ):
        assert read(token, scope=scope, now=now) == {"userID": alice.user_id, "expiryTime": now + lifetime, "claimScope": scope}
        assert read(token, scope="DELETE_ACCOUNT", now=now) is None
        await alice.get("/users/details/v2", token=token, expect=401)
