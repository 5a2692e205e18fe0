"""The administration in a browser: controllers of Litestar. They need no script; a session of `access`; every form its token."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from urllib.parse import quote, urlsplit

from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery

from ..http.pages import Incoming, html, policy
from ..http.request import Request
from ..kernel.config import LARGEST, parse_size
from ..kernel.errors import AppError, CodedBadRequest
from ..kernel.parts import Kernel
from . import access, growth, reach, service, state, views
from .access import NotEntered, Visit
from .views import Frame

_POLICY = policy(f"<style>{views.STYLE}</style>")
DONE = {
    "quota": "The limit is set.",
    "end-session": "The device is logged out.",
    "end-sessions": "The account is logged out everywhere.",
    "reset-second-factor": "The second factor is forgotten.",
    "close": "The account is closed.",
    "restore": "The account is back.",
    "invited": "The invitation is open.",
    "opened": "The account is open: its owner can sign up in the app.",
    "withdrawn": "The invitation is withdrawn.",
}
SURE = ("close", "reset-second-factor")
"""Acts that ask for the account's name."""


def shown(text: str, status: int = 200) -> Response[str]:
    made = html(text, csp=_POLICY, status=status)
    made.headers["cache-control"] = "no-store"
    return made


def _prefix(request: Request) -> str:
    return urlsplit(request.base_url).path


def frame_of(request: Request, visit: Visit, place: str, said: str = "", problem: str = "", words: str = "") -> Frame:
    """`said`: a word of `DONE` from the address; `words`: a sentence of our own."""
    return Frame(place, visit.csrf, problem or words or DONE.get(said, ""), bool(problem), _prefix(request))


def _to(request: Request, path: str, said: str = "", cookie: str = "") -> Response[str]:
    """303: the answer to a form is a page that can be loaded again."""
    headers = {"location": _prefix(request) + path + (f"?said={quote(said)}" if said else ""), "cache-control": "no-store"}
    return Response("", status_code=303, headers=headers | ({"set-cookie": cookie} if cookie else {}))


Show = Callable[[Visit], Awaitable[Response[str]]]


async def with_session(request: Request, show: Show) -> Response[str]:
    try:
        return await show(await access.visit(request))
    except NotEntered as e:
        return shown(views.closed(e.message, f"{_prefix(request)}/admin/passkey" if access.takes_passkeys(request) else ""), 401)


class Administration(Controller):
    """`/admin` and what is below, but for the routes of Ente's own tools."""

    path = "/admin"

    # --- coming and going
    @get("/enter", sync_to_thread=False)
    def offer(self, incoming: Incoming, link: FromQuery[str] = "") -> Response[str]:
        """A page with one button: programs that look at links before people do use nothing up."""
        return shown(views.enter(link, _prefix(incoming)))

    @post("/enter")
    async def enter(self, incoming: Incoming) -> Response[str]:
        try:
            cookie = await access.enter(incoming, (await access.form(incoming)).get("link", ""))
        except NotEntered as e:
            return shown(views.closed(e.message), 401)
        empty = (await service.totals(incoming.kernel)).accounts == 0
        return _to(incoming, "/admin/setup" if empty else "/admin", cookie=cookie)

    @post("/leave")
    async def leave(self, incoming: Incoming) -> Response[str]:
        visit, _ = await access.believed(incoming)
        return _to(incoming, "/admin", cookie=await access.leave(incoming, visit))

    # --- looking
    @get("/")
    async def overview(self, incoming: Incoming, said: FromQuery[str] = "") -> Response[str]:
        async def show(visit: Visit) -> Response[str]:
            kernel = incoming.kernel
            waiting = len(await service.waiting_codes(kernel))
            parts = (
                await state.look(kernel),
                await service.totals(kernel),
                await service.job_runs(kernel),
                kernel.config,
                waiting,
                kernel.figures.missing,
                await growth.last(kernel),
            )
            return shown(views.overview(frame_of(incoming, visit, "/admin", said), *parts))

        return await with_session(incoming, show)

    @get("/accounts")
    async def accounts(self, incoming: Incoming, after: FromQuery[int] = 0, said: FromQuery[str] = "") -> Response[str]:
        async def show(visit: Visit) -> Response[str]:
            found = await service.listed(incoming.kernel, after)
            more = found[-1].user_id if len(found) == service.PAGE else None
            return shown(views.account_list(frame_of(incoming, visit, "/admin/accounts", said), found, await service.closed(incoming.kernel), more))

        return await with_session(incoming, show)

    @get("/accounts/{user_id:int}")
    async def account(self, incoming: Incoming, user_id: FromPath[int], said: FromQuery[str] = "") -> Response[str]:
        return await with_session(incoming, lambda visit: _account(incoming, visit, user_id, said))

    @get("/codes")
    async def codes(self, incoming: Incoming) -> Response[str]:
        async def show(visit: Visit) -> Response[str]:
            return shown(views.codes(frame_of(incoming, visit, "/admin/codes"), await service.waiting_codes(incoming.kernel)))

        return await with_session(incoming, show)

    @get("/invites")
    async def invites(self, incoming: Incoming, said: FromQuery[str] = "") -> Response[str]:
        return await with_session(incoming, lambda visit: _invites(incoming, visit, said))

    @get("/jobs")
    async def jobs(self, incoming: Incoming) -> Response[str]:
        async def show(visit: Visit) -> Response[str]:
            return shown(views.jobs(frame_of(incoming, visit, "/admin/jobs"), await service.job_runs(incoming.kernel)))

        return await with_session(incoming, show)

    @get("/audit")
    async def audit(self, incoming: Incoming, before: FromQuery[int] = 1 << 62) -> Response[str]:
        async def show(visit: Visit) -> Response[str]:
            found = await service.acts(incoming.kernel, before)
            more = found[-1].act_id if len(found) == service.PAGE else None
            return shown(views.audit(frame_of(incoming, visit, "/admin/audit"), found, more))

        return await with_session(incoming, show)

    @get("/report")
    async def report(self, incoming: Incoming) -> Response[str]:
        async def show(visit: Visit) -> Response[str]:
            return shown(views.report(frame_of(incoming, visit, "/admin/report"), await state.report(incoming.kernel)))

        return await with_session(incoming, show)

    @get("/setup")
    async def setup(self, incoming: Incoming, said: FromQuery[str] = "") -> Response[str]:
        return await with_session(incoming, lambda visit: _setup(incoming, visit, said=said))

    # --- acting
    @post("/accounts/{user_id:int}/{act:str}")
    async def act(self, incoming: Incoming, user_id: FromPath[int], act: FromPath[str]) -> Response[str]:
        visit, fields = await access.believed(incoming)
        try:
            await _act(incoming.kernel, visit.by, user_id, act, fields)
        except AppError as e:
            return await _account(incoming, visit, user_id, problem=e.message or e.log, status=e.status)
        return _to(incoming, "/admin/accounts" if act == "close" else f"/admin/accounts/{user_id}", act)

    @post("/invites")
    async def invite(self, incoming: Incoming) -> Response[str]:
        visit, fields = await access.believed(incoming)
        how, email = fields.get("how"), fields.get("email", "")
        try:
            days, size = _days(fields.get("days", "")), _size(fields.get("size") or "default")
            if how == "account":
                await service.add_account(incoming.kernel, visit.by, email)
            elif how == "code":
                return await _invites(incoming, visit, code=await service.invite_anybody(incoming.kernel, visit.by, days, size))
            else:
                await service.invite(incoming.kernel, visit.by, email, days, size)
        except AppError as e:
            return await _invites(incoming, visit, problem=e.message or e.log, status=e.status)
        return _to(incoming, "/admin/invites", "opened" if how == "account" else "invited")

    @post("/invites/withdraw")
    async def withdraw(self, incoming: Incoming) -> Response[str]:
        visit, fields = await access.believed(incoming)
        try:
            await service.withdraw_invite(incoming.kernel, visit.by, fields.get("which", ""))
        except AppError as e:
            return await _invites(incoming, visit, problem=e.message or e.log, status=e.status)
        return _to(incoming, "/admin/invites", "withdrawn")

    @post("/setup")
    async def first(self, incoming: Incoming) -> Response[str]:
        visit, fields = await access.believed(incoming)
        try:
            await service.add_account(incoming.kernel, visit.by, fields.get("email", ""))
        except AppError as e:
            return await _setup(incoming, visit, problem=e.message or e.log, status=e.status)
        return _to(incoming, "/admin/setup", "opened")

    @post("/setup/reach")
    async def try_address(self, incoming: Incoming) -> Response[str]:
        visit, _ = await access.believed(incoming)
        return await _setup(incoming, visit, reached=await reach.try_address(incoming.base_url))


async def _act(kernel: Kernel, by: str, user_id: int, act: str, fields: dict[str, str]) -> None:
    """Do what a form of an account's page says; an act that asks for the account's name does nothing without it."""
    found = await service.examine(kernel, user_id)
    if act in SURE and fields.get("name", "").lower() != found.account.email.lower():
        raise CodedBadRequest(f"Nothing was done: to be sure, type the address {found.account.email}.")
    if act == "quota":
        await service.set_quota(kernel, by, user_id, _size(fields.get("size", "")))
    elif act == "end-session":
        await service.end_sessions(kernel, by, user_id, fields.get("handle") or "none")
    elif act == "end-sessions":
        await service.end_sessions(kernel, by, user_id)
    elif act == "reset-second-factor":
        await service.reset_second_factor(kernel, by, user_id)
    elif act == "close":
        await service.close(kernel, by, user_id)
    elif act == "restore":
        await service.restore(kernel, by, user_id, fields.get("email", ""))
    else:
        raise CodedBadRequest("there is no such act")


def _size(text: str) -> int | None:
    """Bytes, 0 for unlimited, None for the default."""
    if text in ("default", "unlimited"):
        return None if text == "default" else 0
    try:
        size = parse_size(int(text) if text.isdecimal() else text)
    except ValueError as e:
        raise CodedBadRequest(f"“{text}” {e}") from None
    if not isinstance(size, int) or size > LARGEST:
        raise CodedBadRequest(f"“{text}” is too much")
    return size


def _days(text: str) -> int | None:
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise CodedBadRequest(f"“{text}” is no number of days")
    return int(text)


async def _account(request: Request, visit: Visit, user_id: int, said: str = "", *, problem: str = "", status: int = 200) -> Response[str]:
    found = await service.examine(request.kernel, user_id)
    return shown(views.account(frame_of(request, visit, "/admin/accounts", said, problem), found), status)


async def _invites(request: Request, visit: Visit, said: str = "", *, problem: str = "", status: int = 200, code: str = "") -> Response[str]:
    """`code`: one that was just made; it is shown this once."""
    frame = frame_of(request, visit, "/admin/invites", said, problem)
    found = await service.invites(request.kernel)
    return shown(views.invites(frame, found, request.base_url, request.kernel.config.registration.mode, code), status)


async def _setup(request: Request, visit: Visit, *, said: str = "", problem: str = "", status: int = 200, reached: str = "") -> Response[str]:
    frame = frame_of(request, visit, "/admin/setup", said, problem)
    return shown(views.setup(frame, request.base_url, request.kernel.config.registration.mode, reached), status)
