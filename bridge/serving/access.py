"""Which request may do what: a key or a session in any of the places where tools put it, and the permission that each handler declares."""

from __future__ import annotations

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from ..library.api_keys import ApiKey, ApiKeys
from .face import ANY_KEY, ANYONE
from .problems import Problem

Connected = ASGIConnection[Any, Any, Any, Any]
COOKIE = "immich_access_token"
HEADERS = ("x-api-key", "x-immich-user-token", "x-immich-session-token")


def presented(request: Connected) -> tuple[str, bool]:
    """The key or token of a request, or "", and whether it came as an API key."""
    if key := request.headers.get("x-api-key"):
        return key, True
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and bearer.strip():
        return bearer.strip(), False
    for header in HEADERS[1:]:
        if token := request.headers.get(header):
            return token, False
    if token := request.cookies.get(COOKIE):
        return token, False
    return request.query_params.get("apiKey", ""), True


class Guard:
    """Runs before the body of a request is read."""

    def __init__(self, keys: ApiKeys) -> None:
        self._keys = keys

    def __call__(self, request: Connected, handler: BaseRouteHandler) -> None:
        wanted = handler.opt.get("permission", ANY_KEY)
        if wanted == ANYONE:
            return
        token, as_key = presented(request)
        if not token:
            raise Problem(401, "Authentication required")
        key = self._keys.check(token)
        if key is None:
            raise Problem(401, "Invalid API key" if as_key else "Invalid user token")
        if wanted != ANY_KEY and not key.may(wanted):
            raise Problem(403, f"Missing required permission: {wanted}")
        request.scope["state"]["api_key"] = key


def key_of(request: Connected) -> ApiKey:
    """Whose request this is; only behind the guard."""
    found = request.scope["state"]["api_key"]
    assert isinstance(found, ApiKey)
    return found
