"""What tools ask before they work: log in, who am I, what can this server do."""

from __future__ import annotations

import hmac
from typing import Any

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie, State
from litestar.di import NamedDependency
from litestar.params import JSONBody

from ..client.shapes import VIDEO
from ..library import overview
from ..library.api_keys import ApiKey
from ..library.identity import Kind
from ..library.library import Library
from ..library.media import IMAGES, VIDEOS
from ..serving.access import COOKIE, presented
from ..serving.bridge import Bridge
from ..serving.face import ANY_KEY, ANYONE
from ..serving.problems import Problem
from . import VERSION
from .shapes import Shape, iso, user

WORDS = ".".join(map(str, VERSION))
ABOUT = "https://github.com/darkroom-server/darkroom"


class Credentials(Shape):
    email: str
    password: str


@post("/api/auth/login", permission=ANYONE)
async def log_in(data: JSONBody[Credentials], library: NamedDependency[Library], bridge: NamedDependency[Bridge]) -> Response[dict[str, Any]]:
    """A session for a tool that only knows address and password: the account's address, and one of the bridge's keys as the password."""
    key = bridge.keys.check(data.password)
    same = hmac.compare_digest(data.email.strip().casefold().encode(), library.link.email.casefold().encode())
    if key is None or not same:
        raise Problem(401, "Incorrect email or password")
    token, me = bridge.keys.begin(key), user(library)
    answer = {
        "accessToken": token, "userId": me.id, "userEmail": me.email, "name": me.name, "isAdmin": True, "profileImagePath": "",
        "shouldChangePassword": False, "isOnboarded": True,
    }  # fmt: skip
    cookies = [
        Cookie(COOKIE, value=token, httponly=True, samesite="lax", path="/"),
        Cookie("immich_auth_type", value="password", httponly=True, samesite="lax", path="/"),
        Cookie("immich_is_authenticated", value="true", samesite="lax", path="/"),
    ]
    return Response(answer, status_code=201, cookies=cookies)


@post("/api/auth/logout", permission=ANY_KEY, status_code=200)
async def log_out(request: Request[Any, Any, State], bridge: NamedDependency[Bridge]) -> Response[dict[str, Any]]:
    """Ends the session that asks; a key itself is ended by `darkroom bridge key revoke`."""
    ended = bridge.keys.end(presented(request)[0])
    response = Response({"successful": ended, "redirectUri": "/auth/login?autoLaunch=0"})
    response.delete_cookie(COOKIE)
    return response


@post("/api/auth/validateToken", permission=ANY_KEY, status_code=200)
async def validate() -> dict[str, bool]:
    return {"authStatus": True}


@get("/api/api-keys/me", permission=ANY_KEY, sync_to_thread=False)
def my_key(key: NamedDependency[ApiKey]) -> dict[str, Any]:
    at = iso(key.created * 1_000_000)
    return {"id": key.id, "name": key.name, "permissions": sorted(key.permissions), "createdAt": at, "updatedAt": at}


async def quota(library: Library) -> tuple[int, int]:
    """What the account may store and what it does, in bytes."""
    found = await library.connection.get("/users/details/v2", memoryCount="false")
    family = found.get("familyData") or {}
    allowed = int(family.get("storage") or found["subscription"]["storage"]) + int(found.get("storageBonus") or 0)
    used = sum(int(member.get("usage") or 0) for member in family.get("members") or []) if family else int(found["usage"])
    return allowed, used


@get("/api/users/me", permission="user.read")
async def me(library: NamedDependency[Library]) -> dict[str, Any]:
    found = user(library)
    allowed, used = await quota(library)
    return {
        "id": found.id, "email": found.email, "name": found.name, "avatarColor": found.avatar_color, "profileImagePath": "",
        "profileChangedAt": iso(0), "isAdmin": True, "status": "active", "createdAt": iso(0), "updatedAt": iso(0), "deletedAt": None,
        "shouldChangePassword": False, "oauthId": "", "storageLabel": None, "license": None, "quotaSizeInBytes": allowed,
        "quotaUsageInBytes": used, "clusterGroupId": library.ids.named(Kind.USER, "cluster group"),
    }  # fmt: skip


PREFERENCES = {
    "albums": {"defaultAssetOrder": "desc"},
    "cast": {"gCastEnabled": False},
    "download": {"archiveSize": 4 * 1024**3, "includeEmbeddedVideos": False},
    "emailNotifications": {"enabled": False, "albumInvite": False, "albumUpdate": False},
    "folders": {"enabled": True, "sidebarWeb": True},
    "memories": {"enabled": True, "duration": 5, "sidebarWeb": True},
    "people": {"enabled": True, "sidebarWeb": True, "minimumFaces": 1, "updateStrategy": "self"},
    "purchase": {"showSupportBadge": False, "hideBuyButtonUntil": iso(0)},
    "ratings": {"enabled": True},
    "recentlyAdded": {"sidebarWeb": True},
    "sharedLinks": {"enabled": False, "sidebarWeb": False},
    "tags": {"enabled": True, "sidebarWeb": True},
}


@get("/api/users/me/preferences", permission="userPreference.read", sync_to_thread=False)
def preferences() -> dict[str, Any]:
    return PREFERENCES


@get("/api/server/about", permission="server.about", sync_to_thread=False)
def about() -> dict[str, Any]:
    return {"version": f"v{WORDS}", "versionUrl": ABOUT, "licensed": False, "build": "darkroom bridge", "repositoryUrl": ABOUT}


@get("/api/server/features", permission=ANYONE, sync_to_thread=False)
def features(library: NamedDependency[Library]) -> dict[str, bool]:
    return {
        "smartSearch": False, "facialRecognition": library.has_people(), "duplicateDetection": False, "map": True, "reverseGeocoding": True,
        "importFaces": False, "sidecar": False, "search": True, "trash": True, "oauth": False, "oauthAutoLaunch": False, "passwordLogin": True,
        "configFile": True, "email": False, "ocr": False, "realtimeTranscoding": False,
    }  # fmt: skip


@get("/api/server/config", permission=ANYONE, sync_to_thread=False)
def config() -> dict[str, Any]:
    return {
        "externalDomain": "", "loginPageMessage": "The password is a key of this bridge.", "isInitialized": True, "isOnboarded": True,
        "maintenanceMode": False, "mapDarkStyleUrl": "", "mapLightStyleUrl": "", "minFaces": 1, "oauthButtonText": "", "publicUsers": False,
        "trashDays": 30, "userDeleteDelay": 7,
    }  # fmt: skip


@get("/api/server/media-types", permission=ANYONE, sync_to_thread=False)
def media_types() -> dict[str, list[str]]:
    return {"image": sorted(IMAGES), "video": sorted(VIDEOS), "sidecar": [".xmp"]}


@get("/api/server/storage", permission="server.storage")
async def storage(library: NamedDependency[Library]) -> dict[str, Any]:
    """The account's quota: there is no other disk that counts."""
    allowed, used = await quota(library)
    free = max(allowed - used, 0)
    return {
        "diskSize": words(allowed), "diskSizeRaw": allowed, "diskUse": words(used), "diskUseRaw": used, "diskAvailable": words(free),
        "diskAvailableRaw": free, "diskUsagePercentage": round(100 * used / allowed, 2) if allowed else 100.0,
    }  # fmt: skip


def words(count: int) -> str:
    """ "1.5 GiB"."""
    value, unit = float(count), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB", "PiB"):
        if value < 1024 or unit == "PiB":
            break
        value /= 1024
    return f"{value:.1f} {unit}" if unit != "B" else f"{count} B"


@get("/api/server/statistics", permission="server.statistics", sync_to_thread=False)
def statistics(library: NamedDependency[Library]) -> dict[str, Any]:
    counted = {"photos": 0, "videos": 0, "usage": 0, "usagePhotos": 0, "usageVideos": 0}
    for kind, (count, stored) in overview.sizes(library.facts, library.keys.user_id).items():
        counted["videos" if kind == VIDEO else "photos"] += count
        counted["usageVideos" if kind == VIDEO else "usagePhotos"] += stored
        counted["usage"] += stored
    me = user(library)
    return {**counted, "usageByUser": [{**counted, "userId": me.id, "userName": me.name, "quotaSizeInBytes": None}]}


@get("/api/server/version-check", permission="server.versionCheck", sync_to_thread=False)
def version_check() -> dict[str, None]:
    """Nobody is asked whether there is a newer one."""
    return {"checkedAt": None, "releaseVersion": None}


HANDLERS = [
    log_in, log_out, validate, my_key, me, preferences, about, features, config, media_types, storage, statistics, version_check,
]  # fmt: skip
