"""What `darkroom doctor` finds of the mail server: whether it lets this server in. No mail is sent: `darkroom mail test ADDRESS` does that."""

from __future__ import annotations

import asyncio

from ..kernel.config import Config
from ..kernel.errors import AppError
from ..mail import service as mail
from .doctor_local import Finding


def examine(config: Config) -> Finding:
    if not mail.is_on(config):
        return Finding("mail", "skip", "mail.host is not set: codes are in the log, on the administration page and in `darkroom ott`")
    try:
        asyncio.run(mail.greet(config))
    except AppError as e:
        what = "starttls" if config.mail.port == 587 else "tls" if config.mail.port == 465 else config.mail.security
        return Finding("mail", "fail", e.log, f'nobody gets a code: host, port, mail.security (for this port mostly "{what}"), username and password')
    if config.mail.security == "none":
        return Finding("mail", "warn", "lets this server in, without TLS", 'mail.security = "starttls" or "tls", unless it is this machine')
    return Finding("mail", "ok", "lets this server in")
