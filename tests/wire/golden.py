"""Replays one recorded case against a running server, step by step; its exceptions are in golden_tables.

A recorded 500 for a client's mistake is matched by any 4xx. Every answer is also held against the strict schemas.
"""

from __future__ import annotations

import json
import re
import secrets
from pathlib import Path
from typing import Any

import httpx

from tests.clients import crypto, strict
from tests.clients.api import next_address
from tests.clients.ente import Device
from tests.wire import golden_tables as tables
from tests.wire.golden_compare import Comparison
from tests.wire.golden_map import Mapping
from tests.wire.golden_secrets import Secrets, base_name
from tests.wire.golden_store import Store

DATA = Path(__file__).parent.parent / "data" / "golden"
STORE = "https://s3.example.org/"
Step = dict[str, Any]
_EMAIL = re.compile(r"([A-Za-z]+)-([0-9a-f]{10})(@|%40)example\.org", re.IGNORECASE)
MOST_PROBLEMS = 8


def all_areas() -> frozenset[str]:
    return frozenset(folder.name for folder in DATA.iterdir())


def case_names(areas: frozenset[str]) -> list[str]:
    files = sorted(file for area in areas for file in (DATA / area).glob("*.jsonl"))
    return [f"{file.parent.name}/{file.stem}" for file in files]


def load(case: str) -> list[Step]:
    """The steps, with fresh e-mail addresses of the same length, so that a case can run twice on one server."""
    text = (DATA / f"{case}.jsonl").read_text()
    for tag in {match[2].lower() for match in _EMAIL.finditer(text)}:
        fresh = f"{secrets.randbelow(10**10):010d}"  # digits only: cases spell addresses in several ways
        text = re.sub(tag, fresh, text, flags=re.IGNORECASE)
    return [json.loads(line) for line in text.splitlines()]


class Replay:
    def __init__(self, case: str, base_url: str, transport: httpx.BaseTransport | None = None) -> None:
        self.case, self.base_url = case, base_url
        self.steps = load(case)
        self.map = Mapping()
        self.secrets = Secrets(self.map, self.steps, tables.TRUE_PROOFS.get(case, frozenset()))
        self.store = Store(case, base_url, self.steps, self.map)
        self.problems: list[str] = []
        self._http = httpx.Client(timeout=60, trust_env=False, verify=False, transport=transport)
        self._addresses: dict[str, str] = {}
        self._cookies: dict[str, str] = {}
        self._device: dict[str, Device] = {}

    # -- running --------------------------------------------------------------------------------

    def run(self) -> None:
        """Raises AssertionError with every difference (the first few)."""
        try:
            for number, step in enumerate(self.steps):
                if step.get("signs_up"):
                    self._sign_up(step)
                else:
                    self._play(number, step)
                if len(self.problems) >= MOST_PROBLEMS:
                    break
        finally:
            self._http.close()
            for device in self._device.values():
                device.close()
        if self.problems:
            raise AssertionError(f"{self.case}\n  " + "\n  ".join(self.problems[:MOST_PROBLEMS]))

    def _sign_up(self, step: Step) -> None:
        who = step["who"]
        text = json.dumps(self.steps)
        named = re.search(rf"\b{base_name(who)}-[0-9a-f]{{10}}(@|%40)example\.org", text)
        email = named[0].replace("%40", "@") if named else f"{base_name(who)}-{secrets.token_hex(5)}@example.org"
        keyless = (self.case, who) in tables.WITHOUT_KEYS
        device = self._device[who] = Device.sign_up(self.base_url, email, keys=not keyless)
        self.map.learn_number("person", step["id"], device.user_id)
        self.map.texts[step["token"]] = device.api.token
        if not keyless:
            self.secrets.adopt(who, device.account)

    def _address(self, who: str) -> str:
        if self.case in tables.NEW_ADDRESS_EACH_TIME:
            return next_address()
        return self._addresses.setdefault(who, next_address())

    def _play(self, number: int, step: Step) -> None:
        at_object = step["url"].startswith(STORE)
        headers = self._headers(step)
        if at_object:
            url = self.store.url_of(number, step)
            content = self.store.body_of(number, step, url)
        else:
            url = self.base_url + self._api_url(step)
            content = self._api_body(step)
            headers.setdefault("Content-Type", "text/plain;charset=UTF-8") if content is not None else None
        response = self._http.request(step["method"], url, content=content, headers=headers)
        found = self._compare(step, response, at_object)
        if _is_attachment(step) and response.is_success:  # the upload itself was not recorded
            picture = bytes(step["body"]["contentLength"])
            self._http.put(response.json()["url"], content=picture, headers={"Content-MD5": crypto.md5_b64(picture)}).raise_for_status()
        if "set-cookie" in response.headers:
            self._cookies[step["who"]] = response.headers["set-cookie"].partition(";")[0]
        if at_object and response.is_success and "etag" in response.headers:
            self.store.etags[url] = response.headers["etag"]
        if number not in tables.ALLOWED.get(self.case, {}):
            short = f"{number} {step['who']} {step['method']} {step['url'][:90]}"
            self.problems.extend(f"[{short}] {problem}" for problem in found)

    def _headers(self, step: Step) -> dict[str, str]:
        sent = {"X-Forwarded-For": self._address(step["who"])}
        for name, value in step["headers"].items():
            if name == "cookie":
                sent[name] = self._cookies.get(step["who"], "")
                continue
            if name == "x-auth-token":
                value = self.secrets.opened_for(step, value)
            sent[name] = self.map.text(value) if name not in ("origin", "range") else value
        return sent

    def _api_url(self, step: Step) -> str:
        token = re.search(r"[?&]token=([^&]+)", step["url"])
        if token:
            self.secrets.opened_for(step, httpx.URL("/?" + token[0][1:]).params["token"])
        return self.map.api_url(step["url"])

    def _api_body(self, step: Step) -> bytes | None:
        body = step["body"]
        if body is None:
            return None
        if isinstance(body, dict):
            body = self.secrets.before(step, self.map.value(body, (), step["url"]))
            if _is_attachment(step):
                body["contentMD5"] = crypto.md5_b64(bytes(body["contentLength"]))
        elif isinstance(body, list):
            body = self.map.value(body, (), step["url"])
        elif step["body"] in ("{", '{"contentLe'):
            return str(step["body"]).encode()
        return json.dumps(body).encode()

    # -- replies --------------------------------------------------------------------------------

    def _compare(self, step: Step, response: httpx.Response, at_object: bool) -> list[str]:
        recorded, status = step["status"], response.status_code
        if recorded == 500 and 400 <= status < 500:
            return []
        if step["method"] == "OPTIONS" and {recorded, status} <= {200, 204}:
            recorded = status
        if recorded in (301, 307) and "/s3." not in step["reply_headers"].get("location", "") and step["url"].rstrip("/") != step["url"]:
            return []  # a trailing slash may be served as well as redirected
        if recorded != status:
            return [f"status {recorded} recorded, {status} came: {response.text[:160]}"]
        compared = Comparison(self.map)
        compared.headers(step, response.headers)
        reply, raw = step["reply"], isinstance(step["reply"], dict) and "bytes" in step["reply"]
        if at_object or raw:
            compared.problems += self._raw(step, response, at_object)
        elif isinstance(reply, str) or 300 <= status < 400 or _is_no_route(step):
            pass
        elif reply is None or not response.content:
            if (reply is None) != (not response.content):
                compared.problems.append(f"body {str(reply)[:60]} recorded, {response.text[:60]!r} came")
        else:
            self._json(step, response, compared)
        return compared.problems

    def _json(self, step: Step, response: httpx.Response, compared: Comparison) -> None:
        try:
            actual = response.json()
        except ValueError:
            compared.problems.append(f"JSON recorded, {response.text[:80]!r} came")
            return
        compared.json(step["reply"], _recorded_part(step["url"], actual))
        compared.problems += self.secrets.after(step, actual)
        self.store.remember(step, step["reply"], actual)
        try:
            path = httpx.URL(self.map.api_url(step["url"])).path
            strict.check(step["method"], path, response.status_code, actual, step["body"])
        except AssertionError as error:
            compared.problems.append(f"strict: {error}")

    def _raw(self, step: Step, response: httpx.Response, at_object: bool) -> list[str]:
        length = step["reply"].get("bytes") if isinstance(step["reply"], dict) else None
        if at_object and response.is_success and step["method"] == "GET" and isinstance(length, int) and length != len(response.content):
            return [f"{length} bytes recorded, {len(response.content)} came"]
        if isinstance(step["reply"], str) and response.is_success and response.text != step["reply"]:
            return [f"{step['reply']!r} recorded, {response.text[:60]!r} came"]
        return []


def _is_attachment(step: Step) -> bool:
    return str(step["url"]).startswith("/attachments/") and step["method"] == "POST"


def _recorded_part(url: str, actual: Any) -> Any:
    """An answer without what the original does not have."""
    rows, key = tables.OURS.get(url.partition("?")[0], ("", ""))
    if not rows or not isinstance(actual, dict) or not isinstance(actual.get(rows), list):
        return actual
    return {**actual, rows: [{k: v for k, v in row.items() if k != key} for row in actual[rows]]}


def _is_no_route(step: Step) -> bool:
    """The original's text of such a 404 is lost on the way; only the status can be relied on."""
    return bool(step["status"] == 404 and step["reply"] is None)
