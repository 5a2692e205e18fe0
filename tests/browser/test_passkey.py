"""Into the administration with a passkey, in a real browser: the script of the one page that has one, under its policy."""

from __future__ import annotations

import base64
import contextlib
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.browser.chromium import Page, chromium, needed
from tests.browser.test_admin import follow
from tests.clients.ente import Device
from tests.passkeys.authenticator import Authenticator
from tests.wire.process import start_server

pytestmark = [pytest.mark.slow, needed]
ALICE = "alice@example.org"
ACCOUNTS = "http://localhost:3001"  # as the settings of `start_server` say it


def register(url: str, token: str) -> Authenticator:
    """As the accounts page does."""
    key = Authenticator()
    with httpx.Client(base_url=url, headers={"X-Client-Package": "io.ente.photos.web"}) as http:
        http.headers["X-Auth-Token"] = http.get("/users/accounts-token", headers={"X-Auth-Token": token}).json()["accountsToken"]
        http.headers["X-Client-Package"] = "io.ente.accounts.web"
        begun = http.post("/passkeys/registration/begin").raise_for_status().json()
        answer = key.create(begun["options"]["publicKey"], origin=ACCOUNTS)
        where = f"/passkeys/registration/finish?friendlyName=laptop&sessionID={begun['sessionID']}"
        http.post(where, json=answer).raise_for_status()
    return key


def plug_in(page: Page, key: Authenticator) -> None:
    """The same key in Chromium's own authenticator, whose owner always says yes."""
    page.wire.call("WebAuthn.enable", page.session)
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": False, "hasUserVerification": True, "isUserVerified": True}
    made = page.wire.call("WebAuthn.addVirtualAuthenticator", page.session, options={**options, "automaticPresenceSimulation": True})
    secret = key.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    credential = {
        "credentialId": base64.b64encode(key.credential_id).decode(),
        "isResidentCredential": False,
        "rpId": "localhost",
        "privateKey": base64.b64encode(secret).decode(),
        "signCount": 1,
    }
    page.wire.call("WebAuthn.addCredential", page.session, authenticatorId=made["authenticatorId"], credential=credential)


def test_it_works(tmp_path: Path) -> None:
    server = start_server(tmp_path, extra_toml=f'\n[admin]\nusers = ["{ALICE}"]\n', host="localhost")
    try:
        here = server.url.replace("127.0.0.1", "localhost")
        with contextlib.closing(Device.sign_up(server.url, ALICE)) as alice, chromium(tmp_path) as browser:
            key = register(server.url, alice.api.token or "")
            page = browser.profile().open(f"{here}/admin/passkey")
            plug_in(page, key)
            page.run(f"document.querySelector('input[name=email]').value = '{ALICE}'")
            follow(page, "form button")
            page.click("#passkey button")
            page.until("document.querySelector('h1').textContent === 'Overview'")
            assert page.errors() == []
            assert f"user {alice.user_id}" in page.goto(f"{here}/admin/audit").html()
        server.stop()
    finally:
        server.kill()
