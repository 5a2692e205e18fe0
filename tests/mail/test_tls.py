"""How the connection to the mail server is protected (`mail.security`)."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from app.kernel.config import Config, Mail
from app.mail import service as mail
from tests.mail.postbox import Postbox, certificate, open_postbox

LETTER = mail.Mail("secret subject", ("secret text",))


def config(box: Postbox, security: str) -> Config:
    smtp = Mail(
        host="127.0.0.1", port=box.port, security=security, username="darkroom", password=SecretStr("hush"), sender="D <d@example.org>", timeout=5,
    )  # type: ignore[arg-type]  # a test's text  # fmt: skip
    return Config(mail=smtp)


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_it_works(security: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown, believed = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(believed))
    async with open_postbox(shown, starttls=security == "starttls") as box:
        await mail.deliver(config(box, security), "dora@example.net", LETTER)
        assert box.logins == [("darkroom", "hush")]
        assert box.envelopes == [("d@example.org", ["dora@example.net"])]
        assert box.in_clear.split() == ([*box.in_clear.split()[:2], b"STARTTLS"] if security == "starttls" else [])


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("host", ["127.0.0.1", "mail.example.org"])
async def test_a_server_that_is_not_who_it_should_be(security: str, host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody vouches for it, or its certificate is somebody else's."""
    shown, believed = certificate(tmp_path, host)
    if host != "127.0.0.1":
        monkeypatch.setenv("SSL_CERT_FILE", str(believed))
    async with open_postbox(shown, starttls=security == "starttls") as box:
        with pytest.raises(mail.MailFailed):
            await mail.deliver(config(box, security), "dora@example.net", LETTER)
        nothing_went_out(box)


async def test_starttls_that_somebody_takes_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown, believed = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(believed))
    async with open_postbox(shown, starttls=True) as box:
        box.strip = True
        with pytest.raises(mail.MailFailed):
            await mail.deliver(config(box, "starttls"), "dora@example.net", LETTER)
        nothing_went_out(box)


def nothing_went_out(box: Postbox) -> None:
    assert box.raw == [] and box.logins == [] and box.envelopes == []
    for word in (b"secret", b"dora", b"AUTH", b"MAIL", b"hush"):
        assert word not in box.in_clear
