"""What `darkroom doctor` finds at the address that apps use: the way there, the proxy, the certificate, a body of 20 MiB."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from html import escape
from urllib.parse import urlsplit

from .. import __version__
from ..kernel.config import Config
from ..kernel.config_sources import ConfigError
from ..kernel.errors import AppError
from . import reach
from .admin_client import Refused
from .doctor_local import SOON, Finding
from .doctor_stores import SECONDS, origins, request

BODY = bytes(20 << 20)


def examine(config: Config, url: str | None, client: str | None) -> Iterator[Finding]:
    if not url:
        yield Finding("public_url", "warn", "not set, so nothing is asked there", "set it to the address that apps use, or give --url")
        return
    url = url.rstrip("/")
    reached = _ping(url)
    yield reached
    if url.startswith("https://"):
        yield from _certificate(url)
    elif client in ("ios", "android") and not _near(url):
        yield Finding("HTTPS", "fail", "plain HTTP", f"{client} refuses it outside your own network: put HTTPS in front (deploy/README.md)")
    if reached.verdict != "ok":
        return
    for look in (_version, _address, _proxy, _large):
        yield _tried(look.__name__.strip("_"), partial(look, config, url))
    for origin, kind in origins(config, client).items():
        yield replace(_tried(f"browsers of {origin}", partial(_cors, url, origin)), kind=f"browsers of {kind}")


def _tried(what: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except (OSError, http.client.HTTPException, ValueError) as e:
        return Finding(what, "fail", f"{type(e).__name__}: {e}")


def _near(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host == "localhost" or host.endswith(".local") or host.startswith(("127.", "10.", "192.168.", "172."))


def _ping(url: str) -> Finding:
    try:
        status, _, body = request("GET", f"{url}/ping", {})
        if status == 200 and json.loads(body).get("message") == "pong":
            return Finding("public URL", "ok", "answers")
        return Finding(
            "public URL", "fail", f"answers {status}, but not as this server", "is another program there, or a proxy that passes nothing on?"
        )
    except ssl.SSLError as e:
        return Finding("public URL", "fail", f"TLS: {e.reason}", "the certificate must be valid for this name: apps refuse others")
    except (OSError, http.client.HTTPException, ValueError, AttributeError) as e:
        return Finding("public URL", "fail", f"{type(e).__name__}: {e}", "does the name lead here, and does something listen there?")


def _version(config: Config, url: str) -> Finding:
    _, _, body = request("GET", f"{url}/version", {})
    there = json.loads(body).get("version")
    if there != __version__:
        return Finding("version", "warn", f"{there} is running, {__version__} is installed", "restart the server")
    return Finding("version", "ok", __version__)


def _address(config: Config, url: str) -> Finding:
    """What the server calls itself is what links and uploads lead to; its front page shows it."""
    status, _, body = request("GET", f"{url}/", {"Accept": "text/html"})
    if status == 200 and escape(url) in body.decode("utf-8", "replace"):
        return Finding("address", "ok", "the server calls itself so too")
    return Finding(
        "address", "warn", "the server calls itself otherwise, and links and uploads lead there", "set public_url, or X-Forwarded-Proto and -Host"
    )


def _proxy(config: Config, url: str) -> Finding:
    """To this machine itself the server tells its free bytes: when it does so through the proxy, it takes the proxy for the client."""
    status, _, body = request("GET", f"{url}/healthz", {})
    if status not in (200, 503):
        return Finding("proxy", "fail", f"/healthz answers {status}", "the proxy should pass every path on")
    direct = urlsplit(url).port == config.http.port
    if "freeBytes" in json.loads(body) and not direct and not _near(url):
        return Finding(
            "proxy", "fail", "the server takes the proxy's address for everybody's", "set http.trusted_proxies, and X-Forwarded-For in the proxy"
        )
    if "freeBytes" not in json.loads(body) and "freeBytes" in json.loads(request("GET", f"{url}/healthz", {"X-Forwarded-For": "127.0.0.1"})[2]):
        return Finding(
            "proxy",
            "fail",
            "a client may say itself where it comes from",
            "http.trusted_proxies: the proxy alone, which appends to X-Forwarded-For",
        )
    return Finding("proxy", "ok", "direct" if direct else "the client's address is passed on")


def _large(config: Config, url: str) -> Finding:
    """An upload with a URL of this server's own, but with other bytes than it is for: they come in and are read, 400 says so, nothing is kept."""
    what, md5 = "20 MiB through the proxy", hashlib.md5(bytes(1), usedforsecurity=False).digest()
    try:
        path = reach.perform(config, "doctor.upload", length=len(BODY), md5=md5.hex())
    except (ConfigError, Refused, AppError, OSError) as e:
        return Finding(what, "skip", f"this installation's data cannot be used from here: {type(e).__name__}", "run it as the server's user")
    began = time.monotonic()
    try:
        status, _, _ = request("PUT", f"{url}{path}", {"Content-MD5": base64.b64encode(md5).decode()}, BODY)
    except (BrokenPipeError, ConnectionResetError):
        return Finding(what, "fail", "cut off while it was sent", "client_max_body_size 0 in nginx; no limit of a body elsewhere")
    if status == 400:
        return Finding(what, "ok", f"all of it came in, in {time.monotonic() - began:.1f} s")
    if status == 403:
        return Finding(what, "fail", "another server is there: it does not know this one's signature", "does the name lead to this installation?")
    if status == 413:
        return Finding(what, "fail", "413: too large for the proxy", "client_max_body_size 0 in nginx; no limit of a body elsewhere")
    if status in (502, 504):
        return Finding(what, "fail", f"{status}", "proxy_request_buffering off in nginx; longer timeouts elsewhere")
    return Finding(what, "warn", f"answers {status}", "what is between may have its own opinion of large bodies")


def _cors(url: str, origin: str) -> Finding:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-auth-token,x-client-package"}
    status, heads, _ = request("OPTIONS", f"{url}/users/ott", asked)
    if status == 200 and heads.get("access-control-allow-origin") in ("*", origin):
        return Finding(f"browsers of {origin}", "ok")
    return Finding(f"browsers of {origin}", "fail", f"preflight {status}", "the proxy must pass OPTIONS and the server's own CORS headers on")


def _certificate(url: str) -> Iterator[Finding]:
    parts = urlsplit(url)
    context = ssl.create_default_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 443), SECONDS) as plain:
            with context.wrap_socket(plain, server_hostname=parts.hostname) as tls:
                ends, http2 = str((tls.getpeercert() or {}).get("notAfter", "")), tls.selected_alpn_protocol() == "h2"
    except (OSError, ValueError) as e:
        yield Finding("certificate", "fail", str(e), "apps refuse what browsers refuse: use the proxy's ACME")
        return
    left = (ssl.cert_time_to_seconds(ends) - time.time()) / 86_400 if ends else 0
    late = left <= SOON
    yield Finding("certificate", "warn" if late else "ok", f"good for {left:.0f} more days", "its renewal does not work" if late else "")
    yield Finding("HTTP/2", "ok" if http2 else "warn", "" if http2 else "not offered", "" if http2 else "many thumbnails load one after the other")
