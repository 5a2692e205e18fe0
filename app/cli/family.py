"""`darkroom family list|create|invite|add|limit|remove|dissolve`: what a family's admin does in the app, and what only the operator can."""

from __future__ import annotations

import argparse
from typing import Any

from ..kernel.config import Config, format_size
from . import reach
from .arguments import action, add_sure, answer, sure
from .user import read_quota

FLAGS = reach.FLAGS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    reach.add_arguments(parser)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    action(actions, "list", "every family with its members")
    for name, text in (("create", "let an account lead a family"), ("dissolve", "end a family; its members keep their accounts and photos")):
        made = action(actions, name, text)
        made.add_argument("admin", metavar="ADMIN", help="the address of who leads it")
        if name == "dissolve":
            add_sure(made, "ADMIN")
    for name, text in (
        ("invite", "invite an account and print the link that accepts"),
        ("add", "put an account into a family at once"),
        ("limit", "set how much of the plan a member may take"),
        ("remove", "end a member's place, or an invitation"),
    ):
        made = action(actions, name, text)
        made.add_argument("admin", metavar="ADMIN", help="the address of who leads the family")
        made.add_argument("member", metavar="EMAIL", help="the member's address")
        if name == "limit":
            made.add_argument("size", metavar="SIZE", help='such as "50GiB", or "unlimited" for the whole plan')


def run(args: argparse.Namespace, config: Config) -> int:
    if args.action == "list":
        found = reach.perform(config, "families")
        answer(args, found, _lines(found))
        return 0
    if args.action == "dissolve":
        sure(args, args.admin, f"end the family of {args.admin}: each member stores on a plan of their own again")
    more: dict[str, Any] = {"member": args.member} if hasattr(args, "member") else {}
    if args.action == "limit":
        more["size"] = read_quota(args.size) or None
    said = reach.perform(config, "family", action=args.action, admin=args.admin, **more)
    answer(args, {"action": args.action, "admin": args.admin, "member": getattr(args, "member", None), "link": said or None}, said or "done")
    return 0


def _lines(families: list[dict[str, Any]]) -> str:
    lines = []
    for family in families:
        for m in family["members"]:
            lead = "" if m["status"] == "SELF" else "  "
            limit = "" if m["limit"] is None else f" of {format_size(m['limit'], exact=False)}"
            state = {"SELF": "admin", "ACCEPTED": "member", "INVITED": "invited"}[m["status"]]
            lines.append(f"{lead}{m['email']}  {state}  {format_size(m['bytes'], exact=False)}{limit}")
    return "\n".join(lines) or "no families"
