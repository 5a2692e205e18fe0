"""What tools ask first: is this an Immich, and which."""

from __future__ import annotations

from litestar import get

from ..serving.face import ANYONE
from . import VERSION


@get("/.well-known/immich", permission=ANYONE, sync_to_thread=False)
def well_known() -> dict[str, dict[str, str]]:
    """Where the API is, for tools that were given the plain address."""
    return {"api": {"endpoint": "/api"}}


@get("/api/server/ping", permission=ANYONE, sync_to_thread=False)
def ping() -> dict[str, str]:
    return {"res": "pong"}


@get("/api/server/version", permission=ANYONE, sync_to_thread=False)
def version() -> dict[str, int | None]:
    major, minor, patch = VERSION
    return {"major": major, "minor": minor, "patch": patch, "prerelease": None}


HANDLERS = [well_known, ping, version]
