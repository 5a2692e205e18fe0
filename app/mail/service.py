"""Sending mail: `send` for a mail that is what a request is for, `post` for one that goes along and may fail without harm.

Without `mail.host` nothing is sent: `is_on` says so, and whoever has something to say writes it to the log instead.

What is posted is written to the database first and removed once the mail server has taken it: a stop, a crash or a night without a mail server
loses none of it. What is lost is nothing either but a second copy, where the process ends between the two.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

import aiosmtplib
import msgspec

from ..db import Tx
from ..kernel import people
from ..kernel.clock import DAY, HOUR, MINUTE
from ..kernel.config import Config
from ..kernel.errors import AppError, NotFound
from ..kernel.parts import Kernel
from . import queue
from .message import Mail, Undeliverable, checked, compose

__all__ = [
    "Mail",
    "MailFailed",
    "Undeliverable",
    "address_of",
    "checked",
    "deliver",
    "greet",
    "is_on",
    "post",
    "post_to",
    "send",
    "send_waiting",
    "settle",
]

log = logging.getLogger("darkroom.mail")
PAUSES = (MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, 14 * HOUR)
"""Before a mail that goes along is tried again. After the last it is given up: news that are a day old."""
OLDEST = 2 * DAY
LEASE = 5 * MINUTE
"""How long whoever sends a mail has it: longer than `mail.timeout` may be."""
BATCH = 20  # that one run of the job takes
MOST = 10_000  # that wait: a bound on what a mail server that is away costs the disk
_REJECTED = frozenset({501, 510, 511, 512, 513, 550, 551, 553})  # of RCPT: the mailbox or its domain does not exist
_under_way: set[asyncio.Task[None]] = set()


class MailFailed(AppError):
    """503 MAIL_FAILED: the request was for a mail, and the mail server did not take it."""

    status = 503
    code = "MAIL_FAILED"

    def __init__(self, log: str) -> None:
        super().__init__("The e-mail could not be sent. Try again later, or ask who runs this server.", log=log)


def is_on(config: Config) -> bool:
    return bool(config.mail.host)


async def send(kernel: Kernel, to: str, mail: Mail) -> None:
    """Hand a mail to the mail server; MailFailed (503), or 400 for an address that takes none."""
    await deliver(kernel.config, to, mail)


async def deliver(config: Config, to: str, mail: Mail) -> None:
    """`send`, without a kernel."""
    smtp = config.mail
    message = compose(mail, (smtp.sender_name, smtp.sender_address), to)
    try:
        await aiosmtplib.send(
            message,
            sender=smtp.sender_address,
            recipients=[to],
            **_way_to(config),
        )
    except aiosmtplib.SMTPRecipientsRefused as e:
        if any(r.code in _REJECTED for r in e.recipients):
            raise Undeliverable(to) from None
        raise MailFailed(log=f"mail: recipient refused: {[r.code for r in e.recipients]}") from None
    except (aiosmtplib.SMTPException, OSError, ValueError) as e:
        raise MailFailed(log=f"mail: {smtp.host}:{smtp.port}: {type(e).__name__}: {getattr(e, 'code', '')}") from None


def _way_to(config: Config) -> dict[str, Any]:
    """How the mail server is reached and who this is, as aiosmtplib names it."""
    smtp = config.mail
    return {
        "hostname": smtp.host,
        "port": smtp.port,
        "username": smtp.username or None,
        "password": smtp.password.get_secret_value() if smtp.password else None,
        "use_tls": smtp.security == "tls",
        "start_tls": smtp.security == "starttls",
        "timeout": smtp.timeout,
    }


async def greet(config: Config) -> None:
    """Connect and log in as `deliver` does, and say good-bye; MailFailed where that does not go."""
    smtp = config.mail
    client = aiosmtplib.SMTP(**_way_to(config))
    try:
        async with client:
            await client.noop()
    except (aiosmtplib.SMTPException, OSError, ValueError) as e:
        raise MailFailed(log=f"mail: {smtp.host}:{smtp.port}: {type(e).__name__}: {getattr(e, 'code', '')}") from None


def post(kernel: Kernel, to: str, mail: Mail) -> None:
    """Send a mail that goes along with something else: beside the request, tried for a day, a failure only logged. Nothing to nobody ("")."""
    if to and is_on(kernel.config):
        task = asyncio.get_running_loop().create_task(_post(kernel, to, mail), name="mail")
        _under_way.add(task)
        task.add_done_callback(_ended)


def _ended(task: asyncio.Task[None]) -> None:
    _under_way.discard(task)
    if not task.cancelled() and (e := task.exception()) is not None:
        log.error("mail: %s", type(e).__name__, exc_info=e)


async def _post(kernel: Kernel, to: str, mail: Mail) -> None:
    now, sealed = kernel.clock.now(), kernel.crypto.encrypt(msgspec.json.encode((to, mail)).decode())
    mail_id = await kernel.db.write("mail.post", queue.add, sealed, now, now + LEASE, MOST)
    if mail_id is None:
        log.warning("mail: %d wait already, so one more is not kept", MOST)
        return
    await _try(kernel, queue.Waiting(mail_id, sealed, now, 0))


async def send_waiting(kernel: Kernel) -> None:
    """Try again what the mail server did not take, and what a stop has left."""
    now = kernel.clock.now()
    await kernel.db.write("mail.give_up", queue.give_up, now - OLDEST)
    if is_on(kernel.config):
        for _ in range(BATCH):
            taken = await kernel.db.write("mail.take", queue.take_due, (now := kernel.clock.now()), now + LEASE)
            if taken is None:
                return
            await _try(kernel, taken)


async def _try(kernel: Kernel, waiting: queue.Waiting) -> None:
    to, mail = msgspec.json.decode(kernel.crypto.decrypt(*waiting.sealed), type=tuple[str, Mail])
    try:
        await deliver(kernel.config, to, mail)
    except MailFailed as e:
        if waiting.tries < len(PAUSES):
            log.warning("%s (try %d of %d)", e.log, waiting.tries + 1, len(PAUSES) + 1)
            await kernel.db.write("mail.put_off", queue.put_off, waiting.mail_id, kernel.clock.now() + PAUSES[waiting.tries])
            return
        log.warning("%s; given up", e.log)
    except Undeliverable as e:
        log.warning("mail: %s", e.log)
    await kernel.db.write("mail.done", queue.remove, waiting.mail_id)


async def post_to(kernel: Kernel, user_id: int, mail: Mail) -> None:
    """`post` to an account; nothing where it was deleted."""
    if to := await address_of(kernel, user_id):
        post(kernel, to, mail)


async def address_of(kernel: Kernel, user_id: int) -> str:
    """Where `post` reaches an account; "" where no mail is sent, or the account was deleted."""
    if is_on(kernel.config):
        with contextlib.suppress(NotFound):
            return await kernel.db.read(_address, kernel, user_id)
    return ""


def _address(tx: Tx, kernel: Kernel, user_id: int) -> str:
    return people.email_of(tx, kernel.crypto, user_id)


async def settle(seconds: float) -> None:
    """Wait for what is under way, at a stop; what takes longer is sent after the next start."""
    mine = [task for task in _under_way if task.get_loop() is asyncio.get_running_loop()]
    if mine:
        _, late = await asyncio.wait(mine, timeout=seconds)
        for task in late:
            task.cancel()
