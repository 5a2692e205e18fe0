"""`darkroom mail test ADDRESS`: one mail by the configured mail server, from here, whether the server runs or not."""

from __future__ import annotations

import argparse
import asyncio

from ..kernel.config import Config
from ..kernel.errors import AppError
from .admin_client import Refused
from .arguments import action, answer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    action(actions, "test", "send one mail by the configured mail server", data=False).add_argument("email", metavar="ADDRESS", help="to whom")


def run(args: argparse.Namespace, config: Config) -> int:
    from ..mail import service as mail

    if not mail.is_on(config):
        raise Refused("mail.host is not set: no mail is sent, codes are in the log and `darkroom ott` shows them")
    try:
        asyncio.run(mail.deliver(config, args.email, mail.Mail("Darkroom can send mail", ("This is the mail you asked for on the command line.",))))
    except AppError as e:
        raise Refused(e.log) from None
    answer(args, {"host": config.mail.host, "to": args.email}, f"{config.mail.host} took a mail to {args.email}")
    return 0
