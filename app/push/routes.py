"""Routes of /push/token and /events* (misc.md §11)."""

from __future__ import annotations

from ..http.answer import OBJECT
from ..http.auth import anyone, session
from ..http.request import Request
from ..http.routing import post
from ..kernel.access import Session
from ..kernel.parts import Kernel
from . import service, wire


class ClientVersion(str):
    """What the app says of its version, "" if nothing."""

    @classmethod
    def of(cls, request: Request) -> ClientVersion:
        return cls(request.header(b"x-client-version"))


async def report(kernel: Kernel, ask: wire.Event, version: ClientVersion) -> None:
    """An install, told by somebody without an account."""
    await service.report(kernel, None, ask, str(version))


async def report_own(kernel: Kernel, actor: Session, ask: wire.Event, version: ClientVersion) -> None:
    """A sign-up or a log-in."""
    await service.report(kernel, actor, ask, str(version))


ROUTES = [
    post("/push/token", session, service.keep_token, done=OBJECT),
    post("/events", anyone, report, limit="sensitive"),
    post("/events/user", session, report_own),
]
