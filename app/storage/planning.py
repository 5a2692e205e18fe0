"""Where an object should be: its home by the roles of the stores, and as many copies as are wanted. Pure, but for `replan`.

What is decided becomes rows of `object_copies`; `copying` does the work. A copy goes only when there are enough good ones without it, and
never because a number in the configuration became smaller: what lies in a store that is in use stays there, unless it was moved away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..db import Tx
from ..kernel.clock import DAY
from ..kernel.parts import Kernel
from ..kernel.tiers import ACTIVE, Tier
from . import copy_queries as queries
from .copy_queries import GOOD, Facts

Act = Literal["want", "want home", "rehome", "leave", "delete", "stay"]


@dataclass(frozen=True, slots=True)
class Change:
    act: Act
    store: str


@dataclass(frozen=True, slots=True)
class View:
    """What decisions depend on: the stores in the order of the configuration."""

    tiers: Sequence[Tier]
    copies: int
    archive_before: int  # µs; originals made before it belong into an archive
    now: int
    direct: frozenset[str] = frozenset()  # stores of which clients hold URLs

    def named(self, name: str) -> Tier | None:
        return next((t for t in self.tiers if t.name == name), None)

    def able(self, role: str, size: int) -> list[str]:
        """Stores of a role that take an object of this size and have room, without regard to whether they are down."""
        return [t.name for t in self.tiers if t.settings.role == role and t.takes(size) and t.has_room(size, self.now)]


def view(kernel: Kernel, said: dict[str, str]) -> View:
    """As things stand; `said` is the operator's word as the database has it now."""
    for tier in kernel.tiers.all.values():
        tier.state = said.get(tier.name, ACTIVE)
    now, days = kernel.clock.now(), kernel.config.tiers.archive_after_days
    return View(
        list(kernel.tiers.all.values()), kernel.config.tiers.copies, now - days * DAY if days else 0, now, frozenset(s.name for s in kernel.direct)
    )


def decide(view: View, f: Facts) -> list[Change]:
    """What has to change for one stored object."""
    home, changes = _home(view, f)
    chosen, wanted = _copies(view, f, home)
    return [*changes, *wanted, *_leaving(view, f, home, chosen)]


def _home(view: View, f: Facts) -> tuple[str, list[Change]]:
    """(where it will be at home, what to do for that)."""
    tier = view.named(f.home)
    active = tier is not None and tier.state == ACTIVE
    underway = next((s for s, c in f.copies.items() if c.takes_home and c.state == "pending" and (t := view.named(s)) and t.state == ACTIVE), None)
    if underway is not None:
        return underway, []
    if active and not (tier is not None and tier.settings.role == "primary" and f.original and f.created_at < view.archive_before):
        return f.home, []
    roles = ("archive",) if active or (tier is not None and tier.settings.role == "archive") else ("primary",)
    able = [s for role in (*roles, *(() if active else ("primary",))) for s in view.able(role, f.size) if s != f.home and not _busy(f, s)]
    if not able:
        return f.home, []
    there = [s for s in able if s in f.copies and f.copies[s].state in GOOD]
    target = (there or able)[0]
    return target, [Change("rehome" if there else "want home", target)]


def _busy(f: Facts, store: str) -> bool:
    """Nothing can be wanted there now: bytes are going, or were given up."""
    return store in f.copies and f.copies[store].state in ("deleting", "dead")


def _copies(view: View, f: Facts, home: str) -> tuple[list[str], list[Change]]:
    """(stores that shall have it beside its home, what to do for that)."""
    able = [s for role in ("copy", "primary") for s in view.able(role, f.size)]
    held = [s for s, c in f.copies.items() if c.state in (*GOOD, "pending") and (t := view.named(s)) is not None and t.state == ACTIVE]
    order = [s for s in dict.fromkeys([*(s for s in able if s in held), *held, *able]) if s != home and not _busy(f, s)]
    chosen = order[: view.copies - 1]
    missing = [s for s in chosen if s not in f.copies and s != f.home]
    staying = [s for s in chosen if s in f.copies and f.copies[s].state == "leaving"]
    return chosen, [*(Change("want", s) for s in missing), *(Change("stay", s) for s in staying)]


def _leaving(view: View, f: Facts, home: str, chosen: list[str]) -> list[Change]:
    """Copies in stores that give theirs away, and what a move left behind: they go once the others are there."""
    enough = home == f.home and home in f.good and all(s in f.copies and f.copies[s].state == "stored" for s in chosen)
    enough = enough and len(chosen) >= min(view.copies, _possible(view, f)) - 1
    changes = []
    for store, copy in f.copies.items():
        tier = view.named(store)
        if store in (home, f.home, *chosen) or tier is None:
            continue
        if copy.state == "leaving" or tier.state != ACTIVE:
            if enough and copy.state != "deleting":
                changes.append(Change("delete", store))
            elif copy.state == "stored":
                changes.append(Change("leave", store))
    return changes


def _possible(view: View, f: Facts) -> int:
    """In how many stores this object could be."""
    return len({f.home, *(s for role in ("copy", "primary") for s in view.able(role, f.size) if not _busy(f, s))})


LINKS_LIVE = 2 * DAY
"""So long clients hold URLs of a store that they reach themselves: bytes that moved on stay there meanwhile."""


def apply(tx: Tx, view: View, f: Facts, changes: Sequence[Change]) -> None:
    """Write down what was decided for an object whose row is locked, or that nobody else changes."""
    now = view.now
    for change in changes:
        match change.act:
            case "want" | "want home":
                queries.want(tx, f.object_id, change.store, now, takes_home=change.act == "want home")
            case "rehome":
                rehome(tx, f, change.store)
            case "leave":
                queries.set_state(tx, f.object_id, change.store, "leaving", now)
            case "stay":
                queries.set_state(tx, f.object_id, change.store, "stored", now)
            case "delete":
                queries.set_state(tx, f.object_id, change.store, "deleting", now, at=now + LINKS_LIVE if change.store in view.direct else now)


def rehome(tx: Tx, f: Facts, store: str) -> None:
    """Reads go to a store whose bytes are good from now on; the old home's stay until `decide` says that they may go."""
    queries.set_home(tx, f.object_id, store)
    if store in f.copies and f.copies[store].state == "leaving":  # it comes back before it has gone
        queries.note_stored(tx, f.object_id, store, None, None)
    old = f.copies.get(f.home)
    if old is None or old.state in GOOD:
        queries.note_stored(tx, f.object_id, f.home, None, None, "leaving")


def replan(tx: Tx, view: View, object_id: int, *, more: int = 3) -> None:
    """Decide again for an object that has just changed: one change makes room for the next."""
    for _ in range(more):
        f = queries.facts(tx, object_id, lock=True)
        changes = decide(view, f) if f is not None and f.state == "stored" else []
        if f is None or not changes:
            return
        apply(tx, view, f, changes)
