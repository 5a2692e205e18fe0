"""Which web app a request is for, and its answer: a file of the build, or the index for the app's own addresses."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path

from ..http.answer import Answer, Headers, Stored
from ..kernel.config import APPS, Config
from . import builds
from .builds import INDEX, Asset, Build, NoBuild
from .pages import link_page

__all__ = ["SITE", "Site", "Sites", "apps_dir", "hosts", "link_page", "make_sites", "policy", "ports"]

FRESH_S = 2.0  # how long a look at the folder counts
SITE = "darkroom.site"
"""Key of a request's scope: the app that its port serves."""
_FILE_NAMES = ("_next/", "assets/", "static/", "images/", "fonts/")
log = logging.getLogger("darkroom.web")


def apps_dir(config: Config) -> Path:
    return (config.web.apps_dir or config.data_dir / "web").expanduser().absolute()


def ports(config: Config) -> dict[str, int]:
    """App → port, of the apps that have one."""
    return {app: port for app in APPS if (port := getattr(config.web.ports, app))}


def hosts(config: Config) -> dict[str, str]:
    """Host, in lower case and without a port, → app."""
    return {host.lower().partition(":")[0]: app for app in APPS if (host := getattr(config.web.hosts, app))}


class Site:
    """One app at its address. The folder may be replaced while the server runs."""

    def __init__(self, app: str, folder: Path, policy: tuple[str, str]) -> None:
        self.app = app
        self.folder = folder
        self._before, self._after = policy
        self._build: Build | None = None
        self._looked = -FRESH_S

    async def answer(self, method: str, path: str, headers: dict[bytes, bytes], can_send: bool) -> Answer:
        """A file, the index for paths that the app itself knows, 404 for a missing file and where there is no build. `can_send`: the HTTP
        server sends files by their paths."""
        if method not in ("GET", "HEAD"):
            return _plain(405, b"Method Not Allowed", [(b"allow", b"GET, HEAD")])
        try:
            build = await self._current()
        except NoBuild:
            return _plain(404, b"This app is not installed on the server.")
        asset = build.find(path)
        if asset is None:
            name = path.rpartition("/")[2]
            if path[1:].startswith(_FILE_NAMES) or "." in name:  # a file of another build, not a place in the app
                return _plain(404, b"Not Found")
            asset = build.assets[INDEX]
        return await self._file(asset, method, headers, can_send)

    async def _current(self) -> Build:
        now = time.monotonic()
        if self._build is None or now - self._looked > FRESH_S:
            at = builds.stamp(self.folder)
            if self._build is None or self._build.stamp != at:
                self._build = await asyncio.to_thread(builds.read, self.folder)
            self._looked = now
        return self._build

    async def _file(self, asset: Asset, method: str, headers: dict[bytes, bytes], can_send: bool) -> Answer:
        said: Headers = [
            (b"content-type", asset.media.encode()),
            (b"cache-control", b"public, max-age=31536000, immutable" if asset.immutable else b"no-cache"),
            (b"vary", b"Accept-Encoding"),
            *self._security(asset),
        ]
        path, size, etag = asset.path, asset.size, asset.etag
        for coding in ("br", "gzip"):
            if coding in asset.packed and _accepts(headers.get(b"accept-encoding", b""), coding.encode()):
                path, size = asset.packed[coding]
                etag = f"{etag}-{coding}"
                said.append((b"content-encoding", coding.encode()))
                break
        said.append((b"etag", f'"{etag}"'.encode()))
        if f'"{etag}"'.encode() in headers.get(b"if-none-match", b""):
            return Stored(304, [h for h in said if h[0] != b"content-encoding"], 0)
        if method == "HEAD":
            return Stored(200, said, size)
        if can_send:
            return Stored(200, said, size, path=path)
        try:
            return Answer(await asyncio.to_thread(path.read_bytes), headers=said)
        except OSError:
            return _plain(404, b"Not Found")

    def _security(self, asset: Asset) -> Headers:
        framed = self.app == "embed"
        said: Headers = [
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"strict-origin-when-cross-origin" if framed else b"no-referrer"),
        ]
        if asset.media.startswith("text/html"):
            scripts = " ".join(dict.fromkeys(asset.scripts))
            said.append((b"content-security-policy", f"{self._before} {scripts}{self._after}".encode()))
            if not framed:
                said.append((b"x-frame-options", b"DENY"))
        return said


class Sites:
    """Every app that has a host or a port."""

    def __init__(self, config: Config) -> None:
        folder = apps_dir(config)
        self._hosts = hosts(config)
        self.sites = {app: Site(app, folder / app, policy(config, app)) for app in {*self._hosts.values(), *ports(config)}}

    def of(self, scope: dict[str, object], host: str) -> Site | None:
        """The app that a request is for: by the port it came in at, else by its Host header."""
        app = scope.get(SITE)
        if app is None:
            app = self._hosts.get(host.lower().partition(":")[0])
        return None if app is None else self.sites.get(str(app))


def make_sites(config: Config) -> Sites | None:
    """None where no app is served."""
    found = Sites(config)
    return found if found.sites else None


def policy(config: Config, app: str) -> tuple[str, str]:
    """The content security policy of an app's pages, before and after the hashes of their inline scripts: what the apps need (WebAssembly,
    workers and pictures that they make themselves, styles in the page), this server, its stores, and nothing else."""
    stores = [s.public_endpoint or s.endpoint or "" for s in config.storage if s.kind == "s3" and not s.proxy]
    others = [config.app_address(other) or "" for other in ("accounts", "albums", "photos")]
    more = " ".join(dict.fromkeys(config.web.sources))
    reached = " ".join(dict.fromkeys(part for part in (_origin(config.own_address), *map(_origin, stores), *map(_origin, others), more) if part))
    before = f"default-src 'self'; base-uri 'self'; object-src 'none'; form-action 'self'; script-src 'self' 'wasm-unsafe-eval' blob: {more}".rstrip()
    after = (
        "; style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; font-src 'self' data:"
        f"; img-src 'self' blob: data: {reached}; media-src 'self' blob: data: {reached}; connect-src 'self' blob: data: {reached}"
        f"; frame-src 'self' {' '.join(filter(None, map(_origin, others)))}; frame-ancestors {'*' if app == 'embed' else chr(39) + 'none' + chr(39)}"
    )
    return before, after


def _origin(url: str) -> str:
    scheme, mark, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}" if mark else ""


def _accepts(header: bytes, coding: bytes) -> bool:
    for part in header.split(b","):
        name, _, q = part.strip().partition(b";")
        if name.strip() == coding:
            return q.strip().replace(b" ", b"") not in (b"q=0", b"q=0.0", b"q=0.00", b"q=0.000")
    return False


def _plain(status: int, text: bytes, headers: Headers | None = None) -> Answer:
    said: Headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"no-cache"),
        (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    ]
    return Answer(text, status, headers=[*said, *(headers or [])])
