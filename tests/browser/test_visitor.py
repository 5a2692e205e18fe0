"""A visitor of an album in a real browser: the page comes from an address of its own of this process, everything else by CORS.

The page is the tests' own (`visitor/`), installed by `darkroom web add`. The addresses are names, not this machine's, so that the rule of
which pages may show a link decides as it does in the open.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import struct
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.browser.chromium import Browser, Page, PageFailed, chromium, needed
from tests.cli.command import darkroom, free_port
from tests.clients.crypto import md5_b64
from tests.clients.ente import Device
from tests.clients.transfer import MIB5
from tests.wire.process import RunningServer, start_server

pytestmark = [pytest.mark.slow, needed]
HERE = Path(__file__).parent
HOST = "photos.darkroom.test"
KEY = bytes(range(1, 33))
NAME, PASSWORD = "Holidays of Alice", "open sesame"
LOCK = {"passHash": b64encode(PASSWORD.encode()).decode(), "nonce": "bm9uY2U=", "memLimit": 67108864, "opsLimit": 2}


def pad(plain: bytes) -> bytes:
    return bytes(byte ^ KEY[i % len(KEY)] for i, byte in enumerate(plain))


def b64(plain: bytes) -> str:
    return b64encode(plain).decode()


def picture() -> bytes:
    """A PNG of one red dot, so that the browser has something to show."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\xff\0\0")) + chunk(b"IEND", b"")


class Here(httpx.HTTPTransport):
    """Every name leads to this machine, as for the browser."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(host="127.0.0.1")
        return super().handle_request(request)


@dataclass
class Setting:
    """A server with the visitors' page at one port of its own and, where links are not welcome, at another; and Alice, who has an album."""

    server: RunningServer
    albums: int
    cast: int
    alice: Device
    browser: Browser
    album: int = 0

    def new_album(self, **link: Any) -> str:
        """An album with a link; the link."""
        name = {"encryptedName": b64(pad(NAME.encode())), "nameDecryptionNonce": "bm9uY2U="}
        keys = {"encryptedKey": b64(bytes(48)), "keyDecryptionNonce": b64(bytes(24))}
        self.album = self.alice.api.post("/collections", {"type": "album", **name, **keys})["collection"]["id"]
        made: str = self.alice.api.post("/collections/share-url", {"collectionID": self.album, **link})["result"]["url"]
        return made

    def change(self, **options: Any) -> None:
        self.alice.api.put("/collections/share-url", {"collectionID": self.album, **options})

    def photo(self, content: bytes, title: str) -> int:
        file, thumbnail = pad(content), pad(picture())
        parts = {
            name: {"objectKey": self.alice.objects.put(data), "decryptionHeader": "aGVhZGVy", "size": len(data)}
            for name, data in (("file", file), ("thumbnail", thumbnail))
        }
        about = {"encryptedData": b64(pad(title.encode())), "decryptionHeader": "aGVhZGVy"}
        body = {"collectionID": self.album, "encryptedKey": "a2V5", "keyDecryptionNonce": "bm9uY2U=", "metadata": about, **parts}
        return int(self.alice.api.post("/files", body)["id"])

    def rows(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.alice.api.get("/collections/v2/diff", collectionID=self.album, sinceTime=0)["diff"]
        return found

    def open(self, link: str, until: str) -> Page:
        """The link, with the key behind it, in a new browser, when the page says so."""
        page = self.browser.profile().open(f"{link}#{KEY.hex()}")
        page.until(f"document.getElementById('state').textContent.startsWith({until!r})")
        return page


@pytest.fixture(scope="module")
def s(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    folder = tmp_path_factory.mktemp("visitor")
    albums, cast = free_port(), free_port()
    server = start_server(folder, host=HOST, extra_toml=f"[web.ports]\nalbums = {albums}\ncast = {cast}\n")
    try:
        for app in ("albums", "cast"):
            added = darkroom("web", "add", str(HERE / "visitor"), "--app", app, cwd=folder, **settings(server))
            assert f"built for this server, http://{HOST}:{server.port}" in added.stdout, added.stdout + added.stderr
        with (
            contextlib.closing(Device.sign_up(f"http://{HOST}:{server.port}", "alice@example.org", transport=Here())) as alice,
            chromium(folder) as browser,
        ):
            yield Setting(server, albums, cast, alice, browser)
        server.stop()
    finally:
        server.kill()


def settings(server: RunningServer) -> dict[str, str]:
    return {name: value for name, value in server.environment.items() if name.startswith("DARKROOM_")}


def shown(page: Page) -> list[str]:
    found: list[str] = page.run("[...document.images].filter((i) => i.naturalWidth == 1).map((i) => i.alt)")
    return sorted(found)


def test_it_works(s: Setting) -> None:
    link = s.new_album()
    assert link.startswith(f"http://{HOST}:{s.albums}/?t=")
    first, second = random.Random(1).randbytes(300_000), b"small"
    large = s.photo(first, "sea.jpg")
    s.photo(second, "hill.jpg")
    page = s.open(link, "album")
    assert page.run("document.title") == NAME
    assert shown(page) == ["hill.jpg", "sea.jpg"]
    # both names of the device's token are to be read across origins, and it is taken back
    assert page.run("visitor.device && visitor.device == visitor.olderDevice")
    got = page.run(f"visitor.redirected({large})")
    assert (got["status"], got["redirected"], b64decode(got["bytes"]) == first) == (200, True, True)
    assert got["url"].startswith(f"http://{HOST}:{s.server.port}/objects/")
    assert "accessToken" not in got["url"]
    assert got["said"]["Content-Length"] == str(len(first))
    assert got["said"]["X-Request-Id"]
    assert got["said"]["ETag"]
    part = page.run(f"visitor.part({large}, 1000, 1099)")
    assert (part["status"], part["range"], part["length"]) == (206, f"bytes 1000-1099/{len(first)}", 100)
    of_old = page.run(f"visitor.redirected({large}, 'bytes=-16')")
    assert (of_old["status"], of_old["said"]["Content-Range"]) == (206, f"bytes {len(first) - 16}-{len(first) - 1}/{len(first)}")
    assert page.errors() == []


def test_the_shorter_form_of_a_link(s: Setting) -> None:
    address, _, token = s.new_album().partition("?t=")
    s.photo(b"one", "one.jpg")
    page = s.open(address + token, "album")
    assert shown(page) == ["one.jpg"]


def test_a_password(s: Setting) -> None:
    link = s.new_album()
    photo = s.photo(b"behind the password", "secret.jpg")
    s.change(**LOCK)
    page = s.open(link, "password")
    assert page.run("document.images.length") == 0
    for _ in range(2):
        with pytest.raises(PageFailed, match="401"):
            page.run("visitor.show()")
    page.run("document.forms[0].password.value = 'a guess'")
    page.click("button")
    page.until("document.getElementById('state').textContent == 'wrong password'")
    page.run(f"document.forms[0].password.value = {json.dumps(PASSWORD)}")
    page.click("button")
    page.until("document.getElementById('state').textContent == 'album'")
    assert shown(page) == ["secret.jpg"]
    assert b64decode(page.run(f"visitor.redirected({photo})")["bytes"]) == b"behind the password"
    s.change(passHash=b64(b"another"), nonce="bm9uY2U=", memLimit=67108864, opsLimit=2)
    with pytest.raises(PageFailed, match="401"):
        page.run("visitor.show()")
    assert page.run(f"visitor.redirected({photo})")["status"] == 401
    assert page.errors() == []


def test_a_guest_adds_photos(s: Setting) -> None:
    link = s.new_album(enableCollect=True)
    page = s.open(link, "album")
    content = random.Random(2).randbytes(200_000)
    ways = ((content, "file"), (picture(), "thumbnail"))
    for plain, name in ways:
        page.run(f"visitor.putOne({json.dumps(b64(plain))}, {json.dumps(md5_b64(pad(plain)))}).then((made) => {{ visitor.{name} = made; }})")
    made = page.run("visitor.commit(visitor.file, visitor.thumbnail, 'from a guest.jpg')")
    assert made["ownerID"] == s.alice.user_id
    page.run("visitor.show()")
    assert shown(page) == ["from a guest.jpg"]
    (row,) = s.rows()
    assert s.alice.objects.fetch("download", row["id"]) == pad(content)
    # other bytes than promised
    with pytest.raises(PageFailed, match=r"4\d\d "):
        page.run(f"visitor.putOne({json.dumps(b64(content))}, {json.dumps(md5_b64(content))})")
    # in parts
    size, pieces = MIB5 + 1000, [bytes(MIB5), bytes(1000)]
    page.run(f"visitor.putParts({size}, {MIB5}, {json.dumps([md5_b64(p) for p in pieces])}).then((made) => {{ visitor.file = made; }})")
    plain = picture()
    page.run(f"visitor.putOne({json.dumps(b64(plain))}, {json.dumps(md5_b64(pad(plain)))}).then((made) => {{ visitor.thumbnail = made; }})")
    page.run("visitor.commit(visitor.file, visitor.thumbnail, 'film.mp4')")
    assert len(s.rows()) == 2
    s.change(enableCollect=False)
    with pytest.raises(PageFailed, match="405"):
        page.run(f"visitor.putOne({json.dumps(b64(content))}, {json.dumps(md5_b64(pad(content)))})")
    assert page.errors() == []


def test_what_was_opened_is_closed(s: Setting) -> None:
    link = s.new_album()
    photo = s.photo(b"for a while", "mine.jpg")
    page = s.open(link, "album")
    s.alice.api.call("DELETE", f"/collections/share-url/{s.album}")
    with pytest.raises(PageFailed, match="410"):
        page.run("visitor.show()")
    assert page.run(f"visitor.redirected({photo})")["status"] == 410
    assert s.open(link, "failed: 410").run("document.images.length") == 0


def test_the_last_device_that_may(s: Setting) -> None:
    link = s.new_album(deviceLimit=1)
    page = s.open(link, "album")
    page.run("visitor.start()")  # the same browser, known by its token
    assert s.server.url  # both come from one address and one browser: what tells them apart is the name they give
    other = s.browser.profile().open("about:blank")
    other.wire.call("Network.setUserAgentOverride", other.session, userAgent="Another browser")
    other.goto(f"{link}#{KEY.hex()}")
    other.until("document.getElementById('state').textContent.startsWith('failed: 403')")
    page.run("visitor.show()")


def test_a_page_where_links_are_not_welcome(s: Setting) -> None:
    """The same files at the address of an app that shows no links; and the albums app keeps out what is not its own."""
    link = s.new_album()
    s.photo(b"x", "x.jpg")
    token = link.partition("?t=")[2]
    page = s.open(f"http://{HOST}:{s.cast}/?t={token}", "failed: 410")
    assert page.run("document.images.length") == 0
    page = s.open(link, "album")
    assert page.run("window.started")  # a script that the page itself has, known by its hash
    page.run("document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.injected = true' }))")
    assert page.run("window.injected") is None
    with pytest.raises(PageFailed):
        page.run("fetch('http://elsewhere.darkroom.test:1/')")
    assert [error for error in page.errors() if "Content Security Policy" not in error] == []
    frame = s.browser.profile().open(f"http://{HOST}:{s.cast}/")
    frame.run(
        "new Promise((done) => { const f = document.body.appendChild(document.createElement('iframe'));"
        f" f.onload = done; f.src = {json.dumps(link)}; }})"
    )
    assert any("frame" in error.lower() for error in frame.errors())


def test_without_the_app_the_page_of_our_own_says_how(s: Setting) -> None:
    """With scripts and without: the key behind the # stays in the browser."""
    token = s.new_album().partition("?t=")[2]
    page = s.browser.profile().open("about:blank").without_scripts()
    page.goto(f"http://{HOST}:{s.server.port}/c/{token}#{KEY.hex()}")
    assert "Developer settings" in page.html()
    assert token not in page.html()
    said = (s.server.log.read_text(), *(entry.name for entry in os.scandir(s.server.data_dir)))
    assert KEY.hex() not in "".join(said)
    assert page.errors() == []
