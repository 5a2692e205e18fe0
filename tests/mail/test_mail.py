"""Mail to people: codes, and what goes along with other things (misc.md §14)."""

from __future__ import annotations

import re
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.cli import mail as command
from app.cli.admin_client import Refused
from app.kernel.config import Config, Mail, Storage
from app.mail import service as mail
from app.mail.message import Undeliverable, checked, compose
from tests.families.scenes import join
from tests.inprocess import Person, World, open_world
from tests.legacy.scenes import invite
from tests.mail.postbox import Postbox, open_postbox

SENDER = "Darkroom <photos@example.org>"


@pytest.fixture
async def box() -> AsyncIterator[Postbox]:
    async with open_postbox() as found:
        yield found


def settings(port: int) -> Mail:
    return Mail(host="127.0.0.1", port=port, security="none", sender=SENDER, timeout=3)


def config(folder: Path, port: int) -> Config:
    return Config(data_dir=folder, public_url="http://darkroom.test", storage=(Storage(kind="memory"),), mail=settings(port))


@pytest.fixture
async def posting(engine: str, tmp_path: Path, box: Postbox) -> AsyncIterator[World]:
    async with open_world(engine, tmp_path, config=config(tmp_path, box.port)) as w:
        yield w
        await mail.settle(5)


async def test_a_code_comes_by_mail_and_not_in_the_log(posting: World, box: Postbox, caplog: pytest.LogCaptureFixture) -> None:
    anon = posting.anon()
    await anon.post("/users/ott", {"email": "Dora@Example.net", "purpose": "signup"})
    (message,) = box.messages
    assert box.envelopes == [("photos@example.org", ["dora@example.net"])]
    assert (message["From"], message["To"], message["Auto-Submitted"]) == (SENDER, "dora@example.net", "auto-generated")
    code = re.fullmatch(r"Verification code: (\d{6})", message["Subject"])
    assert code is not None and code[1] not in caplog.text
    for kind in ("plain", "html"):
        part = message.get_body((kind,))
        assert part is not None and code[1] in part.get_content()
    assert (await anon.post("/users/verify-email", {"email": "dora@example.net", "ott": code[1]})).status == 200


async def test_a_code_that_cannot_be_sent_is_said(posting: World, box: Postbox) -> None:
    ask = {"email": "dora@example.net", "purpose": "signup"}
    box.refuse_recipient = b"550 no such mailbox"
    assert (await posting.anon().post("/users/ott", ask, expect=400)).json() == {"code": "BAD_REQUEST", "message": "Invalid email dora@example.net"}
    box.refuse_recipient = b"451 later"
    assert (await posting.anon().post("/users/ott", ask, expect=503)).json()["code"] == "MAIL_FAILED"
    box.refuse_recipient, box.refuse_all = b"", b"554 go away"
    assert (await posting.anon().post("/users/ott", ask, expect=503)).json()["code"] == "MAIL_FAILED"
    assert box.raw == []


async def test_families_and_legacy_write(posting: World, box: Postbox) -> None:
    alice, bob = await posting.person("alice"), await posting.person("bob")
    await join(posting, alice, bob)
    await bob.delete("/family/leave")
    await invite(alice, bob)
    await mail.settle(5)
    told = {(m["To"], m["Subject"]) for m in box.messages}
    assert told == {
        (bob.email, "You've been invited to join a family"), (alice.email, "Your invitation was accepted"),
        (alice.email, "A member has left your family"), (bob.email, "You have been added as a trusted contact"),
        (alice.email, "Trusted contact invited"),
    }  # fmt: skip
    (invitation,) = [m for m in box.messages if "invited to join" in m["Subject"]]
    part = invitation.get_body(("plain",))
    assert part is not None and "/family?inviteToken=" in part.get_content() and alice.email in part.get_content()


@pytest.mark.parametrize("email", ["a@b\r\nBcc: x@y.z", "a,b@example.org", "a@b@c", "<a@b.c>", '"a"@b.c', "a b@c.d", "a@b.c>", "a\x00@b.c"])
def test_addresses_that_could_be_something_else(email: str) -> None:
    with pytest.raises(Undeliverable):
        checked(email)


async def test_an_address_that_no_mail_goes_to(posting: World, box: Postbox) -> None:
    assert (await posting.anon().post("/users/ott", {"email": "a,b@example.org", "purpose": "signup"}, expect=400)).json()["code"] == "BAD_REQUEST"
    assert box.raw == []


def test_nothing_that_people_write_becomes_a_header_or_markup() -> None:
    found = compose(mail.Mail("one\r\nBcc: x@y.z", ("<script>&",), link='https://x/"><b>'), ("A\r\nB", "a@example.org"), "ü@example.org")
    raw = found.as_bytes().decode("ascii", "replace")
    assert "\nBcc" not in raw and found["Subject"] == "one Bcc: x@y.z"
    page = found.get_body(("html",))
    assert page is not None and "<script>" not in page.get_content() and '"><b>' not in page.get_content()


def test_settings() -> None:
    for bad in ({"host": "x"}, {"host": "x", "sender": "nobody"}, {"host": "x", "sender": "a\n <b@c.d>"}, {"security": "ssl"}):
        with pytest.raises(ValidationError):
            Mail.model_validate(bad)
    assert not mail.is_on(Config())


async def test_the_command(box: Postbox) -> None:
    await mail.deliver(Config(mail=settings(box.port)), "dora@example.net", mail.Mail("x", ("y",)))
    assert box.envelopes == [("photos@example.org", ["dora@example.net"])]


def test_the_command_says_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    import argparse

    args = argparse.Namespace(action="test", email="dora@example.net")
    with pytest.raises(Refused, match=r"mail\.host is not set"):
        command.run(args, Config())
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(Refused, match="SMTPConnectError"):
        command.run(args, Config(mail=settings(port)))


async def test_a_new_address(posting: World, alice_posting: Person, box: Postbox) -> None:
    await alice_posting.post("/users/ott", {"email": "new@example.net", "purpose": "change"})
    code = box.messages[-1]["Subject"][-6:]
    await alice_posting.post("/users/change-email", {"email": "new@example.net", "ott": code})
    await mail.settle(5)
    assert [(m["To"], m["Subject"]) for m in box.messages[1:]] == [(alice_posting.email, "Email address updated")]


@pytest.fixture
async def alice_posting(posting: World) -> Person:
    return await posting.person("alice")
