"""`darkroom user list|add|invite|invites|withdraw|quota|restore|reset-second-factor`: the operator's view of accounts."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import Any

from ..kernel.config import LARGEST, Config, format_size, parse_size
from . import reach
from .admin_client import Refused
from .arguments import action, add_sure, answer, sure

FLAGS = reach.FLAGS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    reach.add_arguments(parser)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    action(actions, "list", "every account with its use")
    _on_email(actions, "add", "open an account, whoever may register; its owner signs up in the app")
    invite = action(actions, "invite", "let somebody sign up where registration is by invitation")
    invite.add_argument("email", metavar="EMAIL", nargs="?", default="", help="their address; without it a link and code for whoever has it")
    invite.add_argument("--days", type=int, metavar="N", help="how long the invitation is good; without it for ever, a link for two weeks")
    invite.add_argument("--quota", metavar="SIZE", help="the new account's storage limit, as `user quota` takes it")
    action(actions, "invites", "the invitations, used and open")
    action(actions, "withdraw", "end an open invitation").add_argument("which", metavar="EMAIL|NUMBER", help="as `user invites` shows it")
    restore = action(actions, "restore", "a link that undoes the deletion of an account, for seven days")
    restore.add_argument("id", metavar="ID", type=int, help="the account's number, from the line that the server logged when it was deleted")
    restore.add_argument("email", metavar="EMAIL", help="the address it gets back")
    reset = _on_email(actions, "reset-second-factor", "forget an account's authenticator app and passkeys, for who lost them")
    add_sure(reset, "EMAIL")
    quota = _on_email(actions, "quota", "set an account's storage limit")
    quota.add_argument("size", metavar="SIZE", help='such as "50GiB", "unlimited", or "default" for the configured one')


def _on_email(actions: Any, name: str, text: str) -> argparse.ArgumentParser:
    made = action(actions, name, text)
    made.add_argument("email", metavar="EMAIL", help="the account's address")
    return made


def run(args: argparse.Namespace, config: Config) -> int:
    ACTIONS[args.action](args, config)
    return 0


def _list(args: argparse.Namespace, config: Config) -> None:
    found = reach.perform(config, "users")
    answer(args, found, _table(found, reach.options(config, args.config)))


def _add(args: argparse.Namespace, config: Config) -> None:
    number = reach.perform(config, "add", email=args.email)
    answer(args, {"email": args.email, "id": number}, f"{args.email} can now sign up in the app")


def _invite(args: argparse.Namespace, config: Config) -> None:
    if args.days is not None and args.days < 1:
        raise Refused("--days: at least 1")
    size = None if args.quota is None else read_quota(args.quota)
    path = reach.perform(config, "invite", email=args.email, days=args.days, size=size)
    told = reach.options(config, args.config)
    note = "" if told.mode in ("first", "invite") else f" (registration.mode is {told.mode}, says {told.said})"
    result: dict[str, Any] = {"email": args.email or None, "registration": told.mode}
    if args.email:
        answer(args, result, f"{args.email} may sign up{note}")
        return
    code = path.partition("=")[2]
    words = f"Whoever has this link, or the code {code} for {told.origin}/invite, may sign up with an address they choose, once."
    answer(args, {**result, "link": told.origin + path, "code": code}, f"{told.origin}{path}{note}\n{words}")


def _invites(args: argparse.Namespace, config: Config) -> None:
    found = reach.perform(config, "invites")
    answer(args, found, _table_of_invites(found))


def _withdraw(args: argparse.Namespace, config: Config) -> None:
    reach.perform(config, "withdraw", which=args.which)
    answer(args, {"withdrawn": args.which}, f"the invitation of {args.which} is withdrawn")


def _restore(args: argparse.Namespace, config: Config) -> None:
    link = reach.perform(config, "restore", user_id=args.id, email=args.email)
    link = reach.options(config, args.config).origin + link
    answer(args, {"link": link}, link)


def _reset(args: argparse.Namespace, config: Config) -> None:
    sure(args, args.email, f"let {args.email} in with the password or a mailed code alone, and forget the passkeys")
    reach.perform(config, "reset_second_factor", email=args.email)
    answer(args, {"email": args.email}, f"{args.email} can log in without a second factor; be sure that it was its owner who asked you")


def _quota(args: argparse.Namespace, config: Config) -> None:
    size = read_quota(args.size)
    reach.perform(config, "quota", email=args.email, size=size)
    told = reach.options(config, args.config)
    answer(args, {"email": args.email, "quota": size}, f"{args.email}: {_limit(size, told)}{_tolerance(size, told)}")


ACTIONS = {
    "list": _list,
    "add": _add,
    "invite": _invite,
    "invites": _invites,
    "withdraw": _withdraw,
    "restore": _restore,
    "reset-second-factor": _reset,
    "quota": _quota,
}


def _table_of_invites(found: list[dict[str, Any]]) -> str:
    rows: list[tuple[str, ...]] = [("WHO", "SINCE", "GOOD UNTIL", "STATE")]
    for i in found:
        who = f"{i['code_id']} ({i['email'] or 'a link'})" if i["code_id"] is not None else i["email"] or "unknown"
        rows.append((who, _day(i["created_at"]), _day(i["expires_at"]) if i["expires_at"] else "for ever", "used" if i["used_at"] else "open"))
    return _columns(rows)


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


def _limit(quota: int | None, told: reach.Options) -> str:
    limit = told.quota if quota is None else quota
    return (format_size(limit) if limit else "unlimited") + (" (default)" if quota is None else "")


def _tolerance(quota: int | None, told: reach.Options) -> str:
    limit = told.quota if quota is None else quota
    if not limit or not told.tolerance:
        return ""
    most = format_size(limit + told.tolerance, exact=False)
    return f"; an upload that says its size may pass it by {format_size(told.tolerance)} (quota.tolerance), so {most} fit in all"


def _table(users: list[dict[str, Any]], told: reach.Options) -> str:
    rows: list[tuple[str, ...]] = [("EMAIL", "SINCE", "FILES", "USED", "LIMIT", "")]
    for u in users:
        state = "" if u["ready"] else "sign-up not finished"
        rows.append((u["email"], _day(u["created"]), str(u["files"]), format_size(u["bytes"], exact=False), _limit(u["quota"], told), state))
    return _columns(rows)


def _columns(rows: list[tuple[str, ...]]) -> str:
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)
