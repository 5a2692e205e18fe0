"""Enrolment and change of a password (accounts.md §4, §5.4)."""

from __future__ import annotations

import uuid
from typing import Any

from app.kernel.clock import MINUTE
from app.kernel.crypto import b64
from tests.clients import crypto
from tests.inprocess import AUTH, World
from tests.newcomer import MIB, Login, Meet, Newcomer

NEW = b"another password"


async def parameters(world: World, email: str, **kw: Any) -> Any:
    return await world.anon().get(f"/users/srp/attributes?email={email}", **kw)


# --- enrolment
async def test_the_mobile_order(world: World, meet: Meet) -> None:
    """Password first, keys after: a look at the attributes in between must not undo the password."""
    emil = await (await meet("emil").sign_up()).enrol()
    assert (await parameters(world, emil.email, expect=404)).json()["code"] == "NOT_FOUND"
    await emil.give_keys()
    assert (await Login(emil)()).json()["id"] == emil.user_id


async def test_a_sign_up_that_died_halfway_can_start_again(meet: Meet) -> None:
    emil = await (await meet("emil").sign_up()).enrol()
    emil.password = NEW
    await emil.enrol()
    await emil.give_keys()
    assert (await Login(emil)()).status == 200


async def test_a_sign_up_of_an_older_phone_taken_up_by_a_newer_app(world: World, meet: Meet) -> None:
    """The phone set the password and died; the web app starts over with another one: keys first, then the password."""
    emil = await (await meet("emil").sign_up()).enrol()
    world.clock.advance(MINUTE)
    emil.api, emil.password = world.anon(), NEW
    await (await emil.sign_up()).give_keys()
    await emil.enrol()
    assert (await Login(emil)()).status == 200


async def test_keys_that_come_in_a_later_session_do_not_meet_the_password_of_an_earlier_one(world: World, meet: Meet) -> None:
    """They may be of different passwords: the log-in then goes by e-mail code, and the app sets a password again."""
    emil = await (await meet("emil").sign_up()).enrol()
    world.clock.advance(MINUTE)
    emil.api = world.anon()
    await (await emil.sign_up()).give_keys()
    assert (await parameters(world, emil.email, expect=404)).json()["code"] == "NOT_FOUND"
    emil.api = await emil.second_device()
    await emil.enrol()
    assert (await Login(emil)()).status == 200


async def test_the_same_password_set_again_after_a_lost_answer(meet: Meet) -> None:
    """The web app keeps what it made for the password until it hears that it was set."""
    emil = await meet("emil").complete()
    client, begun = await emil.setup_again()
    done = await emil.api.post("/users/srp/complete", {"setupID": begun.json()["setupID"], "srpM1": b64(client.m1)})
    client.check(crypto.unb64(done.json()["srpM2"]))
    assert (await Login(emil)()).status == 200


async def test_enrolment_answers(world: World, meet: Meet) -> None:
    emil = await (await meet("emil").sign_up()).give_keys()
    dora = await meet("dora").complete()
    client, begun = await emil.setup()
    assert set(begun.json()) == {"setupID", "srpB"}
    setup = begun.json()["setupID"]
    body = {"setupID": setup, "srpM1": b64(client.m1)}
    assert (await emil.api.post("/users/srp/complete", {**body, "srpM1": b64(bytes(32))}, expect=401)).json() == {}
    assert (await emil.api.post("/users/srp/complete", {**body, "setupID": str(uuid.uuid4())}, expect=404)).json() == {}
    assert (await dora.api.post("/users/srp/complete", body, expect=404)).json() == {}
    for bad in ({"setupID": ""}, {"setupID": "x"}, {"srpM1": ""}):
        assert (await emil.api.post("/users/srp/complete", {**body, **bad}, expect=400)).json() == {}
    done = (await emil.api.post("/users/srp/complete", body)).json()
    assert done["setupID"] == setup
    client.check(crypto.unb64(done["srpM2"]))
    assert (await emil.api.post("/users/srp/complete", body, expect=410)).json()["code"] == "SESSION_ALREADY_VERIFIED"
    login = await world.anon().post(
        "/users/srp/verify-session", {"sessionID": setup, "srpUserID": emil.srp_user_id, "srpM1": b64(client.m1)}, expect=401
    )
    assert login.json() == {}  # an enrolment is no log-in


async def test_enrolling_twice_is_refused(dora: Newcomer) -> None:
    known, salt = dora.srp_user_id, dora.salt
    client, begun = await dora.setup()
    body = {"setupID": begun.json()["setupID"], "srpM1": b64(client.m1)}
    assert (await dora.api.post("/users/srp/complete", body, expect=400)).json()["code"] == "BAD_REQUEST"
    dora.srp_user_id, dora.salt = known, salt
    assert (await Login(dora)()).status == 200


async def test_the_identity_of_somebody_else(meet: Meet, dora: Newcomer) -> None:
    emil = await (await meet("emil").sign_up()).give_keys()
    client, begun = await emil.setup(srpUserID=dora.srp_user_id)
    body = {"setupID": begun.json()["setupID"], "srpM1": b64(client.m1)}
    assert (await emil.api.post("/users/srp/complete", body, expect=400)).json()["code"] == "BAD_REQUEST"
    assert (await Login(dora)()).status == 200


async def test_setups_of_others_do_not_keep_one_out(meet: Meet, dora: Newcomer) -> None:
    emil = await meet("emil").complete()
    dora.world.clock.advance(MINUTE)
    for _ in range(10):
        assert (await emil.setup(srpUserID=dora.srp_user_id))[1].status == 200
    dora.world.clock.advance(MINUTE)
    assert (await emil.setup(srpUserID=dora.srp_user_id))[1].status == 200  # the oldest one gave way
    assert await dora.world.kernel.db.scan(lambda tx: tx.value("SELECT count(*) FROM srp_sessions WHERE user_id = :u", u=emil.user_id)) == 11
    assert (await Login(dora)()).status == 200


async def test_malformed_setups(dora: Newcomer) -> None:
    for missing in ("srpUserID", "srpSalt", "srpVerifier", "srpA"):
        assert (await dora.setup(**{missing: ""}))[1].status == 400
    for bad in ({"srpVerifier": "%%%"}, {"srpVerifier": b64(bytes(512))}, {"srpVerifier": b64(bytes(513))}, {"srpA": "%%%"}):
        refused = (await dora.setup(**bad))[1]
        assert (refused.status, refused.json()["code"]) == (400, "BAD_REQUEST")
        dora.world.clock.advance(MINUTE)


# --- password change
async def test_a_new_password(world: World, dora: Newcomer) -> None:
    old = Login(dora)
    await old.start()
    phone, desk = await dora.second_device(), await dora.second_device(AUTH)
    changed = dora.new_keys()
    answer = await dora.change_password(NEW, keys=changed)
    assert set(answer.json()) == {"setupID", "srpM2"}
    assert (await old.finish()).status == 401  # the old password's open exchange is void
    for other in (phone, desk):
        assert (await other.get("/users/details/v2", expect=401)).json() == {"error": "invalid token"}
    await dora.api.get("/users/details/v2")
    stored = (await Login(dora)()).json()["keyAttributes"]
    assert stored == {**dora.keys, **changed, "kekHash": ""}
    assert (await Login(dora, b"1234567890abcdef")()).status == 401


async def test_the_client_of_the_command_line_spells_setup_id_otherwise(dora: Newcomer) -> None:
    dora.password = NEW
    client, begun = await dora.setup()
    body = {"setupId": begun.json()["setupID"], "srpM1": b64(client.m1), "updatedKeyAttr": dora.new_keys(), "logOutOtherDevices": None}
    await dora.api.post("/users/srp/update", body)
    assert (await Login(dora)()).status == 200


async def test_other_devices_stay_when_told_so(dora: Newcomer) -> None:
    phone = await dora.second_device()
    assert (await dora.change_password(NEW, logOutOtherDevices=False)).status == 200
    await phone.get("/users/details/v2")


async def test_a_password_change_is_checked_before_anything(dora: Newcomer) -> None:
    known, salt, password = dora.srp_user_id, dora.salt, dora.password
    client, begun = await dora.setup()
    body = {"setupID": begun.json()["setupID"], "srpM1": b64(client.m1)}
    good = dora.new_keys()
    refusals: list[tuple[dict[str, Any], int, str | None]] = [
        ({}, 400, None),
        ({"updatedKeyAttr": None}, 400, None),
        ({"updatedKeyAttr": {**good, "encryptedKey": ""}}, 400, None),
        ({"updatedKeyAttr": {**good, "memLimit": 1 << 30}}, 400, "BAD_REQUEST"),
        ({"updatedKeyAttr": {**good, "memLimit": 64 * MIB, "opsLimit": 64}}, 400, "BAD_REQUEST"),
        ({"updatedKeyAttr": good, "srpM1": b64(bytes(32))}, 401, None),
        ({"updatedKeyAttr": good, "setupID": str(uuid.uuid4())}, 404, None),
    ]
    for change, status, code in refusals:
        assert (await dora.api.post("/users/srp/update", {**body, **change}, expect=status)).json().get("code") == code
    dora.srp_user_id, dora.salt, dora.password = known, salt, password
    assert (await Login(dora)()).json()["keyAttributes"]["encryptedKey"] == dora.keys["encryptedKey"]
