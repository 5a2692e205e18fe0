"""What people are told by mail of their own account: that somebody logged in, and that it was deleted."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import unquote

import pytest

from app.mail import service as mail
from tests.closing.test_closing import challenge
from tests.inprocess import World, open_world
from tests.mail.postbox import Postbox, open_postbox
from tests.mail.test_mail import config
from tests.newcomer import Login, Newcomer, details_of


@pytest.fixture
async def box() -> AsyncIterator[Postbox]:
    async with open_postbox() as found:
        yield found


@pytest.fixture
async def dora(engine: str, tmp_path: Path, box: Postbox) -> AsyncIterator[Newcomer]:
    async with open_world(engine, tmp_path, config=config(tmp_path, box.port)) as world:
        yield await Newcomer(world, "dora@example.net", world.anon()).complete()
        await mail.settle(5)


async def told(box: Postbox) -> list[EmailMessage]:
    """What came but for codes."""
    await mail.settle(5)
    found = [m for m in box.messages if not m["Subject"].startswith("Verification code")]
    box.raw.clear()
    return found


def text(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


async def test_a_login_with_the_password(dora: Newcomer, box: Postbox) -> None:
    assert await told(box) == [], "one's own first steps are no news"
    assert (await Login(dora, b"wrong-password!!")()).status == 401
    assert await told(box) == [], "nobody came in"
    login = Login(dora)
    answer = (await login()).json()
    (message,) = await told(box)
    assert (message["To"], message["Subject"]) == (dora.email, "New login to your account")
    assert login.api.ip in text(message) and "photos" in text(message)
    for secret in (dora.open_token(answer), answer["encryptedToken"], answer["srpM2"]):
        assert secret not in box.in_clear.decode() + text(message)


async def test_a_deletion_can_be_undone_from_its_mail(dora: Newcomer, box: Postbox) -> None:
    world: World = dora.world
    await told(box)
    await dora.api.delete("/users/delete", {"challenge": await challenge(dora), "feedback": "nice try"})
    (message,) = await told(box)
    assert (message["To"], message["Subject"]) == (dora.email, "Your account has been deleted")
    link = re.search(r"/recover-account\?token=(\S+)", text(message))
    assert link is not None and "nice try" not in text(message)
    await world.anon().post("/users/recover-account", {"token": unquote(link[1])})
    await dora.second_device()
    assert (await details_of(await dora.second_device()))["email"] == dora.email


async def test_a_failing_mail_stops_neither(dora: Newcomer, box: Postbox) -> None:
    box.refuse_all = b"554 go away"
    assert (await Login(dora)()).status == 200
    await dora.api.delete("/users/delete", {"challenge": await challenge(dora)})
    assert await told(box) == []
