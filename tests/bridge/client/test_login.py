"""Logging in: password, mail, second factor, and what is refused."""

from __future__ import annotations

import pyotp
import pytest

from bridge.client import login
from bridge.client.errors import ClientError, LoggedOut, ReadOnly, Unreachable, WrongPassword
from bridge.client.login import Asker, log_in
from tests.bridge.conftest import Server, Someone
from tests.bridge.people import BY_MAIL, PASSWORD, SILENT, nobody


async def test_it_works(server: Server, alice: Someone) -> None:
    connection = server.connect()
    assert await log_in(connection, alice.email, PASSWORD, SILENT) == alice.keys
    assert (await connection.get("/users/session-validity/v2"))["hasSetKeys"]


async def test_a_wrong_password(server: Server, alice: Someone) -> None:
    connection = server.connect()
    with pytest.raises(WrongPassword):
        await log_in(connection, alice.email, "wrong", SILENT)
    assert connection.token == ""


async def test_by_mail_where_the_account_wants_it(server: Server, alice: Someone) -> None:
    await alice.connection.put("/users/email-mfa", {"isEnabled": True})
    assert await log_in(server.connect(), alice.email, PASSWORD, BY_MAIL) == alice.keys
    with pytest.raises(LoggedOut):
        await log_in(server.connect(), alice.email, PASSWORD, Asker(lambda: "000000", nobody))
    with pytest.raises(WrongPassword):
        await log_in(server.connect(), alice.email, "wrong", BY_MAIL)


async def test_with_a_second_factor(server: Server, alice: Someone) -> None:
    secret = (await alice.connection.post("/users/two-factor/setup"))["secretCode"]
    now = server.world.clock.now() / 1e6
    code = pyotp.TOTP(secret).at(now)
    sealed = {"encryptedTwoFactorSecret": "YWJj", "twoFactorSecretDecryptionNonce": "YWJj"}
    await alice.connection.post("/users/two-factor/enable", {"code": code, **sealed})
    later = pyotp.TOTP(secret).at(now + 30)
    server.world.clock.advance(30)
    assert await log_in(server.connect(), alice.email, PASSWORD, Asker(nobody, lambda: later)) == alice.keys


async def test_a_server_that_is_away(server: Server, alice: Someone) -> None:
    server.transport.down = True
    with pytest.raises(Unreachable):
        await log_in(server.connect(), alice.email, PASSWORD, SILENT)


async def test_a_connection_for_reading_lets_nothing_out(server: Server, alice: Someone) -> None:
    reading = server.connect(alice.connection.token, read_only=True)
    before = len(server.transport.sent)
    for method, path in (("POST", "/collections"), ("PUT", "/files/magic-metadata"), ("DELETE", "/collections/v3/1")):
        with pytest.raises(ReadOnly):
            await reading.call(method, path, {})
    with pytest.raises(ReadOnly):
        await reading.complete_object("http://darkroom.test/objects/x", "")
    assert len(server.transport.sent) == before


async def test_a_passkey_alone_is_refused_with_what_to_do(server: Server) -> None:
    with pytest.raises(ClientError, match=r"passkey.*add an authenticator app"):
        await login._second_factor(server.connect(), {"id": 1, "passkeySessionID": "x", "accountsUrl": "https://accounts.example.org"}, SILENT)
