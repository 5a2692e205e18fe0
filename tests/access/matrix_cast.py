"""Casts: a TV's code, the phone that answers it, the TV with its token."""

from __future__ import annotations

from app.kernel.clock import MINUTE
from tests.access.rows import EVERYBODY, OTHERS, Ask, Row, Rows, Statuses, anybody, people, same
from tests.access.scene import Scene
from tests.cast.test_cast import KEY, Tv, answered, casting
from tests.collections.scenes import album, share


async def prepare(s: Scene) -> None:
    """TVs of the owner, of somebody whose share ended, and of a stranger who named the album; one that waits."""
    s.people["TV"] = await casting(s.world, s.owner, s.cid)
    s.extra["device"] = s.people["TV"].cast_id  # type: ignore[attr-defined]  # a Tv
    s.people["STRANGERS_TV"] = await casting(s.world, s.person("STRANGER"), s.cid)
    left = await s.world.person("left")
    await share(s.owner, s.cid, left)
    s.people["FORMERS_TV"] = await casting(s.world, left, s.cid)
    await s.owner.post("/collections/unshare", {"collectionID": s.cid, "email": left.email})
    s.people["ENDED_TV"] = ended = await casting(s.world, s.owner, await album(s.owner))
    await s.owner.delete(f"/cast/device-info/{ended.cast_id}")
    waiting = Tv(s.world)
    s.extra["code"] = await waiting.register()
    s.people["WAITING_TV"] = waiting
    s.world.clock.advance(MINUTE // 2)
    s.secrets += [s.people["TV"].carried["x-cast-access-token"], KEY]  # type: ignore[attr-defined]  # a Tv


def tvs(status: int) -> Statuses:
    return {"TV": status, "STRANGERS_TV": 401, "FORMERS_TV": 401, "ENDED_TV": 401, "WAITING_TV": 401, "OWNER": 401, "ANONYMOUS": 401}


def _photo(path: str) -> Ask:
    return lambda s, a: (f"/cast/files/{path}/{s.file}", None)


def _other(path: str) -> Ask:
    return lambda s, a: (f"/cast/files/{path}/{s.mine('OWNER')[1]}", None)


WAYS = {"download": 307, "preview": 307, "download/v3": 200, "thumbnail/v3": 200}

ROWS: Rows = {
    ("POST", "/cast/device-info"): Row(same("/cast/device-info", {"publicKey": "a2V5"}), anybody()),
    ("GET", "/cast/cast-data/{code}"): Row(lambda s, a: (f"/cast/cast-data/{s.extra['code']}", None), {"WAITING_TV": 200, "ANONYMOUS": 200}),
    ("GET", "/cast/device-info/{code}"): Row(lambda s, a: (f"/cast/device-info/{s.extra['code']}", None), EVERYBODY),
    ("POST", "/cast/cast-data"): Row(lambda s, a: ("/cast/cast-data", answered(s.extra["code"], s.cid)), people(404, 404, 404, 404, 404, 200)),
    ("POST", "/cast/cast-data", "of an album that is not there"): Row(
        lambda s, a: ("/cast/cast-data", answered(s.extra["code"], 1)), people(404, 404, 404, 404, 404, 404)
    ),
    ("GET", "/cast/device-info"): Row(same("/cast/device-info"), EVERYBODY),
    ("DELETE", "/cast/device-info/{device_id}"): Row(lambda s, a: (f"/cast/device-info/{s.extra['device']}", None), EVERYBODY, inert=OTHERS),
    ("DELETE", "/cast/revoke-all-tokens"): Row(same("/cast/revoke-all-tokens"), EVERYBODY),
    ("GET", "/cast/info"): Row(same("/cast/info"), tvs(200)),
    ("GET", "/cast/diff"): Row(same("/cast/diff?sinceTime=0"), tvs(200)),
    **{("GET", f"/cast/files/{way}/{{file_id}}"): Row(_photo(way), tvs(status)) for way, status in WAYS.items()},
    **{("GET", f"/cast/files/{way}/{{file_id}}", "of a photo in another album"): Row(_other(way), tvs(403)) for way in WAYS},
}
