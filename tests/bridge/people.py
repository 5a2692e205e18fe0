"""People with real keys, signed up over a connection."""

from __future__ import annotations

from bridge.client.connection import Connection
from bridge.client.crypto import b64, unb64
from bridge.client.keys import Keys
from bridge.client.login import Asker
from tests.clients.account import Account

PASSWORD = "correct horse battery staple"
CODE = "123456"


def nobody() -> str:
    raise AssertionError("nothing was to be asked")


SILENT = Asker(nobody, nobody)
BY_MAIL = Asker(lambda: CODE, nobody)


async def join(connection: Connection, email: str) -> tuple[Account, Keys]:
    """A new account with a password; the connection is logged in."""
    await connection.post("/users/ott", {"email": email, "purpose": "signup"})
    answer = await connection.post("/users/verify-email", {"email": email, "ott": CODE})
    connection.token = answer["token"]
    account = Account.create(PASSWORD)
    await connection.put("/users/attributes", {"keyAttributes": account.attributes})
    proof = account.srp_client()
    body = {"srpUserID": account.srp_user_id, "srpSalt": b64(account.srp_salt), "srpVerifier": b64(account.srp_verifier()), "srpA": b64(proof.public)}
    begun = await connection.post("/users/srp/setup", body)
    done = await connection.post("/users/srp/complete", {"setupID": begun["setupID"], "srpM1": b64(proof.prove(unb64(begun["srpB"])))})
    proof.check(unb64(done["srpM2"]))
    return account, Keys(answer["id"], account.master_key, account.public_key, account.private_key)
