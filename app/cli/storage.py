"""`darkroom storage status|add|drain|retire|resync|verify|move`: the stores, seen and ordered about.

What is begun lives in the database: a running server does it in the background, or this command where none runs. Whoever stops waiting
(Ctrl-C, kill) stops nothing that the next one could not go on with.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import UTC, datetime
from typing import Any

from ..kernel.config import Config, format_size
from . import reach
from .arguments import action, answer

FLAGS = reach.FLAGS
STALLED = 30.0  # seconds without progress after which waiting makes no sense
WIDTH = 30  # of a progress bar
Json = dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    reach.add_arguments(parser)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    action(actions, "status", "every store, what lies in it, how it does, and what is under way")
    for name, text, waits in (
        ("add", "take a store of the configuration into use (again)", False),
        ("drain", "move everything out of a store", True),
        ("retire", "say that an empty store is no longer used", False),
        ("resync", "ask a store for everything it should have, and copy what is missing", True),
        ("verify", "read everything in a store, compare it, and mend what is wrong from another", True),
    ):
        made = action(actions, name, text)
        made.add_argument("name", metavar="NAME", help="the store's name in the configuration")
        if waits:
            _waits(made)
    move = action(actions, "move", "move the objects of one store to another")
    move.add_argument("name", metavar="FROM", help="the store that has them")
    move.add_argument("target", metavar="TO", help="the store that gets them")
    _waits(move)


def _waits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--no-wait", action="store_true", help="begin it and return")


def run(args: argparse.Namespace, config: Config) -> int:
    if args.action == "status":
        _print(reach.perform(config, "storage_status"), args.json)
        return 0
    target = {"target": args.target} if args.action == "move" else {}
    said = reach.perform(config, f"storage_{args.action}", name=args.name, **target)
    ends = getattr(args, "no_wait", True)
    if ends or not args.json:
        answer(args, {"said": said}, said)
    if ends:
        return 0
    shown = _wait(config, args)
    if args.json:
        _print(shown, True)
    else:
        print(_outcome(shown, args))
    return 1 if _left(shown, args)[0] else 0


def _wait(config: Config, args: argparse.Namespace) -> Json:
    """Until it is done, or nothing moves any more; the figures then."""
    most, last, moved = 0, None, time.monotonic()
    while True:
        shown: Json = reach.perform(config, "storage_work")
        left, share = _left(shown, args)
        most = max(most, left)
        if (left, share) != last:
            last, moved = (left, share), time.monotonic()
        _bar(share if share < 1 else (1 - left / most if most else 1.0), left, args)
        if (not left and share >= 1) or time.monotonic() > moved + STALLED:
            _end_bar()
            return shown
        time.sleep(0.2)


def _left(shown: Json, args: argparse.Namespace) -> tuple[int, float]:
    """(copies that have to be made or removed yet, how far the pass is)."""
    store: Json = next((s for s in shown["stores"] if s["name"] == args.name), {})
    if args.action == "drain":
        return store.get("objects", 0), 1.0
    name = " ".join([args.action, args.name, *([args.target] if args.action == "move" else [])])
    share = next((s["progress"] for s in shown["sweeps"] if s["name"] == name), 1.0)
    other: Json = next((s for s in shown["stores"] if args.action == "move" and s["name"] == args.target), {})
    return store.get("waiting", 0) + other.get("waiting", 0), share


def _bar(share: float, left: int, args: argparse.Namespace) -> None:
    if sys.stderr.isatty() and not args.json:
        full = round(share * WIDTH)
        print(f"\r[{'#' * full}{'.' * (WIDTH - full)}] {share:4.0%}, {left} to go ", end="", file=sys.stderr, flush=True)


def _end_bar() -> None:
    if sys.stderr.isatty():
        print(file=sys.stderr)


def _outcome(shown: Json, args: argparse.Namespace) -> str:
    left, _ = _left(shown, args)
    name = " ".join([args.action, args.name, *([args.target] if args.action == "move" else [])])
    sweep = next((s for s in shown["sweeps"] if s["name"] == name), None)
    figures = "" if sweep is None else f": {sweep['objects']} objects, {format_size(sweep['bytes'], exact=False)}, {sweep['problems']} problems"
    if left:
        return f"{name}{figures}; {left} objects have to wait (for a store, or to be committed) and follow by themselves: `darkroom storage status`"
    return f"{name}{figures}; done" + (f"; now `darkroom storage retire {args.name}`" if args.action == "drain" else "")


def _print(shown: Json, as_json: bool) -> None:
    if as_json:
        print(json.dumps(shown, indent=2))
        return
    rows = [("STORE", "KIND", "ROLE", "STATE", "HEALTH", "OBJECTS", "BYTES", "FREE", "VERIFIED", "WAITING", "LEAVING", "GIVEN UP")]
    for s in shown["stores"]:
        free = "?" if s["free"] is None else format_size(s["free"], exact=False)
        counts = (str(s[c]) for c in ("verified", "waiting", "leaving", "dead"))
        size = format_size(s["bytes"], exact=False)
        rows.append((s["name"], s["kind"], s["role"], s["state"], s["health"], str(s["objects"]), size, free, *counts))
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip())
    for s in shown["stores"]:
        if s["problem"]:
            print(f"{s['name']}: {s['problem']}")
    print(f"copies of each object: {shown['copies']}")
    for s in shown["sweeps"]:
        if s["kind"] != "plan":
            when = datetime.fromtimestamp(s["started"] / 1e6, UTC).strftime("%Y-%m-%d")
            how = "done" if s["done"] else f"{s['progress']:.0%}"
            print(f"{s['name']} since {when}: {how}, {s['objects']} objects, {format_size(s['bytes'], exact=False)}, {s['problems']} problems")
    for d in shown["dead"]:
        print(f"given up: {d['key']} in {d['store']}: {d['problem']}")
