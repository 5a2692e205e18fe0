"""Pastes: read once, by whoever has the link and the cookie that was made for it."""

from __future__ import annotations

from tests.access.rows import Row, Rows, anybody, same
from tests.access.scene import Scene
from tests.paste.test_paste import AGENT, BODY, cookie, paste
from tests.visits.scenes import Visitor


async def prepare(s: Scene) -> None:
    s.extra["paste"], another = await paste(s.world, encryptedData="c2VjcmV0cGFzdGU="), await paste(s.world)

    async def browser(actor: str, guarded: str, **headers: str) -> None:
        api = Visitor(s.world, "")
        api.carried = {**AGENT, "x-paste-consume": "1", **headers}
        if guarded:
            api.carried["cookie"] = await cookie(api, guarded)
        s.people[actor] = api

    await browser("READER", s.extra["paste"])
    await browser("WITH_ANOTHERS_COOKIE", another)
    await browser("WITHOUT_COOKIE", "")
    await browser("PREVIEW_BOT", "", **{"user-agent": "Slackbot-LinkExpanding 1.0"})
    s.secrets.append("c2VjcmV0cGFzdGU=")


ROWS: Rows = {
    ("POST", "/paste/create"): Row(same("/paste/create", BODY), anybody()),
    ("POST", "/paste/guard"): Row(
        lambda s, a: ("/paste/guard", {"accessToken": s.extra["paste"]}), {"READER": 200, "WITHOUT_COOKIE": 200, "PREVIEW_BOT": 410}
    ),
    ("POST", "/paste/guard", "of no paste"): Row(same("/paste/guard", {"accessToken": "AAAAAAAAAAAA"}), anybody(410)),
    ("POST", "/paste/consume"): Row(
        lambda s, a: ("/paste/consume", {"accessToken": s.extra["paste"]}),
        {"READER": 200, "WITH_ANOTHERS_COOKIE": 410, "WITHOUT_COOKIE": 410, "PREVIEW_BOT": 410},
    ),
}
