"""Sending mail: `send` for a mail that is what a request is for, `post` for one that goes along and may fail without harm.

Without `mail.host` nothing is sent: `is_on` says so, and whoever has something to say writes it to the log instead.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

import aiosmtplib

from ..db import Tx
from ..kernel import people
from ..kernel.config import Config
from ..kernel.errors import AppError, NotFound
from ..kernel.parts import Kernel
from .message import Mail, Undeliverable, checked, compose

__all__ = ["Mail", "MailFailed", "Undeliverable", "address_of", "checked", "deliver", "is_on", "post", "post_to", "send", "settle"]

log = logging.getLogger("darkroom.mail")
TRIES = 3
PAUSE = 20.0  # seconds before a mail that goes along is tried again, and twice as many before the last time
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
            hostname=smtp.host,
            port=smtp.port,
            username=smtp.username or None,
            password=smtp.password.get_secret_value() if smtp.password else None,
            use_tls=smtp.security == "tls",
            start_tls=smtp.security == "starttls",
            timeout=smtp.timeout,
        )
    except aiosmtplib.SMTPRecipientsRefused as e:
        if any(r.code in _REJECTED for r in e.recipients):
            raise Undeliverable(to) from None
        raise MailFailed(log=f"mail: recipient refused: {[r.code for r in e.recipients]}") from None
    except (aiosmtplib.SMTPException, OSError, ValueError) as e:
        raise MailFailed(log=f"mail: {smtp.host}:{smtp.port}: {type(e).__name__}: {getattr(e, 'code', '')}") from None


def post(kernel: Kernel, to: str, mail: Mail) -> None:
    """Send a mail that goes along with something else: beside the request, tried three times, a failure only logged.
    Nothing to nobody ("")."""
    if to and is_on(kernel.config):
        task = asyncio.get_running_loop().create_task(_try(kernel, to, mail), name="mail")
        _under_way.add(task)
        task.add_done_callback(_under_way.discard)


async def _try(kernel: Kernel, to: str, mail: Mail) -> None:
    for n in range(TRIES):
        try:
            await deliver(kernel.config, to, mail)
            return
        except MailFailed as e:
            log.warning("%s (try %d of %d)", e.log, n + 1, TRIES)
        except Undeliverable as e:
            log.warning("mail: %s", e.log)
            return
        if n + 1 < TRIES:
            await asyncio.sleep(PAUSE * (n + 1))


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
    """Wait for what is under way, at a stop; what takes longer is given up."""
    mine = [task for task in _under_way if task.get_loop() is asyncio.get_running_loop()]
    if mine:
        _, late = await asyncio.wait(mine, timeout=seconds)
        for task in late:
            task.cancel()
