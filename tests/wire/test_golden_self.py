"""The replay harness itself: a recording answered by itself shows no difference, and a changed answer shows one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.wire.golden import Replay, all_areas, case_names
from tests.wire.golden_secrets import Secrets

Step = dict[str, Any]
UPLOAD = "upload_urls/v2_returns_one_bare_url"
SHARE = "sharing/shared_listing_shape"


class Untouched(Secrets):
    """Recorded proofs and sealed values cannot be opened, so they are left alone."""

    def before(self, step: Step, body: Any) -> Any:
        return body

    def after(self, step: Step, reply: Any) -> list[str]:
        return []


class Echo(Replay):
    """Answers each request with what was recorded for it; people who sign up keep their recorded ids."""

    def __init__(self, case: str, change: Callable[[int, Step], Step] = lambda _, step: step) -> None:
        self._change = change
        super().__init__(case, "http://echo", httpx.MockTransport(self._answer))
        self.secrets = Untouched(self.map, self.steps)
        self._answers = iter([(at, step) for at, step in enumerate(self.steps) if "url" in step])

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.host != "echo" and not any("url" in step and step["url"].startswith("http") for step in self.steps):
            return httpx.Response(200)  # what went to the store was not recorded
        number, step = next(self._answers)
        step = self._change(number, step)
        reply = self.map.value(step["reply"])
        content = b"" if reply is None else json.dumps(reply).encode()
        if isinstance(reply, dict) and isinstance(reply.get("bytes"), int):
            content = bytes(reply["bytes"])
        if isinstance(reply, str):
            content = reply.encode()
        recorded = step["reply_headers"].items()
        headers = {name: self._header(name, value) for name, value in recorded if name != "content-length"}
        return httpx.Response(step["status"], headers=headers, content=content)

    def _header(self, name: str, value: str) -> bytes:
        return (value if name.startswith("access-control") else self.map.text(value)).encode()

    def _sign_up(self, step: Step) -> None:
        self.map.learn_number("person", step["id"], step["id"])
        self.map.texts[step["token"]] = step["token"]


@pytest.mark.parametrize("area", sorted(all_areas()))
def test_a_recording_agrees_with_itself(area: str) -> None:
    """One of each area; the others with `-m slow`."""
    Echo(case_names(frozenset({area}))[0]).run()


@pytest.mark.slow
@pytest.mark.parametrize("case", case_names(all_areas()))
def test_every_recording_agrees_with_itself(case: str) -> None:
    Echo(case).run()


def changed(**fields: Any) -> Callable[[int, Step], Step]:
    def change(number: int, step: Step) -> Step:
        return {**step, **fields} if step["url"] == "/files/upload-url" else step

    return change


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"status": 201}, "status 200 recorded, 201 came"),
        ({"reply": None}, "body .* recorded"),
        ({"reply": {"objectKey": "1/a-b-c-d"}}, "keys missing"),
        ({"reply": {"objectKey": 5, "url": "http://x/1"}}, "string recorded, int came"),
        ({"reply": {"objectKey": "1/a-b-c-d", "url": "http://x/1", "more": None}}, "keys not recorded"),
        ({"reply_headers": {}}, "content-type"),
    ],
)
def test_a_changed_answer_is_noticed(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(AssertionError, match=named):
        Echo(UPLOAD, changed(**fields)).run()


def test_null_is_not_an_empty_list() -> None:
    def change(_: int, step: Step) -> Step:
        text = json.dumps(step["reply"])
        return {**step, "reply": json.loads(text.replace('"publicURLs": []', '"publicURLs": null'))}

    with pytest.raises(AssertionError, match="array recorded, null came"):
        Echo(SHARE, change).run()


def test_a_value_that_was_met_before_must_come_again() -> None:
    def change(number: int, step: Step) -> Step:
        if step["method"] != "GET":
            return step
        text = json.dumps(step["reply"])
        return {**step, "reply": json.loads(text.replace('"encryptedName": "', '"encryptedName": "AAAA'))}

    with pytest.raises(AssertionError, match="expected as before"):
        Echo("collections/rename", change).run()
