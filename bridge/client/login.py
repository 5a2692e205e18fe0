"""Logging in once: password by SRP, or a code by e-mail, then a second factor where there is one (client.md §3.3, §4.4)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from . import crypto
from .connection import Connection, Row
from .crypto import b64, unb64
from .errors import ClientError, LoggedOut, NotThere, WrongPassword
from .keys import Keys
from .srp import SrpClient


@dataclass(frozen=True)
class Asker:
    """Whom to ask for what only the person has. `mail_code()`: the digits in the mail; `totp()`: those of the authenticator."""

    mail_code: Callable[[], str]
    totp: Callable[[], str]


async def log_in(connection: Connection, email: str, password: str, ask: Asker) -> Keys:
    """The account's keys; `connection.token` is set.

    Raises `WrongPassword`, `LoggedOut` for a wrong code, and `ClientError` for an account that wants a passkey or has no keys yet.
    """
    known = await _srp_attributes(connection, email)
    if known is None or known["isEmailMFAEnabled"]:
        answer = await _by_mail(connection, email, ask)
    else:
        kek = await _kek(password, known)
        answer = await _by_password(connection, known, kek)
    answer = await _second_factor(connection, answer, ask)
    attributes = answer.get("keyAttributes")
    if not attributes:
        raise ClientError("this account has no keys yet: finish its sign-up in one of Ente's apps")
    if known is None or known["kekSalt"] != attributes["kekSalt"] or known["isEmailMFAEnabled"]:
        kek = await _kek(password, attributes)
    keys = Keys.unlock(int(answer["id"]), attributes, kek)
    connection.token = keys.open_token(answer["encryptedToken"])
    return keys


async def _srp_attributes(connection: Connection, email: str) -> Row | None:
    try:
        attributes: Row = (await connection.get("/users/srp/attributes", email=email))["attributes"]
    except NotThere:
        return None
    return attributes


async def _kek(password: str, limits: Row) -> bytes:
    return await asyncio.to_thread(crypto.derive_key, password, unb64(limits["kekSalt"]), limits["opsLimit"], limits["memLimit"])


async def _by_password(connection: Connection, known: Row, kek: bytes) -> Row:
    client = SrpClient(known["srpUserID"], crypto.login_subkey(kek), unb64(known["srpSalt"]))
    begun = await connection.post("/users/srp/create-session", {"srpUserID": known["srpUserID"], "srpA": b64(client.public)})
    proof = b64(client.prove(unb64(begun["srpB"])))
    body = {"srpUserID": known["srpUserID"], "sessionID": begun["sessionID"], "srpM1": proof}
    try:
        answer: Row = await connection.post("/users/srp/verify-session", body)
    except LoggedOut:
        raise WrongPassword("wrong password") from None
    try:
        client.check(unb64(answer["srpM2"]))
    except (KeyError, ValueError):
        raise ClientError("the server could not prove that it knows this account: is the address right?") from None
    return answer


async def _by_mail(connection: Connection, email: str, ask: Asker) -> Row:
    await connection.post("/users/ott", {"email": email, "purpose": "login"})
    answer: Row = await connection.post("/users/verify-email", {"email": email, "ott": ask.mail_code().strip()})
    return answer


async def _second_factor(connection: Connection, answer: Row, ask: Asker) -> Row:
    session = answer.get("twoFactorSessionID") or answer.get("twoFactorSessionIDV2")
    if session:
        done: Row = await connection.post("/users/two-factor/verify", {"sessionID": session, "code": ask.totp().strip()})
        return done
    if answer.get("passkeySessionID"):
        raise ClientError("this account's only second factor is a passkey, which a terminal cannot show: add an authenticator app to it")
    return answer
