"""The live cryptography a replay needs: SRP proofs, sealed tokens, key pairs in place of the recorded ones.

A recorded proof is replaced by a true one where the recording shows success, and left false where it shows failure.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections import defaultdict, deque
from typing import Any

from bridge.client import srp
from tests.clients import crypto
from tests.clients.account import Account
from tests.clients.crypto import b64, unb64
from tests.wire.golden_map import SHORTENED, Mapping

Step = dict[str, Any]


def base_name(who: str) -> str:
    """alice of `alice'`, `alice (login)` and `alice@auth`."""
    return who.split("'")[0].split(" ")[0].split("@")[0]


def totp(secret: str, seconds: float) -> str:
    """RFC 6238 with SHA-1, 30 s, six digits: the code an authenticator shows."""
    counter = int(seconds // 30).to_bytes(8, "big")
    mac = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    at = mac[-1] & 15
    return f"{(int.from_bytes(mac[at : at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"


class Secrets:
    def __init__(self, mapping: Mapping, steps: list[Step], true_proofs: frozenset[int] = frozenset()) -> None:
        self._map = mapping
        self._pairs: dict[str, tuple[bytes, bytes]] = {}
        self._pair_of: dict[str, tuple[bytes, bytes]] = {}
        self._passwords: dict[str, tuple[bytes, bytes]] = {}
        self._exchanges: dict[str, srp.SrpClient] = {}
        self._opened: dict[str, deque[str]] = defaultdict(deque)
        self._true_proofs = {
            step["body"]["srpM1"]
            for number, step in enumerate(steps)
            if "srpM1" in (step.get("body") or {}) and (step["status"] == 200 or number in true_proofs)
        }
        self._pending: srp.SrpClient | None = None
        self._true_codes = {
            str(step["body"].get("code")).strip()
            for step in steps
            if step.get("status") == 200 and "/two-factor/" in step["url"] and "code" in (step["body"] or {})
        }
        self._codes: dict[str, str] = {}
        self._totp_secret = ""
        self._kit: tuple[bytes, bytes] | None = None

    def adopt(self, who: str, account: Account) -> None:
        """Somebody whose sign-up the recording leaves out."""
        self._pair_of[base_name(who)] = (account.public_key, account.private_key)
        self._pairs[b64(account.public_key)] = self._pair_of[base_name(who)]
        self._passwords[account.srp_user_id] = (crypto.login_subkey(account.kek), account.srp_salt)

    def before(self, step: Step, body: Any) -> Any:
        """The body to send; `step` is the recorded one, `body` already has this run's values."""
        if not isinstance(body, dict):
            return body
        recorded = step["body"]
        if step["url"] == "/users/attributes":
            self._swap_key_pair(step["who"], recorded.get("keyAttributes"), body.get("keyAttributes"))
        if "authPublicKey" in recorded:
            self._kit = crypto.new_keypair()
            body["authPublicKey"] = b64(self._kit[0])
        if "srpVerifier" in recorded or "srpA" in recorded:
            self._begin(step, body)
        if "srpM1" in recorded and recorded["srpM1"] in self._true_proofs:
            exchange = self._exchanges.get(body.get("setupID") or body.get("sessionID") or "") or self._pending
            if exchange is not None and exchange.m1:
                body["srpM1"] = b64(exchange.m1)
        code = str(recorded.get("code")).strip()
        if "code" in recorded and code in self._true_codes and self._totp_secret:
            fresh = self._codes.setdefault(code, totp(self._totp_secret, time.time()))
            body["code"] = recorded["code"].replace(code, fresh)
        if "challenge" in recorded and step["status"] == 200:
            body["challenge"] = self.opened_for(step, recorded["challenge"])
        return body

    def _swap_key_pair(self, who: str, recorded: Any, sent: Any) -> None:
        if not isinstance(recorded, dict) or len(recorded.get("publicKey") or "") != 44:
            return
        golden = recorded["publicKey"]
        if self._map.texts.get(golden, golden) == golden:
            public, private = crypto.new_keypair()
            self._map.texts[golden] = b64(public)
            self._pairs[b64(public)] = self._pair_of[base_name(who)] = (public, private)
        sent["publicKey"] = self._map.texts[golden]

    def _begin(self, step: Step, body: dict[str, Any]) -> None:
        recorded, identity = step["body"], body.get("srpUserID")
        if not isinstance(identity, str):
            return
        if "srpVerifier" in recorded and "…" in str(recorded["srpVerifier"]):
            password, salt = hashlib.sha256(identity.encode()).digest()[:16], unb64(body["srpSalt"])
            self._passwords[identity] = (password, salt)
            body["srpVerifier"] = b64(srp.verifier(identity, password, salt))
        shortened = SHORTENED.match(str(recorded.get("srpA")))
        if shortened and step["status"] == 400:
            body["srpA"] = shortened[1] + "A" * (int(shortened[2]) - len(shortened[1]))  # one byte too long
        elif shortened:
            password, salt = self._passwords.get(identity, (bytes(16), bytes(16)))
            self._pending = srp.SrpClient(identity, password, salt)
            body["srpA"] = b64(self._pending.public)

    def after(self, step: Step, reply: Any) -> list[str]:
        """Learns from this run's reply; returns what is wrong with its proofs."""
        if not isinstance(reply, dict):
            return []
        self._totp_secret = reply.get("secretCode", self._totp_secret)
        if "srpB" in reply and self._pending is not None:
            self._pending.prove(unb64(reply["srpB"]))
            self._exchanges[reply.get("setupID") or reply.get("sessionID") or ""] = self._pending
        if reply.get("encryptedToken"):
            self._open(step["who"], reply, "encryptedToken", as_token=True)
        if reply.get("encryptedChallenge"):
            self._open(step["who"], reply, "encryptedChallenge", as_token=False)
        return self._check_proof(step, reply)

    def _check_proof(self, step: Step, reply: dict[str, Any]) -> list[str]:
        body = step["body"] if isinstance(step["body"], dict) else {}
        exchange = self._exchanges.get(self._map.text(str(body.get("setupID") or body.get("sessionID") or "")))
        if "srpM2" in reply and exchange is not None:
            try:
                exchange.check(unb64(reply["srpM2"]))
            except ValueError as error:
                return [f"srpM2: {error}"]
        return []

    def _open(self, who: str, reply: dict[str, Any], name: str, *, as_token: bool) -> None:
        public = (reply.get("keyAttributes") or {}).get("publicKey", "")
        pair = self._pairs.get(public) or self._pair_of.get(base_name(who)) or self._kit  # who finds a kit has no account
        assert pair is not None
        plain = crypto.unseal(unb64(reply[name]), *pair)
        self._opened[who].append(crypto.token_text(plain) if as_token else plain.decode())

    def opened_for(self, step: Step, golden: str) -> str:
        """This run's value for a recorded one that only ever travelled sealed; itself when nothing was opened."""
        if golden in self._map.texts:
            return self._map.texts[golden]
        who = step["who"]
        own = [name for name in [who, *self._opened] if base_name(name) == base_name(who)]
        others = [name for name in self._opened if name not in own] if step["status"] != 401 else []
        for queue in [self._opened[name] for name in own + others]:
            if queue:
                self._map.texts[golden] = queue.popleft()
                return self._map.texts[golden]
        return golden
