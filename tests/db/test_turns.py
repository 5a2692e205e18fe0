"""Turns: one who asks for much waits for itself."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import pytest

from app.db import sqlite, turns
from app.db.turns import Gate, Queue, payer
from app.kernel.errors import Unavailable
from tests.engines import open_database


def test_payers_take_turns_and_each_ones_own_stay_in_order() -> None:
    queue: Queue[str] = Queue()
    for who, job in [("a", "a1"), ("a", "a2"), ("a", "a3"), ("b", "b1"), ("c", "c1"), ("b", "b2")]:
        queue.put(who, job)
    assert [job for _, job in queue.take(4)] == ["a1", "b1", "c1", "a2"]
    queue.put_back("a", "a2")
    queue.put_back("c", "c1")
    assert [job for _, job in queue.take(9)] == ["c1", "a2", "b2", "a3"]
    assert len(queue) == 0
    assert queue.take(1) == []


async def enter(gate: Gate, who: str, inside: list[str], leave: asyncio.Event) -> None:
    payer.set(who)
    async with gate.place():
        inside.append(who)
        await leave.wait()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_one_payer_never_has_all_places() -> None:
    gate, inside, leave = Gate(3), list[str](), asyncio.Event()
    tasks = [asyncio.create_task(enter(gate, "a", inside, leave)) for _ in range(10)]
    await settle()
    assert inside == ["a", "a"]
    tasks.append(asyncio.create_task(enter(gate, "b", inside, leave)))
    await settle()
    assert inside == ["a", "a", "b"]
    tasks[5].cancel()  # somebody who waits goes away
    await settle()
    leave.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert inside.count("a") == 9
    assert gate._free == 3
    assert not gate._inside
    assert not gate._waiting


async def test_a_place_given_to_who_has_just_gone_is_free_again() -> None:
    gate, inside, leave = Gate(1), list[str](), asyncio.Event()

    async def enter_and_cancel() -> None:
        await enter(gate, "a", inside, leave)
        second.cancel()

    first = asyncio.create_task(enter_and_cancel())
    await settle()
    second = asyncio.create_task(enter(gate, "b", inside, leave))
    third = asyncio.create_task(enter(gate, "c", inside, leave))
    await settle()
    leave.set()
    await asyncio.gather(first, second, third, return_exceptions=True)
    assert inside == ["a", "c"]
    assert gate._free == 1


async def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "LONGEST", 0.0)
    gate, inside, leave = Gate(1), list[str](), asyncio.Event()
    first = asyncio.create_task(enter(gate, "a", inside, leave))
    await settle()
    with pytest.raises(Unavailable) as refused:
        await enter(gate, "b", inside, leave)
    assert refused.value.status == 503
    assert not gate._waiting
    leave.set()
    await first
    await enter(gate, "b", inside, leave)
    assert inside == ["a", "b"]
    assert gate._free == 1


async def test_long_transactions_of_one_do_not_stand_before_anothers(tmp_path: Path) -> None:
    async with open_database("sqlite", tmp_path) as db:
        order: list[str] = []
        started, go = threading.Event(), threading.Event()

        def slow(tx: object, name: str) -> None:
            started.set()
            go.wait(10)
            order.append(name)
            until = time.perf_counter() + sqlite.GROUP_SECONDS
            while time.perf_counter() <= until:
                pass

        async def write(who: str, name: str) -> None:
            payer.set(who)
            await db.write("t", slow, name)

        tasks = [asyncio.create_task(write("a", "a0"))]
        await asyncio.to_thread(started.wait, 10)
        tasks += [asyncio.create_task(write("a", f"a{n}")) for n in range(1, 5)]
        await asyncio.sleep(0)
        tasks.append(asyncio.create_task(write("b", "b")))
        await asyncio.sleep(0)
        go.set()
        await asyncio.gather(*tasks)
        assert order.index("b") <= 2
        assert [x for x in order if x != "b"] == ["a0", "a1", "a2", "a3", "a4"]
