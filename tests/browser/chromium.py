"""A real headless Chromium, told what to do over its DevTools protocol through a pair of pipes: no port, no other package.

    with chromium(tmp_path) as browser:
        page = browser.profile().open("http://albums.darkroom.test:3002/")
        page.run("document.title")

Names below `darkroom.test` lead to this machine. Every wait ends after SECONDS.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import selectors
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pytest

SECONDS = 60.0  # a bound on hanging, not an expectation: the machine may be busy
PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server",
    "--host-resolver-rules=MAP *.darkroom.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)  # fmt: skip
Json = dict[str, Any]

needed = pytest.mark.skipif(PROGRAM is None, reason="no Chromium here: Debian's package is called chromium")


class PageFailed(AssertionError):
    """A script that was run in a page threw; the text is its error's."""


class Wire:
    """Commands and events: JSON texts, each ended by a NUL."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading, self._writing = reading, writing
        self._rest = b""
        self._number = 0
        self._answers: dict[int, Json] = {}
        self.events: list[Json] = []

    def call(self, method: str, session: str = "", **parameters: Any) -> Json:
        """The result of a command; AssertionError with Chromium's words where it is refused."""
        self._number += 1
        number = self._number
        said: Json = {"id": number, "method": method, "params": parameters}
        if session:
            said["sessionId"] = session
        os.write(self._writing, json.dumps(said).encode() + b"\0")
        until = time.monotonic() + SECONDS
        while number not in self._answers:
            self._take(until, method)
        answer = self._answers.pop(number)
        assert "error" not in answer, f"{method}: {answer['error']}"
        return dict(answer["result"])

    def wait(self, session: str, method: str) -> Json:
        """The first event of this name that was not waited for yet."""
        until = time.monotonic() + SECONDS
        while True:
            for i, event in enumerate(self.events):
                if event.get("sessionId") == session and event["method"] == method:
                    return dict(self.events.pop(i)["params"])
            self._take(until, method)

    def _take(self, until: float, what: str) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._reading, selectors.EVENT_READ)
            assert selector.select(max(0.0, until - time.monotonic())), f"Chromium does not answer: {what}"
        read = os.read(self._reading, 1 << 20)
        assert read, "Chromium has ended"
        *texts, self._rest = (self._rest + read).split(b"\0")
        for text in texts:
            message = json.loads(text)
            if "id" in message:
                self._answers[message["id"]] = message
            else:
                self.events.append(message)


@dataclass
class Page:
    wire: Wire = field(repr=False)
    session: str

    def goto(self, url: str) -> Self:
        self.wire.events = [e for e in self.wire.events if e["method"] != "Page.loadEventFired"]
        went = self.wire.call("Page.navigate", self.session, url=url)
        assert "errorText" not in went, f"{url}: {went}"
        if "loaderId" in went:  # else only what is behind the # changed
            self.wire.wait(self.session, "Page.loadEventFired")
        return self

    def run(self, script: str) -> Any:
        """The value of an expression, a promise's when it is settled; PageFailed where it throws."""
        answer = self.wire.call("Runtime.evaluate", self.session, expression=script, awaitPromise=True, returnByValue=True, userGesture=True)
        if "exceptionDetails" in answer:
            thrown = answer["exceptionDetails"]
            raise PageFailed(thrown.get("exception", {}).get("description") or thrown["text"])
        return answer["result"].get("value")

    def until(self, condition: str) -> Any:
        """Wait until an expression is true; its value."""
        end = time.monotonic() + SECONDS
        while not (value := self.run(condition)):
            assert time.monotonic() < end, f"never came: {condition}; errors: {self.errors()}; page: {self.run('document.body.innerText')[:2000]}"
            time.sleep(0.05)
        return value

    def without_scripts(self) -> Self:
        self.wire.call("Emulation.setScriptExecutionDisabled", self.session, value=True)
        return self

    def html(self) -> str:
        """The document as it stands, also where scripts are off."""
        root = self.wire.call("DOM.getDocument", self.session)["root"]["nodeId"]
        return str(self.wire.call("DOM.getOuterHTML", self.session, nodeId=root)["outerHTML"])

    def click(self, selector: str) -> None:
        """As a person's mouse does; also where scripts are off."""
        root = self.wire.call("DOM.getDocument", self.session)["root"]["nodeId"]
        node = self.wire.call("DOM.querySelector", self.session, nodeId=root, selector=selector)["nodeId"]
        assert node, f"nothing is {selector}"
        self.wire.call("DOM.scrollIntoViewIfNeeded", self.session, nodeId=node)
        x1, y1, _, _, x2, y2, *_ = self.wire.call("DOM.getBoxModel", self.session, nodeId=node)["model"]["content"]
        where = {"x": (x1 + x2) / 2, "y": (y1 + y2) / 2, "button": "left", "clickCount": 1}
        for kind in ("mousePressed", "mouseReleased"):
            self.wire.call("Input.dispatchMouseEvent", self.session, type=kind, **where)

    def errors(self) -> list[str]:
        """What went wrong in the page: scripts that threw, what its policy or CORS kept from it. Answers of 400 and more are no error of it."""
        self.run("1")  # what happened before this is told by now
        found = []
        for event in self.wire.events:
            if event.get("sessionId") != self.session:
                continue
            said = event["params"]
            if event["method"] == "Runtime.exceptionThrown":
                found.append(json.dumps(said["exceptionDetails"])[:1000])
            elif event["method"] == "Runtime.consoleAPICalled" and said["type"] in ("error", "assert"):
                found.append(json.dumps(said["args"])[:1000])
            elif event["method"] == "Log.entryAdded" and said["entry"]["level"] == "error":
                entry = said["entry"]
                if entry["source"] != "network" or "the server responded with a status" not in entry["text"]:
                    found.append(f"{entry['source']}: {entry['text']} {entry.get('url', '')}")
        return found


@dataclass
class Profile:
    """Somebody's browser: storage and cookies of its own."""

    wire: Wire = field(repr=False)
    context: str

    def open(self, url: str) -> Page:
        target = self.wire.call("Target.createTarget", url="about:blank", browserContextId=self.context, width=1280, height=900)["targetId"]
        session = self.wire.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "DOM"):
            self.wire.call(f"{domain}.enable", session)
        return Page(self.wire, session).goto(url)


@dataclass
class Browser:
    wire: Wire = field(repr=False)

    def profile(self) -> Profile:
        return Profile(self.wire, self.wire.call("Target.createBrowserContext")["browserContextId"])


def _pipe() -> tuple[int, int]:
    """Its two ends, with numbers above those that Chromium's pipes must have."""
    low = os.pipe()
    high = fcntl.fcntl(low[0], fcntl.F_DUPFD_CLOEXEC, 64), fcntl.fcntl(low[1], fcntl.F_DUPFD_CLOEXEC, 64)
    for end in low:
        os.close(end)
    return high


@contextlib.contextmanager
def chromium(folder: Path) -> Iterator[Browser]:
    """A browser whose files are in `folder`; it has ended when this ends."""
    assert PROGRAM is not None
    (hears, telling), (reading, answers) = _pipe(), _pipe()
    pipes = f'exec "$@" 3<&{hears} 4>&{answers} {hears}<&- {answers}>&-'  # DevTools reads from 3 and writes to 4
    command = ["bash", "-c", pipes, "bash", PROGRAM, *FLAGS, f"--user-data-dir={folder / 'profile'}"]
    home = {**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_CACHE_HOME": str(folder)}
    with (folder / "chromium.log").open("wb") as log:
        process = subprocess.Popen(command, pass_fds=(hears, answers), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=home)
    for theirs in (hears, answers):
        os.close(theirs)
    try:
        wire = Wire(reading, telling)
        yield Browser(wire)
        wire.call("Browser.close")
        process.wait(SECONDS)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(reading)
        os.close(telling)
