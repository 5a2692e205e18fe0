"""`serve`: the bridge as a server for tools, until a signal. `key`: what tools may ask it."""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import logging
import re
import signal
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..client.errors import ClientError
from ..config import MB, Options
from ..library import vault
from ..library.api_keys import ALL, ApiKeys
from ..library.library import Library
from .account import load

STOP_SECONDS = 8.0
"""For requests in flight."""


def add_commands(commands: Any) -> None:
    sub = commands.add_parser("serve", help="answer tools that speak Immich's API, the connector's or ImaLink's, until it is stopped")
    sub.set_defaults(run=serve)
    sub.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="address to listen on (default: %(default)s)")
    sub.add_argument("--port", type=int, default=2283, metavar="N", help="port to listen on (default: %(default)s)")
    sub.add_argument(
        "--insecure-lan", action="store_true", help="listen on an address that others reach without TLS: keys and photos go in the clear"
    )
    sub.add_argument("--tls-cert", type=Path, metavar="FILE", help="certificate, with --tls-key")
    sub.add_argument("--tls-key", type=Path, metavar="FILE")
    sub.add_argument("--ack", choices=("auto", "stored", "spooled"), default="auto", help="when uploads are answered: docs/bridge.md")
    sub.add_argument("--cache-mb", type=int, default=512, metavar="N", help="most that derived pictures take on the disk (default: %(default)s)")
    sub.add_argument(
        "--allow-origin", action="append", default=[], metavar="URL", help="pages of this origin in a browser may ask too, more than once if need be"
    )
    sub.add_argument("--allow-register", action="store_true", help="let clients of ImaLink register users of their own in this account")
    sub = commands.add_parser("key", help="keys for tools")
    sub.set_defaults(run=key)
    acts = sub.add_subparsers(dest="act", required=True, metavar="ACT")
    add = acts.add_parser("add", help="a new key, shown once")
    add.add_argument("name", metavar="NAME")
    add.add_argument("--permission", action="append", default=[], metavar="NAME", help="what it may do, more than once if need be (default: all)")
    acts.add_parser("list", help="names, permissions, last use")
    acts.add_parser("revoke", help="from now on it opens nothing").add_argument("name", metavar="NAME")


async def key(args: argparse.Namespace, folder: Path) -> int:
    """Works while the bridge serves."""
    load(folder)
    keys = ApiKeys(folder)
    try:
        if args.act == "add":
            secret, _ = keys.add(args.name, args.permission or [ALL])
            print(secret)
        elif args.act == "revoke":
            keys.revoke(args.name)
            print(f"revoked {args.name}")
        else:
            for found in keys.all():
                used = datetime.fromtimestamp(found.used, UTC).strftime("%Y-%m-%d %H:%M") if found.used else "never"
                print(f"{found.name}  {', '.join(sorted(found.permissions))}  last used: {used}")
    finally:
        keys.close()
    return 0


def check_address(host: str, *, tls: bool, insecure: bool) -> str:
    """The IP address to listen on; refuses one that others reach where what they send would be in the clear."""
    try:
        found = ipaddress.ip_address(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
    except (OSError, UnicodeError, ValueError):
        raise ClientError(f"{host} is no address of this machine") from None
    if not (found.is_loopback or tls or insecure):
        raise ClientError(f"{host} is reached by others: give --tls-cert and --tls-key, or say --insecure-lan")
    return str(found)


async def serve(args: argparse.Namespace, folder: Path) -> int:
    if (args.tls_cert is None) != (args.tls_key is None):
        raise ClientError("--tls-cert and --tls-key go together")
    address = check_address(args.host, tls=args.tls_cert is not None, insecure=args.insecure_lan)
    for origin in args.allow_origin:
        if not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-fA-F:]+\](:[0-9]{1,5})?", origin):
            raise ClientError(f"{origin} is no origin: http:// or https://, a host, and a port where it is not the usual one")
    held = load(folder)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    with vault.alone(folder):
        _check_port(address, args.port)
        keys = ApiKeys(folder)
        try:
            async with Library(folder, held) as library:
                return await _until_signal(args, address, library, keys, folder)
        finally:
            keys.close()


def _check_port(address: str, port: int) -> None:
    """Granian shares ports, so it would not notice."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
            probe.listen(1)
        except (OSError, OverflowError) as e:
            raise ClientError(f"cannot listen on {address} port {port}: {getattr(e, 'strerror', None) or e}") from None


async def _until_signal(args: argparse.Namespace, address: str, library: Library, keys: ApiKeys, folder: Path) -> int:
    from granian.constants import HTTPModes, Interfaces
    from granian.server.embed import Server

    from ..serving.app import create_app

    app = create_app(
        folder, library, keys, Options(ack=args.ack, cache=args.cache_mb * MB, register=args.allow_register, origins=tuple(args.allow_origin))
    )
    tls = {"ssl_cert": args.tls_cert, "ssl_key": args.tls_key} if args.tls_cert else {}
    server = Server(
        app, address=address, port=args.port, interface=Interfaces.ASGINL, http=HTTPModes.auto, websockets=False, log_enabled=False, **tls,
    )  # fmt: skip
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    async with app.lifespan():
        serving = asyncio.ensure_future(server.serve())
        waiting = asyncio.ensure_future(stop.wait())
        where = f"[{address}]" if ":" in address else address
        print(f"darkroom bridge: {library.link.email} at http{'s' if tls else ''}://{where}:{args.port}", flush=True)
        if not keys.all():
            print("darkroom bridge: no tool has a key yet: darkroom bridge key add NAME", file=sys.stderr)
        await asyncio.wait((serving, waiting), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if serving.done():
            serving.result()
            raise ClientError("the HTTP server ended by itself")
        server.stop()  # type: ignore[no-untyped-call]  # granian leaves it untyped
        await asyncio.wait((serving,), timeout=STOP_SECONDS)
    return 0
