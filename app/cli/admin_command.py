"""`darkroom admin …`: what the administration page does, from a shell, also while the server runs."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import Any

from ..kernel.config import Config, format_size
from . import reach
from .arguments import action, add_sure, answer, sure
from .user import read_quota

FLAGS = reach.FLAGS
WOULD = {
    "close": "log the account out everywhere and end all its shares and links",
    "reset-second-factor": "let the account in with the password or a mailed code alone, and forget its passkeys",
}
WHO = ("who", "ACCOUNT", "its address or its number")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    reach.add_arguments(parser)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    action(actions, "login", "a link that opens the administration page once, within ten minutes")
    action(actions, "status", "accounts, bytes and jobs")
    action(actions, "accounts", "every account with its use and state").add_argument(
        "--closed", action="store_true", help="those that can still come back"
    )
    _on_account(actions, "show", "everything of one account: sessions, second factor, links, what was done to it")
    action(actions, "codes", "log-in codes that wait, of everybody")
    action(actions, "jobs", "background jobs and when they last succeeded")
    action(actions, "audit", "what administrators did, the last act first")
    _on_account(actions, "quota", "set an account's storage limit").add_argument("size", metavar="SIZE", help='"50GiB", "unlimited" or "default"')
    close = _on_account(actions, "close", "close an account, as its owner does by deleting it; it can come back for a while")
    add_sure(close, "ACCOUNT")
    _on_account(actions, "restore", "bring a closed account back").add_argument("email", metavar="EMAIL", help="the address it gets back")
    _on_account(actions, "end-sessions", "log an account out everywhere")
    reset = _on_account(actions, "reset-second-factor", "forget an account's authenticator and passkeys: for who has lost the phone")
    add_sure(reset, "ACCOUNT")


def _on_account(actions: Any, name: str, text: str) -> argparse.ArgumentParser:
    made = action(actions, name, text)
    made.add_argument(WHO[0], metavar=WHO[1], help=WHO[2])
    return made


def run(args: argparse.Namespace, config: Config) -> int:
    if args.action in WOULD:
        sure(args, args.who, WOULD[args.action])
    asked: dict[str, Any] = {name: getattr(args, name) for name in ("who", "closed", "email") if hasattr(args, name)}
    if args.action == "quota":
        asked["size"] = read_quota(args.size)
    result = reach.perform(config, f"admin.{args.action.replace('-', '_')}", **asked)
    if args.action == "login":
        result = reach.options(config, args.config).origin + result
    answer(args, result, _said(args, result))
    return 0


def _said(args: argparse.Namespace, result: Any) -> str:
    if isinstance(result, str):
        return result
    if isinstance(result, list):
        return table(result)
    if isinstance(result, dict):
        flat = {k: v for k, v in result.items() if not isinstance(v, list | dict)} | result.get("account", {})
        lists = [f"\n{name.upper()}\n{table(rows)}" for name, rows in result.items() if isinstance(rows, list) and rows]
        return "\n".join([*(f"{name:14} {_cell(name, value)}" for name, value in flat.items()), *lists])
    done = {"quota": "limit set", "close": "closed", "restore": "back", "end-sessions": f"{result} sessions ended", "reset-second-factor": "reset"}
    return f"{args.who}: {done[args.action]}"


def table(rows: list[dict[str, Any]]) -> str:
    """Rows as columns under their names."""
    if not rows:
        return "none"
    cells = [[name.upper().replace("_AT", "") for name in rows[0]], *([_cell(name, value) for name, value in row.items()] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells)


def _cell(name: str, value: Any) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and (name.endswith("_at") or name == "at"):
        return datetime.fromtimestamp(value / 1e6, UTC).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, int) and name in ("bytes", "limit", "quota"):
        return "unlimited" if value >= 1 << 52 or (name == "quota" and not value) else format_size(value, exact=False)
    return str(value)
