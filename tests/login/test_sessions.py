"""The list of sessions and how they end (accounts.md §5.6); readable device names."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from app.kernel import sessions as session_rows
from app.kernel.clock import DAY
from app.login.sweep import JOBS, sweep
from app.login.user_agent import pretty
from tests.inprocess import AUTH, Api, World
from tests.newcomer import Meet, Newcomer

MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"


async def sessions(api: Api) -> list[dict[str, object]]:
    found: list[dict[str, object]] = (await api.get("/users/sessions")).json()["sessions"]
    return found


async def test_the_list(dora: Newcomer) -> None:
    phone = await dora.second_device()
    mine, other = await sessions(dora.api)
    assert set(mine) == {"id", "token", "creationTime", "ip", "ua", "prettyUA", "lastUsedTime"}
    assert mine["token"] == dora.api.token
    assert other["token"] != phone.token  # a handle: nobody sees another device's credential
    assert len(str(other["token"])) == 44
    assert [s["token"] == phone.token for s in await sessions(phone)] == [False, True]
    assert (mine["ua"], mine["prettyUA"]) == ("Unknown Device", "Unknown Device")
    assert str(mine["ip"]).startswith("10.9.")


async def test_the_address_and_the_agent_are_shown(world: World, dora: Newcomer) -> None:
    phone = await dora.second_device()
    world.clock.advance(DAY)
    await phone.get("/users/session-validity/v2", headers={"user-agent": MAC})
    seen = world.kernel.last_used.take()
    await world.kernel.db.write("test", session_rows.touch, seen)
    other = (await sessions(dora.api))[1]
    assert (other["ua"], other["prettyUA"], other["ip"], other["lastUsedTime"]) == (MAC, "Chrome, Mac OS X", phone.ip, world.clock.now())


async def test_only_sessions_of_the_same_app_are_listed(dora: Newcomer) -> None:
    auth = await dora.second_device(AUTH)
    assert [s["token"] for s in await sessions(auth)] == [auth.token]
    assert [s["token"] for s in await sessions(dora.api)] == [dora.api.token]


async def test_ending_another_session_by_its_handle(dora: Newcomer) -> None:
    phone = await dora.second_device()
    handle = str((await sessions(dora.api))[1]["token"])
    await phone.get("/users/session-validity/v2", token=handle, expect=401)  # a handle is no credential
    for _ in range(2):
        assert (await dora.api.delete(f"/users/session?token={quote(handle)}")).json() == {}
    assert (await phone.get("/users/session-validity/v2", expect=401)).json() == {"error": "invalid token"}
    assert len(await sessions(dora.api)) == 1


async def test_ending_sessions_by_token_in_any_app(dora: Newcomer) -> None:
    auth = await dora.second_device(AUTH)
    await dora.api.delete(f"/users/session?token={quote(auth.token or '')}")
    await auth.get("/users/session-validity/v2", expect=401)
    await dora.api.delete("/users/session")
    await dora.api.delete(f"/users/session?token={quote(dora.api.token or '')}")
    await dora.api.get("/users/session-validity/v2", expect=401)


async def test_sessions_of_others_stay(meet: Meet, dora: Newcomer) -> None:
    emil = await (await meet("emil").sign_up()).give_keys()
    handle = str((await sessions(await dora.second_device()))[0]["token"])
    for named in (dora.api.token or "", handle):
        assert (await emil.api.delete(f"/users/session?token={quote(named)}")).json() == {}
    assert len(await sessions(dora.api)) == 2


async def test_ending_a_session_by_its_id(meet: Meet, dora: Newcomer) -> None:
    phone = await dora.second_device()
    mine, other = await sessions(dora.api)
    assert [s["id"] for s in await sessions(phone)] == [mine["id"], other["id"]]
    assert not {mine["id"], other["id"]} & {dora.api.token, phone.token}
    emil = await (await meet("emil").sign_up()).give_keys()
    await emil.api.delete(f"/users/sessions/{other['id']}", expect=404)
    await phone.get("/users/session-validity/v2")
    await phone.get("/users/session-validity/v2", token=str(other["id"]), expect=401)  # no credential
    assert (await dora.api.delete(f"/users/sessions/{other['id']}")).json() == {}
    await phone.get("/users/session-validity/v2", expect=401)
    assert (await dora.api.delete(f"/users/sessions/{other['id']}", expect=404)).json() == {}


async def test_ending_all_others(meet: Meet, dora: Newcomer) -> None:
    phone, auth = await dora.second_device(), await dora.second_device(AUTH)
    emil = await (await meet("emil").sign_up()).give_keys()
    assert (await dora.api.post("/users/sessions/revoke-others")).json() == {"ended": 2}
    for other in (phone, auth):
        await other.get("/users/session-validity/v2", expect=401)
    assert len(await sessions(dora.api)) == 1
    await emil.api.get("/users/session-validity/v2")


async def test_the_own_session_ends_itself(dora: Newcomer) -> None:
    phone = await dora.second_device()
    assert (await phone.delete("/users/sessions/current")).json() == {}
    await phone.get("/users/session-validity/v2", expect=401)
    assert len(await sessions(dora.api)) == 1


async def test_log_out(dora: Newcomer) -> None:
    phone = await dora.second_device()
    assert (await phone.post("/users/logout")).json() == {}
    await phone.post("/users/logout", expect=401)
    assert (await dora.api.post("/users/logout", {})).json() == {}
    await dora.api.get("/users/sessions", expect=401)


async def test_idle_sessions_end_and_are_swept(world: World, dora: Newcomer) -> None:
    world.clock.advance(365 * DAY + 1)
    assert (await dora.api.get("/users/sessions", expect=401)).json() == {"error": "token expired"}
    await dora.anon().post("/users/ott", {"email": dora.email})
    world.clock.advance(62 * DAY)
    await sweep(world.kernel)
    for table in ("sessions", "otts", "rate_counters"):
        assert await world.kernel.db.scan(lambda tx, t=table: tx.value(f"SELECT count(*) FROM {t}")) == 0
    assert [j.name for j in JOBS] == ["login.sweep"]


async def test_what_is_alive_is_not_swept(world: World, dora: Newcomer) -> None:
    await dora.anon().post("/users/ott", {"email": dora.email})
    await sweep(world.kernel)
    assert len(await sessions(dora.api)) == 1
    assert await world.kernel.db.scan(lambda tx: tx.value("SELECT count(*) FROM otts")) == 1


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (None, "Unknown Device"),
        ("  ", "Unknown Device"),
        (MAC, "Chrome, Mac OS X"),
        (MAC + " Edg/126.0", "Edge, Mac OS X"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0", "Firefox, Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 ente/1.7 Chrome/126.0 Electron/31.0 Safari/537.36", "Desktop App, Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1", "Safari, iOS"),
        ("Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UD1A) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36", "Pixel 8, Android 14"),
        ("Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36", "Chrome, Android 10"),
        ("Dalvik/2.1.0 (Linux; U; Android 13; SM-G991B Build/TP1A)", "SM-G991B, Android 13"),
        ("Dalvik/2.1.0 (Linux; Android 9)", "Phone, Android 9"),
        ("ente/1.2 CFNetwork/1494 Darwin/23.4.0", "Apple device"),
        ("ente/1.2 (iPhone) CFNetwork/1494 Darwin/23.4.0", "iPhone, iOS"),
        ("ente-cli/0.2.3", "ente-cli 0.2.3"),
        ("python-httpx/0.28.1", "python-httpx 0.28.1"),
        ("curl/8.5 (Linux)", "curl 8.5, Linux"),
        ("something on Linux", "Linux"),
        ("OPR/5", "Opera"),
        ("?" * 200, "?" * 80),
    ],
)  # fmt: skip
def test_readable_names(agent: str | None, name: str) -> None:
    assert pretty(agent) == name
