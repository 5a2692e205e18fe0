"""Mail that goes along with something outlives a mail server that is away, a stop and a crash."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.kernel.clock import DAY, HOUR, MINUTE
from app.mail import service as mail
from app.mail.service import LEASE, PAUSES
from tests.inprocess import World, open_world
from tests.mail.postbox import Postbox, open_postbox
from tests.mail.test_mail import config

LETTER = mail.Mail("A letter", ("What it says.",), code="sixth-sense", link="https://x", action="Go")


@pytest.fixture
async def box() -> AsyncIterator[Postbox]:
    async with open_postbox() as found:
        yield found


@pytest.fixture
async def posting(engine: str, tmp_path: Path, box: Postbox) -> AsyncIterator[World]:
    async with open_world(engine, tmp_path, config=config(tmp_path, box.port)) as w:
        yield w
        await mail.settle(5)


async def rows(world: World) -> list[tuple[Any, ...]]:
    return await world.kernel.db.scan(lambda tx: tx.all("SELECT tries, next_try_at, created_at FROM waiting_mail"))


async def post(world: World, to: str = "dora@example.net") -> None:
    mail.post(world.kernel, to, LETTER)
    await mail.settle(5)


async def test_it_works(posting: World, box: Postbox) -> None:
    await post(posting)
    (message,) = box.messages
    assert (message["To"], message["Subject"]) == ("dora@example.net", "A letter")
    assert await rows(posting) == []


async def test_a_server_that_is_away_is_tried_for_a_day(posting: World, box: Postbox, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    box.refuse_all = b"451 later"
    await post(posting)
    began = posting.clock.now()
    for n, pause in enumerate(PAUSES):
        assert await rows(posting) == [(n + 1, posting.clock.now() + pause, began)]
        posting.clock.advance(pause - 1)
        await mail.send_waiting(posting.kernel)
        assert (await rows(posting))[0][0] == n + 1, "not before its time"
        posting.clock.advance(1)
        await mail.send_waiting(posting.kernel)
    assert await rows(posting) == [] and box.raw == []
    assert posting.clock.now() - began < DAY
    assert "given up" in caplog.text
    for secret in ("dora", "A letter", "sixth-sense"):
        assert secret not in caplog.text


async def test_it_comes_once_the_server_is_back(posting: World, box: Postbox) -> None:
    box.refuse_all = b"451 later"
    await post(posting)
    box.refuse_all = b""
    posting.clock.advance(MINUTE)
    await asyncio.gather(mail.send_waiting(posting.kernel), mail.send_waiting(posting.kernel))  # of two processes
    await mail.send_waiting(posting.kernel)
    assert [m["Subject"] for m in box.messages] == ["A letter"]
    (part,) = [m.get_body(("plain",)) for m in box.messages]
    assert part is not None and part.get_content().split() == ["What", "it", "says.", "sixth-sense", "https://x"]


async def test_a_stop_in_the_middle_loses_nothing(posting: World, box: Postbox) -> None:
    box.hold.clear()
    mail.post(posting.kernel, "dora@example.net", LETTER)
    await box.reached.wait()
    await mail.settle(0)  # the server stops: what is under way is cut off
    box.hold.set()
    assert len(await rows(posting)) == 1
    await mail.send_waiting(posting.kernel)
    assert box.raw == [], "whoever began to send it may still be at it"
    posting.clock.advance(LEASE)
    await mail.send_waiting(posting.kernel)
    assert [m["Subject"] for m in box.messages] == ["A letter"]


async def test_an_address_that_takes_none_is_not_tried_again(posting: World, box: Postbox) -> None:
    box.refuse_recipient = b"550 no such mailbox"
    await post(posting)
    assert await rows(posting) == []
    await post(posting, "a,b@example.org")
    assert await rows(posting) == []


async def test_what_waits_is_sealed_and_not_kept(posting: World, box: Postbox, tmp_path: Path, engine: str) -> None:
    box.refuse_all = b"451 later"
    await post(posting)
    kept = repr(await posting.kernel.db.scan(lambda tx: tx.all("SELECT * FROM waiting_mail")))
    assert "dora" not in kept and "letter" not in kept
    posting.clock.advance(2 * DAY + HOUR)
    await mail.send_waiting(posting.kernel)
    assert await rows(posting) == [] and box.raw == []


async def test_what_waits_is_bounded(posting: World, box: Postbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(mail, "MOST", 2)
    box.refuse_all = b"451 later"
    for _ in range(3):
        await post(posting)
    assert len(await rows(posting)) == 2
    assert "2 wait already" in caplog.text and "dora" not in caplog.text
    box.refuse_all = b""
    posting.clock.advance(MINUTE)
    await mail.send_waiting(posting.kernel)
    await post(posting)
    assert len(box.messages) == 3
