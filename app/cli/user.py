"""`darkroom user list|add|invite|invites|withdraw|quota|restore|reset-second-factor`: the operator's view of accounts."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..kernel.config import LARGEST, Config, format_size, parse_size
from . import reach
from .admin_client import Refused
from .banner import origin

FLAGS = reach.FLAGS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    reach.add_arguments(parser)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="every account with its use")
    actions.add_parser("add", help="open an account, whoever may register; its owner signs up in the app").add_argument("email", metavar="EMAIL")
    invite = actions.add_parser("invite", help="let somebody sign up where registration is by invitation")
    invite.add_argument("email", metavar="EMAIL", nargs="?", default="", help="their address; without it a link and code for whoever has it")
    invite.add_argument("--days", type=int, metavar="N", help="how long the invitation is good; without it for ever, a link for two weeks")
    invite.add_argument("--quota", metavar="SIZE", help="the new account's storage limit, as `user quota` takes it")
    actions.add_parser("invites", help="the invitations, used and open")
    actions.add_parser("withdraw", help="end an open invitation").add_argument("which", metavar="EMAIL|NUMBER", help="as `user invites` shows it")
    restore = actions.add_parser("restore", help="a link that undoes the deletion of an account, for seven days")
    restore.add_argument("id", metavar="ID", type=int, help="the account's number, from the line that the server logged when it was deleted")
    restore.add_argument("email", metavar="EMAIL", help="the address it gets back")
    reset = actions.add_parser("reset-second-factor", help="forget an account's authenticator app and passkeys, for who lost them")
    reset.add_argument("email", metavar="EMAIL")
    quota = actions.add_parser("quota", help="set an account's storage limit")
    quota.add_argument("email", metavar="EMAIL")
    quota.add_argument("size", metavar="SIZE", help='such as "50GiB", "unlimited", or "default" for the configured one')

    for action in actions.choices.values():  # `user list --data-dir …` as well as `user --data-dir … list`
        action.add_argument("--config", type=Path, metavar="FILE", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
        action.add_argument("--data-dir", metavar="FOLDER", default=argparse.SUPPRESS, help=argparse.SUPPRESS)


def run(args: argparse.Namespace, config: Config) -> int:
    if args.action == "list":
        _print(reach.perform(config, "users"), config)
    elif args.action == "add":
        reach.perform(config, "add", email=args.email)
        print(f"{args.email} can now sign up in the app")
    elif args.action == "invite":
        _invite(args, config)
    elif args.action == "invites":
        _print_invites(reach.perform(config, "invites"))
    elif args.action == "withdraw":
        reach.perform(config, "withdraw", which=args.which)
        print(f"the invitation of {args.which} is withdrawn")
    elif args.action == "restore":
        print(origin(config) + reach.perform(config, "restore", user_id=args.id, email=args.email))
    elif args.action == "reset-second-factor":
        reach.perform(config, "reset_second_factor", email=args.email)
        print(f"{args.email} can log in without a second factor; be sure that it was its owner who asked you")
    else:
        size = read_quota(args.size)
        reach.perform(config, "quota", email=args.email, size=size)
        print(f"{args.email}: {_limit(size, config)}{_tolerance(size, config)}")
    return 0


def _invite(args: argparse.Namespace, config: Config) -> None:
    if args.days is not None and args.days < 1:
        raise Refused("--days: at least 1")
    size = None if args.quota is None else read_quota(args.quota)
    path = reach.perform(config, "invite", email=args.email, days=args.days, size=size)
    mode = config.registration.mode
    note = "" if mode in ("first", "invite") else f" (registration.mode is {mode})"
    if args.email:
        print(f"{args.email} may sign up{note}")
    else:
        print(f"{origin(config)}{path}{note}")
        print(
            f"Whoever has this link, or the code {path.partition('=')[2]} for {origin(config)}/invite, may sign up with an address they choose, once."
        )


def _print_invites(found: list[dict[str, Any]]) -> None:
    rows = [("WHO", "SINCE", "GOOD UNTIL", "STATE")]
    for i in found:
        who = f"{i['code_id']} ({i['email'] or 'a link'})" if i["code_id"] is not None else i["email"] or "unknown"
        rows.append((who, _day(i["created_at"]), _day(i["expires_at"]) if i["expires_at"] else "for ever", "used" if i["used_at"] else "open"))
    widths = [max(len(r[n]) for r in rows) for n in range(3)]
    for row in rows:
        print("  ".join([*(cell.ljust(w) for cell, w in zip(row, widths, strict=False)), row[3]]))


def _day(at: int) -> str:
    return datetime.fromtimestamp(at / 1e6, UTC).strftime("%Y-%m-%d")


def read_quota(text: str) -> int | None:
    """Bytes, 0 for unlimited, None for the default; Refused for what is no size."""
    if text == "default":
        return None
    if text == "unlimited":
        return 0
    try:
        size = parse_size(int(text) if text.isdecimal() else text)
    except ValueError as e:
        raise Refused(f"{text!r}: {e}") from None
    assert isinstance(size, int)
    if size > LARGEST:
        raise Refused(f'{text!r} is above {format_size(LARGEST)}; say "unlimited" for no limit')
    return size


def _limit(quota: int | None, config: Config) -> str:
    limit = config.quota.default if quota is None else quota
    return (format_size(limit) if limit else "unlimited") + (" (default)" if quota is None else "")


def _tolerance(quota: int | None, config: Config) -> str:
    limit = config.quota.default if quota is None else quota
    if not limit or not config.quota.tolerance:
        return ""
    most = format_size(limit + config.quota.tolerance, exact=False)
    return f"; an upload that says its size may pass it by {format_size(config.quota.tolerance)} (quota.tolerance), so {most} fit in all"


def _print(users: list[dict[str, Any]], config: Config) -> None:
    rows = [("EMAIL", "SINCE", "FILES", "USED", "LIMIT", "")]
    for u in users:
        state = "" if u["ready"] else "sign-up not finished"
        rows.append((u["email"], _day(u["created"]), str(u["files"]), format_size(u["bytes"], exact=False), _limit(u["quota"], config), state))
    widths = [max(len(r[i]) for r in rows) for i in range(5)]
    for row in rows:
        print("  ".join([*(cell.ljust(w) for cell, w in zip(row, widths, strict=False)), row[5]]).rstrip())
