"""Who may do what: every route × every kind of actor, in one table. A route that has no row fails the suite.

To add rows, write `tests/access/matrix_<feature>.py` (it is found by its name; see `matrix_remote_store` for a short one):

    async def prepare(s: Scene) -> None:                       # optional: what the rows need beyond the scene of `scene.py`
        s.extra["code"] = (await s.owner.post("/authenticator/entity", CODE)).json()["id"]
        s.people["TRUSTED"] = await s.world.person("trusted")  # an actor of one's own: anything with `call` (Api, Person, Visitor)
        s.secrets.append(CODE["encryptedData"])                # what no refusal may say, besides the album's keys and people's addresses

    ROWS: Rows = {
        ("GET", "/authenticator/key"): Row(same("/authenticator/key"), EVERYBODY),
        ("PUT", "/authenticator/entity"): Row(lambda s, a: ("/authenticator/entity", {**CODE, "id": s.extra["code"]}), SELF),
        ("GET", "/legacy/{id}"): Row(lambda s, a: (f"/legacy/{s.extra['id']}", None), {"OWNER": 200, "TRUSTED": 200, "STRANGER": 403}),
        ("GET", "/legacy/{id}", "before the waiting time is over"): Row(…, {"TRUSTED": 403}),     # a second row of a route has a third word
    }

A row is the request (scene, actor) → (path with query, body) and the status of each actor, the most privileged first: `people(OWNER, ADMIN,
COLLABORATOR, VIEWER, FORMER, STRANGER)` of the album `s.cid` adds 401 for the three who have no session of this app; `anybody()` is for
routes that ask nobody; a dict names one's own actors. Each row starts from the same scene, and actors try from the last to the first, so
that refusals come before what changes something. Of every refusal (400 and more) the test checks that it says nothing of `s.secrets`, and
that no table of the database has changed by it, nor by a GET, nor by those whom `inert=` names: their request is answered like anybody's
and does nothing, as when a record is deleted that is not theirs. Tables in which attempts are counted are named with `leaves=`.
"""

from __future__ import annotations

from itertools import groupby

import pytest

from app.main import all_routes
from tests.access.rows import Key
from tests.access.scene import INTRUDERS
from tests.access.stage import Stage
from tests.access.table import PREPARE, TABLE, title

COUNTED = {"rate_counters"}


def test_no_route_is_missing_from_the_table() -> None:
    routes = {(r.method, r.path) for r in all_routes() if not r.hidden}
    rows = {(key[0], key[1]) for key in TABLE}
    assert sorted(routes - rows) == [], "routes without a row: see the top of this file"
    assert sorted(rows - routes) == [], "rows without a route"


def test_whoever_asks_for_a_session_is_tried_without_one() -> None:
    """And where a credential is asked for, somebody is refused."""
    guarded = {(r.method, r.path): r.guard for r in all_routes() if not r.hidden and r.guard.credential is not None}
    for route, guard in guarded.items():
        tried = {actor: status for key, row in TABLE.items() if key[:2] == route for actor, status in row.statuses.items()}
        if guard.credential == "X-Auth-Token":
            assert {a: tried.get(a) for a in INTRUDERS} == dict.fromkeys(INTRUDERS, 401), route
        assert any(400 <= status < 500 for status in tried.values()), route


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("key", TABLE, ids=title)
async def test_who_may(stage: Stage, key: Key) -> None:
    row, s = TABLE[key], await stage.scene(PREPARE[key])
    got: dict[str, int] = {}
    changed: set[str] = set()
    inert = set(row.statuses) if key[0] == "GET" else {a for a, status in row.statuses.items() if status >= 400} | set(row.inert)
    for idle, actors in groupby(reversed(row.statuses.items()), lambda entry: entry[0] in inert):
        before = await stage.digest() if idle else {}
        for actor, _ in actors:
            path, body = row.ask(s, actor)
            sent = {"content": body} if isinstance(body, bytes) else {"body": body}
            r = await s.people[actor].call(key[0], path, headers=dict(row.headers or {}), expect=None, **sent)  # type: ignore[arg-type]
            got[actor] = r.status
            if r.status >= 400:
                said = [x for x in s.secrets if x and x in r.content.decode()]
                assert not said, f"{actor} is told {said}"
        if idle:
            after = await stage.digest()
            changed |= {t for t in after if after[t] != before[t]} - COUNTED - set(row.leaves)
    assert got == dict(row.statuses)
    assert not changed, "by requests that may change nothing"
