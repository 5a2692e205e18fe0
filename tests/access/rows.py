"""What a row of the access matrix is made of. How to add rows stands at the top of `test_matrix`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.access.scene import INTRUDERS, PEOPLE, Scene

Ask = Callable[[Scene, str], tuple[str, Any]]
"""(scene, actor) → (path with query, body); a body of type bytes is sent as it is."""
Statuses = Mapping[str, int]
"""Actor → status, the most privileged first: requests are made from the last to the first."""
Key = tuple[str, str] | tuple[str, str, str]
"""(method, path as the route is declared), and, where a route has several rows, what this one is about."""


@dataclass(frozen=True)
class Row:
    """One request as everybody would send it, and the status each gets.

    `leaves`: tables in which even a refusal may leave something behind: an attempt that is counted. `inert`: actors whose request is answered
    well and changes nothing all the same; of a GET, everybody. `headers`: sent by all.
    """

    ask: Ask
    statuses: Statuses
    leaves: tuple[str, ...] = ()
    inert: tuple[str, ...] = ()
    headers: Mapping[str, str] | None = None


Rows = dict[Key, Row]


def people(owner: int, admin: int, collaborator: int, viewer: int, former: int, stranger: int) -> Statuses:
    """Of a route that asks for a session: the intruders (no session, one that was ended, one of another app) are refused with 401."""
    return dict(zip((*PEOPLE, *INTRUDERS), (owner, admin, collaborator, viewer, former, stranger, 401, 401, 401), strict=True))


def anybody(status: int = 200) -> Statuses:
    """Of a route that asks nobody: the same for all."""
    return dict.fromkeys((*PEOPLE, *INTRUDERS), status)


EVERYBODY = people(200, 200, 200, 200, 200, 200)
READERS = people(200, 200, 200, 200, 404, 404)
READERS_OF_FILES = people(200, 200, 200, 200, 403, 403)
OWNER_ONLY = people(200, 403, 403, 403, 403, 403)
MANAGERS = people(200, 200, 403, 403, 403, 403)
OTHERS = PEOPLE[1:]
OUTSIDERS = PEOPLE[4:]
SELF = people(200, 404, 404, 404, 404, 404)
"""The owner's own record, asked for by its id: for everybody else there is none."""


def same(path: str, body: Any = None) -> Ask:
    """The same request from everybody."""
    return lambda s, a: (path, body)
