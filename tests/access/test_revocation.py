"""Every way of taking access away × every credential: afterwards nothing of what was taken away works, and everything else does.

Signed URLs that visitors were given are the exception the protocol forces: they live minutes (`objects.urls.VISIT_S`), whatever is revoked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from app.kernel.clock import DAY, MINUTE, SECOND
from app.kernel.crypto import session_handle, token_hash
from app.objects.urls import VISIT_S
from tests.access.scene import Scene
from tests.access.stage import Stage
from tests.cast.test_cast import casting
from tests.closing.test_closing import challenge
from tests.collections.scenes import album, items
from tests.collections.scenes import share as share_album
from tests.families.scenes import join, set_quota
from tests.file_links.test_file_links import change as change_file_link
from tests.file_links.test_file_links import link as file_link
from tests.file_links.test_file_links import visitor as file_visitor
from tests.files.photos import trash
from tests.inprocess import Api, Person
from tests.memories.test_memories import memory, viewer
from tests.newcomer import Newcomer
from tests.objects.parcels import commit_bytes, md5
from tests.social.test_social import HEART
from tests.social.test_visitors import SAID, named
from tests.visits.scenes import GUESS, SECRET, Visitor, change, end, link, token
from tests.visits.test_guests import ready

GIB = 1 << 30
NEW_PASSWORD = b"another password"
Way = Callable[[], Awaitable[bool]]
"""One thing that a credential lets its holder do; whether it was done."""


@dataclass
class Opened:
    """Dora's three albums of the same three photos, each with another kind of link, and everybody who was let in."""

    s: Scene
    dora: Newcomer
    owner: Person
    member: Person
    albums: list[int]
    photos: list[int]
    file_links: list[dict[str, Any]]
    memories: list[tuple[Person, int]]
    tvs: list[str]
    phone: Api
    ways: dict[str, list[Way]]


def does(who: Api, method: str, path: str, body: Any = None) -> Way:
    async def way() -> bool:
        return (await who.call(method, path, body, expect=None)).status < 400

    return way


def sees(who: Api, path: str, photo: int) -> Way:
    """Whether a list of an album or a memory has a photo that is still there."""

    async def way() -> bool:
        answer = await who.call("GET", path, expect=None)
        if answer.status != 200:
            return False
        said = answer.json()
        rows = said["diff"] if "diff" in said else [row["file"] for row in said["files"]]
        return any(row["id"] == photo and not row["isDeleted"] for row in rows)

    return way


def looks(who: Api, prefix: str, photo: int) -> list[Way]:
    """Every way of getting a photo's bytes behind a door."""
    return [does(who, "GET", f"{prefix}/files/{way}/{photo}") for way in ("download", "preview", "download/v3", "thumbnail/v3")]


def looks_at_one(who: Api) -> list[Way]:
    return [does(who, "GET", f"/file-link/{way}") for way in ("info", "file", "thumbnail", "file/v3", "thumbnail/v3")]


async def prepare(s: Scene) -> None:
    s.extra["opened"] = await _open(s)


async def _open(s: Scene) -> Opened:
    w = s.world
    dora = await Newcomer(w, "dora@example.net", w.anon()).complete()
    owner = Person(w.app, dora.user_id, dora.email, dora.api.token)
    phone = await dora.second_device()
    member = await w.person("member")
    albums = [await album(owner) for _ in range(3)]
    photos = [await commit_bytes(owner, albums[0], b"photo", b"thumbnail") for _ in range(3)]
    for other in albums[1:]:
        await owner.post("/collections/add-files", {"collectionID": other, "files": items(*photos)})
    await share_album(owner, albums[0], member)
    one = photos[0]

    open_link, locked, limited = [token(await link(owner, cid, enableCollect=True, enableComment=True)) for cid in albums]
    visitor = Visitor(w, open_link)
    await change(owner, albums[1], **SECRET)
    proven = Visitor(w, locked)
    await proven.unlock()
    await change(owner, albums[2], deviceLimit=1)
    first, device = Visitor(w, limited), Visitor(w, limited, "The same browser at another address")
    device.carried["x-auth-link-device-token"] = (await first.get("/public-collection/info")).headers["x-link-device-token"]
    named_one = Visitor(w, open_link)
    named_one.carried["x-anon-user-token"] = (await named(visitor))["anonToken"]
    guest = Visitor(w, open_link)
    commit = await ready(w, guest, albums[0])
    upload = {"contentLength": 3, "contentMD5": md5(b"abc")}

    links = [await file_link(owner, photo) for photo in photos]
    file_open, file_proven, file_first = [file_visitor(w, made) for made in links]
    await change_file_link(owner, links[1], **SECRET)
    proof = (await file_proven.post("/file-link/verify-password", {"passHash": SECRET["passHash"]})).json()["jwtToken"]
    file_proven.carried["x-auth-access-token-jwt"] = proof
    await change_file_link(owner, links[2], deviceLimit=1)
    file_device = file_visitor(w, links[2], "The same browser at another address")
    file_device.carried["x-auth-link-device-token"] = (await file_first.get("/file-link/info")).headers["x-link-device-token"]

    memories = [(who, await memory(who, one)) for who in (owner, member)]
    mine, members = [viewer(w, made) for _, made in memories]
    tv, members_tv = [await casting(w, who, albums[0]) for who in (owner, member)]

    await join(w, owner, member)
    await set_quota(w, member, 1)
    urls = [
        (await visitor.get(f"/public-collection/files/download/v3/{one}")).json()["url"],
        (await file_open.get("/file-link/file/v3")).json()["url"],
        (await mine.get(f"/public-memory/files/download/v3/{one}")).json()["url"],
        (await tv.get(f"/cast/files/download/v3/{one}")).json()["url"],
    ]
    anybody = w.anon()

    def of_album(who: Visitor | Api, prefix: str = "/public-collection") -> list[Way]:
        return [sees(who, f"{prefix}/diff?sinceTime=0", one), *looks(who, prefix, one)]

    def of_memory(who: Visitor) -> list[Way]:
        return [sees(who, "/public-memory/files", one), *looks(who, "/public-memory", one)]

    ways: dict[str, list[Way]] = {
        "OWNER": looks(owner, "", one)[:2],
        "PHONE": looks(phone, "", one)[:2],
        "MEMBER": [sees(member, f"/collections/v2/diff?collectionID={albums[0]}&sinceTime=0", one), *looks(member, "", one)],
        "PLAN": [does(member, "POST", "/files/upload-url", {"contentLength": GIB, "contentMD5": md5(b"abc")})],
        "LINK": of_album(visitor),
        "PROVEN": of_album(proven),
        "DEVICE": of_album(device),
        "GUEST": [
            does(guest, "POST", "/public-collection/upload-url", upload),
            does(guest, "POST", "/public-collection/multipart-upload-url", {"contentLength": 3, "partLength": 3, "partMd5s": [md5(b"abc")]}),
            does(guest, "POST", "/public-collection/file", commit),
        ],
        "NAME": [
            does(named_one, "POST", "/public-collection/comments", SAID),
            does(named_one, "POST", "/public-collection/reactions", HEART),
            does(named_one, "GET", "/public-collection/social/diff"),
        ],
        "FILE": looks_at_one(file_open),
        "FILE_PROVEN": looks_at_one(file_proven),
        "FILE_DEVICE": looks_at_one(file_device),
        "MEMORY": of_memory(mine),
        "MEMBERS_MEMORY": of_memory(members),
        "TV": of_album(tv, "/cast"),
        "MEMBERS_TV": of_album(members_tv, "/cast"),
        "URLS": [does(anybody, "GET", url.removeprefix("http://darkroom.test")) for url in urls],
    }
    made = [(who, row["id"]) for who, row in memories]
    return Opened(s, dora, owner, member, albums, photos, links, made, [tv.cast_id, members_tv.cast_id], phone, ways)


# --- what takes away
async def nothing(o: Opened) -> None:
    """Nothing is taken."""


async def links_disabled(o: Opened) -> None:
    for cid in o.albums:
        await end(o.owner, cid)


async def links_expired(o: Opened) -> None:
    for cid in o.albums:
        await change(o.owner, cid, validTill=o.s.world.clock.now() + SECOND)
    o.s.world.clock.advance(2 * SECOND)


async def links_made_anew(o: Opened) -> None:
    await links_disabled(o)
    for cid in o.albums:
        await link(o.owner, cid, enableCollect=True, enableComment=True)


async def link_passwords_changed(o: Opened) -> None:
    for cid in o.albums:
        await change(o.owner, cid, **GUESS)


async def collecting_switched_off(o: Opened) -> None:
    await change(o.owner, o.albums[0], enableCollect=False)


async def comments_switched_off(o: Opened) -> None:
    await change(o.owner, o.albums[0], enableComment=False)


async def unshared(o: Opened) -> None:
    await o.owner.post("/collections/unshare", {"collectionID": o.albums[0], "email": o.member.email})


async def left(o: Opened) -> None:
    await o.member.post(f"/collections/leave/{o.albums[0]}")


async def photos_moved_away(o: Opened) -> None:
    other = await album(o.owner)
    for cid in o.albums:
        await o.owner.post("/collections/move-files", {"fromCollectionID": cid, "toCollectionID": other, "files": items(*o.photos)})


async def photos_trashed(o: Opened) -> None:
    await trash(o.owner, *((photo, o.albums[0]) for photo in o.photos))


async def photos_deleted(o: Opened) -> None:
    await photos_trashed(o)
    await o.owner.post("/trash/delete", {"fileIDs": o.photos})


async def albums_deleted(o: Opened) -> None:
    for cid in o.albums:
        await o.owner.delete(f"/collections/v3/{cid}?collectionID={cid}&keepFiles=false")


async def logged_out(o: Opened) -> None:
    await o.phone.post("/users/logout")


async def session_ended(o: Opened) -> None:
    await o.owner.delete(f"/users/session?token={session_handle(token_hash(o.phone.token or ''))}")


async def password_changed(o: Opened) -> None:
    assert (await o.dora.change_password(NEW_PASSWORD, logOutOtherDevices=True)).status == 200


async def file_links_ended(o: Opened) -> None:
    for photo in o.photos:
        await o.owner.delete(f"/files/share-url/{photo}")


async def file_links_expired(o: Opened) -> None:
    for made in o.file_links:
        await change_file_link(o.owner, made, validTill=o.s.world.clock.now() + SECOND)
    o.s.world.clock.advance(2 * SECOND)


async def file_link_passwords_changed(o: Opened) -> None:
    for made in o.file_links:
        await change_file_link(o.owner, made, **GUESS)


async def memories_deleted(o: Opened) -> None:
    for who, made in o.memories:
        await who.delete(f"/memory-share/{made}")


async def tvs_put_off(o: Opened) -> None:
    await o.owner.delete(f"/cast/device-info/{o.tvs[0]}")
    await o.member.delete("/cast/revoke-all-tokens")


async def out_of_the_family(o: Opened) -> None:
    members = (await o.owner.get("/family/members")).json()["members"]
    (place,) = [m["id"] for m in members if m["email"] == o.member.email]
    await o.owner.delete(f"/family/remove-member/{place}")


async def account_closed(o: Opened) -> None:
    await o.owner.delete("/users/delete", {"challenge": await challenge(o.dora)})


async def minutes_passed(o: Opened) -> None:
    o.s.world.clock.advance(2 * VISIT_S * SECOND + MINUTE)


async def a_week_passed(o: Opened) -> None:
    o.s.world.clock.advance(7 * DAY + MINUTE)


async def a_month_passed(o: Opened) -> None:
    o.s.world.clock.advance(30 * DAY + MINUTE)


LINKS = {"LINK", "PROVEN", "DEVICE", "GUEST", "NAME"}
FILES = {"FILE", "FILE_PROVEN", "FILE_DEVICE"}
SIGHT = {"LINK", "PROVEN", "DEVICE", "MEMBER", "TV", "MEMBERS_TV"}
"""Who sees the photo in an album."""
MEMBERS = {"MEMBER", "MEMBERS_TV", "MEMBERS_MEMORY"}
MEMORIES = {"MEMORY", "MEMBERS_MEMORY"}
A_WEEK = MEMORIES | {"TV", "MEMBERS_TV", "URLS"}
REVOCATIONS: dict[Callable[[Opened], Awaitable[None]], set[str]] = {  # → whose credentials are worth nothing afterwards
    nothing: set(),
    links_disabled: LINKS,
    links_expired: LINKS,
    links_made_anew: LINKS,
    link_passwords_changed: LINKS,
    collecting_switched_off: {"GUEST"},
    comments_switched_off: {"NAME"},
    unshared: MEMBERS,
    left: MEMBERS,
    photos_moved_away: SIGHT | {"MEMBERS_MEMORY"},
    photos_trashed: SIGHT | FILES | MEMORIES,
    photos_deleted: SIGHT | FILES | MEMORIES | {"OWNER", "PHONE"},
    albums_deleted: SIGHT | LINKS | FILES | MEMORIES,
    logged_out: {"PHONE"},
    session_ended: {"PHONE"},
    password_changed: {"PHONE"},
    file_links_ended: FILES,
    file_links_expired: FILES,
    file_link_passwords_changed: FILES,
    memories_deleted: MEMORIES,
    tvs_put_off: {"TV", "MEMBERS_TV"},
    out_of_the_family: {"PLAN"},
    account_closed: SIGHT | LINKS | FILES | MEMORIES | {"OWNER", "PHONE", "PLAN"},
    minutes_passed: {"URLS"},
    a_week_passed: A_WEEK,
    a_month_passed: A_WEEK | {"PROVEN", "FILE_PROVEN"},
}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("revoke", REVOCATIONS, ids=lambda f: f.__name__)
async def test_what_was_taken_away_is_gone_and_the_rest_is_not(stage: Stage, revoke: Callable[[Opened], Awaitable[None]]) -> None:
    s = await stage.scene(prepare)
    o: Opened = s.extra["opened"]
    await revoke(o)
    done = {who: [await way() for way in ways] for who, ways in o.ways.items()}
    taken = REVOCATIONS[revoke]
    assert {who for who, what in done.items() if any(what)} == set(o.ways) - taken, done
    assert {who for who, what in done.items() if not all(what)} == taken, done
