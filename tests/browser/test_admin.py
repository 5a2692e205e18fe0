"""The administration in a real browser: entered by a link, without an error in its console, for everybody, and with scripts off."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.browser import axe
from tests.browser.chromium import Browser, Page, chromium, needed
from tests.cli.command import darkroom
from tests.clients.ente import Device
from tests.clients.transfer import Plain
from tests.wire.process import RunningServer, start_server

pytestmark = [pytest.mark.slow, needed]
PLACES = ("", "/accounts", "/invites", "/codes", "/storage", "/backups", "/jobs", "/audit", "/report", "/setup")


@dataclass
class Setting:
    server: RunningServer
    folder: Path
    browser: Browser
    user_id: int

    def link(self) -> str:
        """A link that opens the page once."""
        made = darkroom("admin", "login", "--data-dir", str(self.server.data_dir), cwd=self.folder, **settings(self.server))
        (found,) = [word for word in made.stdout.split() if "/admin/enter?link=" in word]
        return found

    def enter(self, *, scripts: bool = True) -> Page:
        page = self.browser.profile().open("about:blank")
        if not scripts:
            page.without_scripts()
        page.goto(self.link())
        follow(page, "button")
        assert "Log out" in page.html()
        return page

    def url(self, place: str) -> str:
        return f"{self.server.url}/admin{place}"


def settings(server: RunningServer) -> dict[str, str]:
    return {name: value for name, value in server.environment.items() if name.startswith("DARKROOM_")}


def follow(page: Page, selector: str) -> None:
    """Click and wait for the page that it leads to."""
    page.wire.events = [e for e in page.wire.events if e["method"] != "Page.loadEventFired"]
    page.click(selector)
    page.wire.wait(page.session, "Page.loadEventFired")


@pytest.fixture(scope="module")
def s(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    folder = tmp_path_factory.mktemp("administration")
    server = start_server(folder)
    try:
        with contextlib.closing(Device.sign_up(server.url, "alice@example.org")) as alice, chromium(folder) as browser:
            alice.upload(alice.new_collection(), Plain(b"a photo"))
            yield Setting(server, folder, browser, alice.user_id)
        server.stop()
    finally:
        server.kill()


def test_it_works(s: Setting) -> None:
    page = s.enter()
    for place in (*PLACES, f"/accounts/{s.user_id}"):
        page.goto(s.url(place))
        assert "Log out" in page.html(), place
        assert page.run("document.documentElement.scrollWidth <= innerWidth"), f"{place} is wider than the window"
    assert page.errors() == []
    page.goto(s.url(f"/accounts/{s.user_id}"))
    page.run("document.querySelector('form[action$=quota] input[name=size]').value = '5GiB'")
    follow(page, "form[action$=quota] button")
    assert "The limit is set." in page.html()
    assert page.errors() == []


def test_with_scripts_off(s: Setting) -> None:
    page = s.enter(scripts=False)
    for place in (*PLACES, f"/accounts/{s.user_id}"):
        page.goto(s.url(place))
        assert "Log out" in page.html(), place
    follow(page, "form[action$=leave] button")
    page.goto(s.url(""))
    assert "Log out" not in page.html()


def test_a_used_link_says_so(s: Setting) -> None:
    link = s.link()
    page = s.browser.profile().open(link)
    follow(page, "button")
    other = s.browser.profile().open(link)
    follow(other, "button")
    assert "used already" in other.html()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_for_everybody(s: Setting, scheme: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Contrast, names of fields, order of headings: what axe-core knows, in both colour schemes."""
    script = axe.fetch(tmp_path_factory.mktemp("axe"))
    page = s.enter()
    page.wire.call("Emulation.setEmulatedMedia", page.session, features=[{"name": "prefers-color-scheme", "value": scheme}])
    found = {}
    for place in (*PLACES, f"/accounts/{s.user_id}"):
        page.goto(s.url(place))
        found[place] = axe.violations(page, script)
    page.goto(s.server.url)
    found["front page"] = axe.violations(page, script)
    page.goto(f"{s.server.url}/?t=AAAAAAAAAAAAAAAA")
    found["page of a link"] = axe.violations(page, script)
    assert {place: wrong for place, wrong in found.items() if wrong} == {}
