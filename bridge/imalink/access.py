"""What a handler of this face needs: a permission of the key, or a registered user's session, which may everything in what is its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

from litestar.di import NamedDependency, Provide
from litestar.handlers import BaseRouteHandler

from ..library.api_keys import ALL, ApiKey
from ..library.library import Library
from ..serving.access import Connected, key_of
from ..serving.bridge import Bridge
from ..serving.face import ANY_KEY
from ..serving.problems import Problem
from .catalog import Catalog
from .people import KEY, People, Person

Me: TypeAlias = NamedDependency[Person]
Everyone: TypeAlias = NamedDependency[People]
Books: TypeAlias = NamedDependency[Catalog]

_people: WeakKeyDictionary[Library, People] = WeakKeyDictionary()
_catalogs: WeakKeyDictionary[Library, Catalog] = WeakKeyDictionary()


def _allowed(permission: str) -> Callable[[Connected, BaseRouteHandler], None]:
    def guard(request: Connected, _: BaseRouteHandler) -> None:
        key = key_of(request)
        if not key.name.startswith(KEY) and not key.may(permission):
            raise Problem(403, f"Missing required permission: {permission}")

    return guard


def _needs(permission: str, status: int = 200) -> dict[str, Any]:
    return {"permission": ANY_KEY, "guards": [_allowed(permission)], "status_code": status}


READ, VIEW, UPDATE, DELETE = _needs("asset.read"), _needs("asset.view"), _needs("asset.update"), _needs("asset.delete")
UPLOAD, CREATE = _needs("asset.upload", 201), _needs("asset.update", 201)
ACCOUNT = _needs(ALL)


def people(bridge: NamedDependency[Bridge]) -> People:
    return _people.setdefault(bridge.library, People(bridge))


def me(people: Everyone, key: NamedDependency[ApiKey]) -> Person:
    return people.of(key)


def catalog(library: NamedDependency[Library]) -> Catalog:
    return _catalogs.setdefault(library, Catalog(library))


HANDLERS: list[Any] = []
DEPENDENCIES = {
    "people": Provide(people, sync_to_thread=False),
    "me": Provide(me, sync_to_thread=False),
    "catalog": Provide(catalog, sync_to_thread=False),
}
