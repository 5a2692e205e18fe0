"""What the link tests set up again and again: an album with a link, its visitors, passwords."""

from __future__ import annotations

from typing import Any

from tests.collections.scenes import album
from tests.inprocess import Api, Person, Response, World

Json = dict[str, Any]
INFO, DIFF = "/public-collection/info", "/public-collection/diff?sinceTime=0"
SECRET = {"passHash": "c2VjcmV0", "nonce": "bm9uY2U=", "memLimit": 67108864, "opsLimit": 2}
GUESS = {**SECRET, "passHash": "Z3Vlc3M="}


class Visitor(Api):
    """Somebody without an account at an address of their own, who holds a token."""

    def __init__(self, world: World, token: str, agent: str = "Firefox") -> None:
        super().__init__(world.app, ip=world.anon().ip)
        self.carried = {"x-auth-access-token": token, "user-agent": agent}

    async def call(self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None, **kw: Any) -> Response:
        return await super().call(method, path, body, headers={**self.carried, **(headers or {})}, **kw)

    async def unlock(self, secret: Json = SECRET) -> str:
        """Give the password and keep the proof."""
        proof: str = (await self.post("/public-collection/verify-password", {"passHash": secret["passHash"]})).json()["jwtToken"]
        self.carried["x-auth-access-token-jwt"] = proof
        return proof

    async def album(self) -> Json:
        found: Json = (await self.get(INFO)).json()["collection"]
        return found

    async def diff(self, since: int = 0) -> list[Json]:
        page = (await self.get(f"/public-collection/diff?sinceTime={since}")).json()
        assert page["hasMore"] is False
        rows: list[Json] = page["diff"]
        return rows


async def link(who: Person, collection: int, **options: Any) -> Json:
    """The album's link, made if there is none."""
    made: Json = (await who.post("/collections/share-url", {"collectionID": collection, **options})).json()["result"]
    return made


async def change(who: Person, collection: int, **options: Any) -> Json:
    changed: Json = (await who.put("/collections/share-url", {"collectionID": collection, **options})).json()["result"]
    return changed


async def end(who: Person, collection: int, **kw: Any) -> Response:
    return await who.delete(f"/collections/share-url/{collection}", **kw)


def token(url: Json) -> str:
    """Of a link in either app's form."""
    text: str = url["url"]
    return text.rsplit("=" if "?t=" in text else "/", 1)[1]


async def linked(world: World, who: Person, **options: Any) -> tuple[int, Visitor]:
    """An album with a link, and a visitor who has it."""
    collection = await album(who)
    return collection, Visitor(world, token(await link(who, collection, **options)))
