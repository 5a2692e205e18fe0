"""Key attributes, the recovery key, public keys (accounts.md §5.5)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from app.kernel.crypto import b64
from tests.inprocess import Person, World
from tests.newcomer import MIB, Meet, Newcomer, attributes

RECOVERY = ("masterKeyEncryptedWithRecoveryKey", "masterKeyDecryptionNonce", "recoveryKeyEncryptedWithMasterKey", "recoveryKeyDecryptionNonce")
REQUIRED = (
    "kekSalt", "encryptedKey", "keyDecryptionNonce", "publicKey", "encryptedSecretKey", "secretKeyDecryptionNonce", "memLimit", "opsLimit",
)  # fmt: skip


@pytest.fixture
async def emil(meet: Meet) -> Newcomer:
    """Address confirmed, no keys yet."""
    return await meet("emil").sign_up()


@pytest.fixture
def keys(world: World, emil: Newcomer) -> dict[str, Any]:
    return attributes(world, bytes(emil.secret.public_key))


async def put(who: Newcomer, keys: Any, **kw: Any) -> Any:
    return await who.api.put("/users/attributes", {"keyAttributes": keys}, **kw)


async def stored(who: Newcomer) -> Any:
    return (await who.api.get("/users/session-validity/v2")).json()


async def test_they_come_back_as_sent(emil: Newcomer, keys: dict[str, Any]) -> None:
    assert await stored(emil) == {"hasSetKeys": False}
    assert (await put(emil, {**keys, "kekHash": None})).content == b""
    assert await stored(emil) == {"hasSetKeys": True, "keyAttributes": {**keys, "kekHash": ""}}


async def test_they_are_written_once(world: World, emil: Newcomer, keys: dict[str, Any]) -> None:
    other = attributes(world, bytes(emil.secret.public_key))
    await put(emil, keys)
    assert (await put(emil, other, expect=403)).json() == {}
    assert (await put(emil, keys)).content == b""  # a repeated request, its first answer lost
    assert (await stored(emil))["keyAttributes"]["encryptedKey"] == keys["encryptedKey"]


async def test_of_two_devices_at_once_one_writes(world: World, emil: Newcomer) -> None:
    many = [attributes(world, bytes(emil.secret.public_key)) for _ in range(4)]
    statuses = [r.status for r in await asyncio.gather(*(put(emil, k, expect=None) for k in many))]
    assert sorted(statuses) == [200, 403, 403, 403]


async def test_each_required_one_is_missed(emil: Newcomer, keys: dict[str, Any]) -> None:
    assert (await emil.api.put("/users/attributes", {}, expect=400)).json() == {}
    assert (await emil.api.put("/users/attributes", content=b"", expect=400)).json() == {}
    for name in REQUIRED:
        for broken in ({k: v for k, v in keys.items() if k != name}, {**keys, name: type(keys[name])()}):
            assert (await put(emil, broken, expect=400)).json() == {}
    assert await stored(emil) == {"hasSetKeys": False}


@pytest.mark.parametrize(("mem", "ops"), [(256 * MIB, 4), (64 * MIB, 2), (64 * MIB, 64), (1024 * MIB, 8), (-(1 << 31), -2)])
async def test_the_key_derivation_must_be_strong(emil: Newcomer, keys: dict[str, Any], mem: int, ops: int) -> None:
    assert (await put(emil, {**keys, "memLimit": mem, "opsLimit": ops}, expect=400)).json()["code"] == "BAD_REQUEST"
    assert await stored(emil) == {"hasSetKeys": False}


@pytest.mark.parametrize(("mem", "ops"), [(128 * MIB, 32), (256 * MIB, 16), (512 * MIB, 8), (1024 * MIB, 4)])
async def test_the_strengths_that_clients_use(emil: Newcomer, keys: dict[str, Any], mem: int, ops: int) -> None:
    await put(emil, {**keys, "memLimit": mem, "opsLimit": ops})


@pytest.mark.parametrize("public_key", ["not base64!", b64(b"short"), b64(bytes(33)), b64(bytes(32)), "%%%"])
async def test_a_public_key_that_cannot_work(emil: Newcomer, keys: dict[str, Any], public_key: str) -> None:
    await put(emil, {**keys, "publicKey": public_key}, expect=400)
    assert await stored(emil) == {"hasSetKeys": False}


async def test_what_is_too_long_for_a_key(emil: Newcomer, keys: dict[str, Any]) -> None:
    for name in ("kekSalt", "kekHash", "encryptedKey", "recoveryKeyEncryptedWithMasterKey"):
        refused = (await put(emil, {**keys, name: "x" * 1025}, expect=400)).json()
        assert refused == {"code": "BAD_REQUEST", "message": "key attributes may have 1024 characters"}
    assert (await emil.api.put("/users/recovery-key", dict.fromkeys(RECOVERY, "x" * 1025), expect=400)).json() == refused
    _, answer = await emil.setup(srpSalt="x" * 1025)
    assert (answer.status, answer.json()) == (400, refused)
    assert await stored(emil) == {"hasSetKeys": False}
    await put(emil, keys)
    await emil.enrol()
    changed = await emil.change_password(b"another password", keys={"kekSalt": "x" * 1025})
    assert (changed.status, changed.json()) == (400, refused)


async def test_recovery_key_of_an_old_account(world: World, emil: Newcomer, keys: dict[str, Any]) -> None:
    recovery = {k: keys[k] for k in RECOVERY}
    assert (await emil.api.put("/users/recovery-key", recovery, expect=404)).json() == {}
    await put(emil, {k: v for k, v in keys.items() if k not in RECOVERY})
    assert [(await stored(emil))["keyAttributes"][k] for k in RECOVERY] == [""] * 4
    for name in RECOVERY:
        assert (await emil.api.put("/users/recovery-key", {**recovery, name: ""}, expect=400)).json() == {}
    for _ in range(2):  # the same again is no error
        assert (await emil.api.put("/users/recovery-key", recovery)).content == b""
    assert (await stored(emil))["keyAttributes"] == {**keys, "kekHash": ""}
    other = {k: attributes(world, bytes(32))[k] for k in RECOVERY}
    assert (await emil.api.put("/users/recovery-key", other, expect=409)).json()["code"] == "CONFLICT"
    assert (await stored(emil))["keyAttributes"] == {**keys, "kekHash": ""}


async def test_public_keys_of_others(world: World, emil: Newcomer, dora: Newcomer) -> None:
    found = (await emil.api.get(f"/users/public-key?email=%20{dora.email.upper()}")).json()
    assert found == {"publicKey": dora.keys["publicKey"]}
    for email in ("nobody@example.net", emil.email, ""):
        assert (await dora.api.get(f"/users/public-key?email={email}", expect=404)).json() == {}
    assert (await dora.api.get("/users/public-key", expect=404)).json() == {}
    assert (await world.anon().get(f"/users/public-key?email={dora.email}", expect=401)).json() == {"error": "missing token"}


async def test_public_keys_are_counted(world: World, dora: Newcomer) -> None:
    for _ in range(world.kernel.config.limits.public_key.count):
        await dora.api.get(f"/users/public-key?email={dora.email}")
    assert "error" in (await dora.api.get(f"/users/public-key?email={dora.email}", expect=429)).json()


async def test_validity_costs_one_statement(dora: Newcomer) -> None:
    """Every client asks at every start and pull: the keys come with the session."""
    db = dora.world.kernel.db
    statements: list[Any] = []
    read = db.read

    async def counting(fn: Any, /, *args: Any, **kw: Any) -> Any:
        def counted(tx: Any, *a: Any, **k: Any) -> Any:
            result = fn(tx, *a, **k)
            statements.append(fn)
            return result

        return await read(counted, *args, **kw)

    db.read = counting  # type: ignore[method-assign]  # a wrapper with the same signature
    await dora.api.get("/users/session-validity/v2")
    assert len(statements) == 1


async def test_public_keys_of_several_people(world: World, alice: Person, bob: Person, carol: Person) -> None:
    async def ask(*emails: str, **kw: Any) -> Any:
        return (await alice.post("/users/public-keys", {"emails": list(emails)}, **kw)).json()

    one = (await alice.get(f"/users/public-key?email={bob.email}")).json()["publicKey"]
    other = (await alice.get(f"/users/public-key?email={carol.email}")).json()["publicKey"]
    shouted = carol.email.upper()
    assert await ask(bob.email, shouted) == {"publicKeys": [{"publicKey": one, "email": bob.email}, {"publicKey": other, "email": shouted}]}
    unfinished = await world.person("unfinished", keys=False)
    for nobody in ("nobody@example.org", unfinished.email):
        assert await ask(bob.email, nobody, expect=404) == {}
    assert await ask(expect=400) == {}
    for body in ({}, {"emails": "x"}, {"emails": [1]}, {"emails": ["x"] * 101}):
        assert (await alice.post("/users/public-keys", body, expect=400)).json() == {}
    await world.anon().post("/users/public-keys", {"emails": [bob.email]}, expect=401)


async def test_a_list_is_no_cheaper_way_to_try_addresses(alice: Person, bob: Person) -> None:
    statuses = [(await alice.post("/users/public-keys", {"emails": [bob.email, f"nobody{n}@example.org"]}, expect=None)).status for n in range(8)]
    assert statuses == [404] * 5 + [429] * 3
    await alice.get("/users/public-key?email=nobody99@example.org", expect=429)
    await alice.post("/users/public-keys", {"emails": [bob.email]})
