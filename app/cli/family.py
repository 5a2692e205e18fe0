"""`darkroom family list|create|invite|add|limit|remove|dissolve`: what a family's admin does in the app, and what only the operator can."""

from __future__ import annotations

import argparse
from typing import Any

from ..kernel.config import Config, format_size
from . import reach
from .user import read_quota

FLAGS = reach.FLAGS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    reach.add_arguments(parser)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="every family with its members")
    for name, text in (("create", "let an account lead a family"), ("dissolve", "end a family; its members keep their accounts and photos")):
        actions.add_parser(name, help=text).add_argument("admin", metavar="ADMIN", help="the address of who leads it")
    for name, text in (
        ("invite", "invite an account and print the link that accepts"),
        ("add", "put an account into a family at once"),
        ("limit", "set how much of the plan a member may take"),
        ("remove", "end a member's place, or an invitation"),
    ):
        action = actions.add_parser(name, help=text)
        action.add_argument("admin", metavar="ADMIN", help="the address of who leads the family")
        action.add_argument("member", metavar="EMAIL")
        if name == "limit":
            action.add_argument("size", metavar="SIZE", help='such as "50GiB", or "unlimited" for the whole plan')


def run(args: argparse.Namespace, config: Config) -> int:
    if args.action == "list":
        _print(reach.perform(config, "families"))
        return 0
    more: dict[str, Any] = {"member": args.member} if hasattr(args, "member") else {}
    if args.action == "limit":
        more["size"] = read_quota(args.size) or None
    said = reach.perform(config, "family", action=args.action, admin=args.admin, **more)
    print(said or "done")
    return 0


def _print(families: list[dict[str, Any]]) -> None:
    for family in families:
        for m in family["members"]:
            lead = "" if m["status"] == "SELF" else "  "
            limit = "" if m["limit"] is None else f" of {format_size(m['limit'], exact=False)}"
            state = {"SELF": "admin", "ACCEPTED": "member", "INVITED": "invited"}[m["status"]]
            print(f"{lead}{m['email']}  {state}  {format_size(m['bytes'], exact=False)}{limit}")
