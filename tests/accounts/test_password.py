"""Password log-in, enrolment and password change (accounts.md §4, §5.4). The client's side is an independent computation."""

from __future__ import annotations

from tests.accounts.newcomer import Login, Newcomer
from tests.inprocess import World


async def test_it_works(world: World, dora: Newcomer) -> None:
    known = (await world.anon().get(f"/users/srp/attributes?email={dora.email}")).json()["attributes"]
    assert known == {
        "srpUserID": dora.srp_user_id, "srpSalt": known["srpSalt"], "memLimit": 1 << 28, "opsLimit": 16,
        "kekSalt": dora.keys["kekSalt"], "isEmailMFAEnabled": False,
    }  # fmt: skip
    login = Login(dora)
    answer = (await login()).json()
    assert set(answer) == {
        "id", "keyAttributes", "encryptedToken", "passkeySessionID", "accountsUrl", "twoFactorSessionID", "twoFactorSessionIDV2", "srpM2",
    }  # fmt: skip
    assert answer["id"] == dora.user_id
    assert answer["keyAttributes"] == {**dora.keys, "kekHash": ""}
    token = dora.open_token(answer)
    assert (await world.anon().get("/users/details/v2", token=token)).json()["email"] == dora.email
