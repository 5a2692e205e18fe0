"""`darkroom import-museum`: every table of `rows` in turn, objects before the rows that name them. Run again it goes on: what is here stays.

The one place that writes tables which belong to features: an import makes rows as they once were, and no request does that.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from storage_backends import ObjectStore, StoreError

from ...db import Tx
from ...kernel.parts import Kernel
from ...kernel.progress import Tell, silent
from .. import queries, repair
from ..consistency import problems
from ..vault import Unfit
from .rows import PARTS, Context, Key, Made, Part, Row
from .source import Keys, Museum

AT_ONCE = 8
BEHIND = ("passkey_login_sessions", "two_factor_recovery", "emergency_contact", "legacy_kit", "families", "storage_bonus", "user_attachments",
          "comments", "reactions", "memory_shares", "casting", "push_tokens", "events")  # fmt: skip
"""Tables with people's rows that do not come; the report counts them."""


@dataclass(slots=True)
class Report:
    """`came`: table → rows that are here now (again, when it was run again); `left`: table → why, or how many, that did not; `objects`: how
    they came → how many; `missing`: keys without bytes at the source. `problems`: what `fsck` would say."""

    came: dict[str, int] = field(default_factory=dict)
    left: dict[str, str] = field(default_factory=dict)
    objects: dict[str, int] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    problems: dict[str, int] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"ok": not self.missing and not self.problems, **{name: getattr(self, name) for name in self.__slots__}}


class Objects:
    """Where museum's bytes are: a folder of `<key>` files, or None for a bucket that is one of our stores and adopted as it is."""

    def __init__(self, store: ObjectStore, folder: Path | None) -> None:
        self.store, self.folder = store, folder

    async def bring(self, key: str) -> tuple[str, int] | None:
        """(how it came, bytes); None when the source does not have it."""
        there = await self.store.head(key)
        if there is not None:
            return ("adopted" if self.folder is None else "here", there.size)
        source = None if self.folder is None else self.folder / key
        if source is None or not await asyncio.to_thread(source.is_file):
            return None
        size = source.stat().st_size
        path = self.store.path(key)
        if path is not None and await asyncio.to_thread(_link, source, path):
            return ("linked", size)
        await self.store.put(key, _blocks(source), length=size, md5=None)
        return ("copied", size)


def _link(source: Path, path: Path) -> bool:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        os.link(source, path)
    except OSError:
        return False
    return True


async def _blocks(source: Path) -> AsyncIterator[bytes]:
    with source.open("rb", buffering=0) as file:
        while block := await asyncio.to_thread(file.read, 1 << 20):
            yield block


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
    for rows in museum.batches(part.sql):
        made = [piece for row in rows for piece in part.make(context, row)]
        wanted = sorted(
            {(int(r.get("owner_id") or r.get("user_id") or 0), v.key) for _, r in made for v in r.values() if isinstance(v, Key) and v.key}
        )
        found = await asyncio.gather(*(_bring(gate, objects, owner, key, report) for owner, key in wanted))
        await context.kernel.db.write("museum.rows", _write, [f for f in found if f], made, context.now)
        done += len(rows)
        report.came[part.table] = report.came.get(part.table, 0) + sum(table == made[0][0] for table, _ in made)
        tell(f"bringing {part.table}", done, None)


async def _bring(gate: asyncio.Semaphore, objects: Objects, owner: int, key: str, report: Report) -> Row | None:
    try:
        async with gate:
            came = await objects.bring(key)
    except StoreError as e:
        raise Unfit(log=f"store {objects.store.name}: {e.log}") from e
    if came is None:
        report.missing.append(key)
    else:
        report.objects[came[0]] = report.objects.get(came[0], 0) + 1
    return {"object_key": key, "owner_id": owner, "store": objects.store.name, "size": came[1] if came else 0, "state": "stored"}


def _write(tx: Tx, objects: list[Row], made: Made, now: int) -> None:
    for row in objects:
        queries.put_object(tx, row, now)
    for table, row in made:
        named = {column: queries.object_id(tx, v.key) if v.key else None for column, v in row.items() if isinstance(v, Key)}
        queries.put(tx, table, {c: v for c, v in row.items() if not isinstance(v, Key)}, named)
