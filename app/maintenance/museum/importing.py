"""`darkroom import-museum`: every table of `rows` in turn, objects before the rows that name them. Run again it goes on: what is here stays.

A row that cannot come, damaged or at odds with others, is reported and passed over. The one place that writes tables which belong to features:
an import makes rows as they once were, and no request does that.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from storage_backends import BadKey, StoreError

from ...db import Tx
from ...kernel.errors import AppError
from ...kernel.parts import Kernel
from ...kernel.progress import Tell, silent
from .. import repair
from ..consistency import problems
from ..vault import Unfit
from . import queries
from .objects import Objects
from .rows import PARTS
from .shape import Context, Key, Link, Made, Part, Row
from .source import Keys, Museum

AT_ONCE = 8
TOLD = 1000
"""Rows that could not come and are named, of each table."""
BEHIND = ("referral_tracking", "events", "embeddings", "collection_layout")
"""Tables with people's rows that do not come; the report counts them."""
_NAMES = ("id", "user_id", "collection_id", "file_id", "to_user_id", "type", "o_type", "data_type", "key_name")


@dataclass(slots=True)
class Report:
    """`came`: table → rows that are here now (again, when it was run again); `left`: table → why, or how many, that did not; `bad`: table →
    rows that could not come, with the reason; `objects`: how they came → how many; `missing`: keys without bytes at the source; `damaged`: key →
    what is wrong with its bytes there. `problems`: what `fsck` would say."""

    came: dict[str, int] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    bad: dict[str, list[str]] = field(default_factory=dict)
    objects: dict[str, int] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    damaged: dict[str, str] = field(default_factory=dict)
    problems: dict[str, int] = field(default_factory=dict)

    def refuse(self, table: str, row: Row, why: BaseException) -> None:
        """Note a row that cannot come, by its names and without its contents."""
        named = ", ".join(f"{name} {row[name]}" for name in _NAMES if row.get(name) is not None)
        reason = (str(why).strip().splitlines() or [""])[0]
        if isinstance(why, KeyError):
            reason = f"it has no {reason}"
        found = self.bad.setdefault(table, [])
        if len(found) < TOLD:
            found.append(f"{named}: {reason or type(why).__name__}")

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"ok": not (self.missing or self.damaged or self.bad or self.problems), **{name: getattr(self, name) for name in self.__slots__}}


@dataclass(frozen=True, slots=True)
class _One:
    """A row of theirs, and what comes of it."""

    theirs: Row
    made: Made
    objects: list[Row]


async def bring_over(kernel: Kernel, museum: Museum, keys: Keys, objects: Objects, *, tell: Tell = silent) -> Report:
    """Everything. Unfit when this installation has people of its own."""
    report, context = Report(), Context(kernel, keys, kernel.clock.now())
    await _check(kernel, museum)
    for part in PARTS:
        missing = museum.lacks(part.table, *part.needs)
        if missing:
            report.left[part.table] = f"this museum has no {', '.join(missing)}"
        else:
            await _part(context, museum, part, objects, report, tell)
    for table in BEHIND:
        if table in museum.tables and (count := sum(len(rows) for rows in museum.batches(f"SELECT 1 FROM {table}"))):
            report.left[table] = f"{count} rows do not come"
    tell("adding up", 0, None)
    await repair.ledgers(kernel)
    await repair.feeds(kernel)
    await kernel.db.write("museum.numbers", queries.continue_numbers, kernel.db.engine)
    report.problems = {name: len(rows) for name, rows in (await kernel.db.scan(problems)).items()}
    return report


async def _check(kernel: Kernel, museum: Museum) -> None:
    ours = dict(await kernel.db.scan(queries.everybody))
    theirs = {r["user_id"]: r["creation_time"] for rows in museum.batches("SELECT user_id, creation_time FROM users") for r in rows}
    if any(theirs.get(user_id) != created for user_id, created in ours.items()):
        raise Unfit(log="this installation has accounts of its own: import into a new one")


async def _part(context: Context, museum: Museum, part: Part, objects: Objects, report: Report, tell: Tell) -> None:
    gate = asyncio.Semaphore(AT_ONCE)
    done = 0
    report.came.setdefault(part.table, 0)
    for rows in museum.batches(part.query(museum)):
        made = [(row, pieces) for row in rows if (pieces := _made(context, part, row, report))]
        wanted = {key.key: (owner, key) for _, pieces in made for owner, key in _wanted(pieces)}
        brought = await asyncio.gather(*(_bring(gate, objects, owner, key, report) for owner, key in wanted.values()))
        found = dict(zip(wanted, brought, strict=True))
        ready = [_One(row, pieces, [o for _, key in _wanted(pieces) if (o := found[key.key]) is not None]) for row, pieces in made]
        report.came[part.table] += await _store(context, part.table, ready, report)
        done += len(rows)
        tell(f"bringing {part.table}", done, None)


def _made(context: Context, part: Part, row: Row, report: Report) -> Made:
    try:
        return part.make(context, row)
    except AppError:
        raise
    except Exception as e:  # whatever is the matter with a row, the others come
        report.refuse(part.table, row, e)
        return []


def _wanted(made: Made) -> list[tuple[int, Key]]:
    """(owner, key) of the objects that rows name."""
    return [(int(r.get("owner_id") or r.get("user_id") or 0), v) for _, r in made for v in r.values() if isinstance(v, Key) and v.key]


async def _bring(gate: asyncio.Semaphore, objects: Objects, owner: int, wanted: Key, report: Report) -> Row | None:
    key = str(wanted.key)
    try:
        async with gate:
            came = await objects.bring(key)
    except BadKey as e:
        report.damaged[key[:200]] = e.log
        return None
    except StoreError as e:
        raise Unfit(log=f"store {objects.store.name}: {e.log}") from e
    if came is None:
        if key in objects.damaged:
            report.damaged[key] = objects.damaged[key]
        else:
            report.missing.append(key)
    else:
        report.objects[came[0]] = report.objects.get(came[0], 0) + 1
        if wanted.size is not None and came[1] != wanted.size:
            report.damaged[key] = f"{came[1]} bytes instead of {wanted.size}"
    return {"object_key": key, "owner_id": owner, "store": objects.store.name, "size": came[1] if came else 0, "state": "stored"}


async def _store(context: Context, table: str, batch: list[_One], report: Report) -> int:
    """Write them, all but those that the database does not take, which are found by halves; how many are here."""
    if not batch:
        return 0
    try:
        await context.kernel.db.write("museum.rows", _write, batch, context.now)
    except AppError:
        raise
    except Exception as e:  # the engines' own errors for a row at odds with another
        if len(batch) == 1:
            report.refuse(table, batch[0].theirs, e)
            return 0
        half = len(batch) // 2
        return await _store(context, table, batch[:half], report) + await _store(context, table, batch[half:], report)
    return len(batch)


def _write(tx: Tx, batch: list[_One], now: int) -> None:
    for one in batch:
        for row in one.objects:
            queries.put_object(tx, row, now)
        for table, row in one.made:
            queries.put(tx, table, {column: _number(tx, v) for column, v in row.items()})


def _number(tx: Tx, v: Any) -> Any:
    """The number of what is named."""
    if isinstance(v, Key):
        return queries.object_id(tx, v.key) if v.key else None
    return queries.link_id(tx, v.token_hash) if isinstance(v, Link) else v
