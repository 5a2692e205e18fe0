"""Ways into the page: a link that works once, a session in a cookie, and what a form must carry to be believed.

The cookie is HttpOnly and SameSite=Strict, for `/admin` only. A form carries a token that is derived from its session, so that another site's
form, or one that was made for another session, does nothing. A session is new at every entry: whatever cookie a browser brought is not used.
"""

from __future__ import annotations

from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlsplit

from ..db import Tx
from ..http.request import Request
from ..kernel import people
from ..kernel.clock import HOUR, MINUTE
from ..kernel.crypto import token_hash
from ..kernel.errors import AppError
from ..kernel.parts import Kernel
from ..passkeys import entry as passkeys
from ..passkeys.wire import RequestOptions
from . import queries, service

COOKIE = "darkroom_admin"
LINK_LIFETIME = 10 * MINUTE
FIRST_LINK_LIFETIME = 24 * HOUR
SESSION_LIFETIME = 12 * HOUR
IDLE = 2 * HOUR
LARGEST_FORM = 64 << 10
SENSITIVE = "sensitive"
BY = "page"


class NotEntered(AppError):
    """No session: the page says how to get one."""

    status = 401


class Forged(AppError):
    """A form that was not made by the page of this session."""

    status = 403


@dataclass(frozen=True, slots=True)
class Visit:
    """An open session of the page."""

    secret_hash: bytes
    csrf: str
    by: str = BY


async def open_link(kernel: Kernel, by: str, lifetime: int = LINK_LIFETIME) -> str:
    """The path of a link that opens the page once."""
    secret = kernel.ids.token()
    await kernel.db.write("admin.link", _open_link, kernel, by, secret, lifetime)
    return f"/admin/enter?link={secret}"


def _open_link(tx: Tx, kernel: Kernel, by: str, secret: str, lifetime: int) -> None:
    now = kernel.clock.now()
    queries.sweep_entries(tx, now)
    queries.add_entry(tx, token_hash(secret), "link", now, now + lifetime)
    service.note(tx, kernel, by, "page.link", None)


async def enter(request: Request, link: str) -> str:
    """The Set-Cookie of a new session; `NotEntered` for a link that is none any more."""
    kernel = request.kernel
    await kernel.limiter.allow(SENSITIVE, f"ip {request.client_ip} /admin/enter")
    secret = kernel.ids.token()
    if not await kernel.db.write("admin.enter", _enter, kernel, link, secret, request.client_ip):
        raise NotEntered("This link was used already, or is too old.")
    return _cookie(request, secret, SESSION_LIFETIME // 1_000_000)


def _enter(tx: Tx, kernel: Kernel, link: str, secret: str, ip: str) -> bool:
    now = kernel.clock.now()
    if not queries.take_entry(tx, token_hash(link), "link", now):
        return False
    queries.add_entry(tx, token_hash(secret), "session", now, now + SESSION_LIFETIME, ip)
    service.note(tx, kernel, BY, "page.enter", None, f"from {ip}")
    return True


def _cookie(request: Request, value: str, seconds: int) -> str:
    secure = "; Secure" if request.base_url.startswith("https://") else ""
    return f"{COOKIE}={value}; Path={urlsplit(request.base_url).path}/admin; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"


async def _enter_as(request: Request, user_id: int) -> str:
    """The Set-Cookie of a new session of an administrator who has shown a passkey. Whether the account is one is asked here and at every use."""
    secret = request.kernel.ids.token()
    await request.kernel.db.write("admin.enter", _note_entry, request.kernel, secret, request.client_ip, user_id)
    return _cookie(request, secret, SESSION_LIFETIME // 1_000_000)


def _note_entry(tx: Tx, kernel: Kernel, secret: str, ip: str, user_id: int) -> None:
    now = kernel.clock.now()
    if not may(tx, kernel, user_id):
        raise NotEntered("This account is no administrator's.")
    queries.add_entry(tx, token_hash(secret), "session", now, now + SESSION_LIFETIME, ip, user_id)
    service.note(tx, kernel, f"user {user_id}", "page.enter", user_id, f"from {ip}, by passkey")


def takes_passkeys(request: Request) -> bool:
    """Whether there are administrators by configuration, and a browser lets passkeys be used at this address."""
    config, host = request.kernel.config, urlsplit(request.base_url).hostname or ""
    return bool(config.admin.users) and (host == config.rp_id or host.endswith(f".{config.rp_id}"))


async def offer_passkey(request: Request, email: str) -> tuple[str, RequestOptions]:
    """A challenge for the passkeys of this address, if it is an administrator's; one that nobody can answer for others."""
    kernel = request.kernel
    if not takes_passkeys(request):
        raise NotEntered("Passkeys are not taken at this address.")
    await kernel.limiter.allow(SENSITIVE, f"ip {request.client_ip} /admin/enter")
    return await passkeys.offer(kernel, await kernel.db.read(_administrator, kernel, email), email)


def _administrator(tx: Tx, kernel: Kernel, email: str) -> int | None:
    found = people.find(tx, kernel.crypto, email)
    return found if found is not None and may(tx, kernel, found) else None


async def enter_by_passkey(request: Request, ceremony: str, answer: str) -> str:
    """The Set-Cookie of a new session; `NotEntered` for whatever is no passkey of an administrator."""
    try:
        user_id = await passkeys.passed(request.kernel, ceremony, answer.encode(), _origin(request.base_url))
    except AppError as e:
        raise NotEntered("This passkey does not open the administration.", log=e.log) from None
    return await _enter_as(request, user_id)


def _origin(address: str) -> str:
    """As browsers say it: without the scheme's own port."""
    parts = urlsplit(address.lower())
    usual = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
    return f"{parts.scheme}://{parts.netloc.removesuffix(usual) if usual else parts.netloc}"


def may(tx: Tx, kernel: Kernel, user_id: int) -> bool:
    """Whether an account is there and the configuration names it."""
    found = queries.account(tx, user_id)
    return found is not None and found.deleted_at is None and people.is_administrator(tx, kernel, user_id)


async def leave(request: Request, visit: Visit) -> str:
    """End the session; the Set-Cookie that takes it away."""
    await request.kernel.db.write("admin.leave", queries.take_entry, visit.secret_hash, "session", request.kernel.clock.now())
    return _cookie(request, "", 0)


async def visit(request: Request) -> Visit:
    """The session of a request; `NotEntered` without one, or after two hours without use."""
    kernel, now = request.kernel, request.kernel.clock.now()
    try:
        morsel = SimpleCookie(request.header(b"cookie")).get(COOKIE)
    except CookieError:
        morsel = None
    if morsel is None or not morsel.value:
        raise NotEntered
    hashed = token_hash(morsel.value)
    used, user_id = await kernel.db.read(_open, kernel, hashed, now)
    if used < now - IDLE:
        raise NotEntered
    if used < now - MINUTE:
        await kernel.db.write("admin.touch", queries.touch_entry, hashed, now)
    return Visit(hashed, kernel.crypto.sign("admin form", hashed.hex()), BY if user_id is None else f"user {user_id}")


def _open(tx: Tx, kernel: Kernel, hashed: bytes, now: int) -> tuple[int, int | None]:
    found = queries.entry(tx, hashed, "session", now)
    if found is None or (found[1] is not None and not may(tx, kernel, found[1])):
        raise NotEntered
    return found


async def form(request: Request) -> dict[str, str]:
    """The fields of a form; `Forged` for one that another site's page sent."""
    _own(request)
    body = await request.body.read(LARGEST_FORM)
    return {name: value.strip() for name, value in parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)}


async def believed(request: Request) -> tuple[Visit, dict[str, str]]:
    """The session and the fields of a form that its page made."""
    found, fields = await visit(request), await form(request)
    if not request.kernel.crypto.verify(fields.get("csrf", ""), "admin form", found.secret_hash.hex()):
        raise Forged(log="a form without its session's token")
    return found, fields


def _own(request: Request) -> None:
    """What browsers say of where a form comes from. They say `null` of a page without referrer, as ours is: the token decides then."""
    site, origin = request.header(b"sec-fetch-site"), request.header(b"origin")
    own = {request.header(b"host").lower(), urlsplit(request.base_url).netloc.lower()}
    if site not in ("", "same-origin", "none") or (origin not in ("", "null") and urlsplit(origin).netloc.lower() not in own):
        raise Forged(log=f"a form from {origin or site}")
