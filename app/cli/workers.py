"""`darkroom serve` with several workers: processes over one port, all alike, on a database that orders their writes.

Each worker rebuilds the configuration from the same file and environment. Nothing is shared between them but the database and the stores.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from typing import Any

from ..kernel import logs
from ..kernel.config import Config
from ..kernel.config_sources import CONFIG_VARIABLE, ConfigError, load, options
from . import build, certificates, listening
from .banner import announce

STOP_SECONDS = 9  # then a worker whose requests do not end is killed
PR_SET_PDEATHSIG = 1  # linux/prctl.h
log = logging.getLogger("darkroom.serve")


def run(config: Config, args: argparse.Namespace, flags: dict[str, str], address: str) -> int:
    """Serve with `config.http.workers` processes until a signal; the exit status."""
    from granian.constants import Interfaces, Loops
    from granian.server import Server

    setup = asyncio.run(_check(config, args))
    _hand_over(args, flags)
    server = Server(
        f"{__name__}:Worker",
        factory=True,
        address=address,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        workers=config.http.workers,
        workers_kill_timeout=STOP_SECONDS,
        respawn_failed_workers=True,
        **listening.options(config),
    )
    if config.http.tls_cert:
        _renew(certificates.Renewal(config.http, [server]))
    server.on_startup(lambda: announce(config, f"starting {config.http.workers} workers", setup=setup))
    server.serve()
    return 0


def _renew(renewal: certificates.Renewal) -> None:
    """Look after the certificate from a thread: the parent's main one waits for its workers."""

    def look() -> None:
        while True:
            time.sleep(certificates.EVERY)
            renewal.look()

    threading.Thread(target=look, name="certificates", daemon=True).start()


async def _check(config: Config, args: argparse.Namespace) -> str:
    """Migrate once, and find out what cannot work before any worker is started; the link that sets up an empty server."""
    async with build.started(config) as kernel:
        await build.check_parts(kernel, adopt_stores=args.adopt_store, adopt_database=args.adopt_database)
        return await build.setup_link(kernel)


def _hand_over(args: argparse.Namespace, flags: dict[str, str]) -> None:
    """Put the flags where the workers, which inherit the environment only, find them."""
    variables = {o.name: o.variable for o in options()}
    for option, attribute in flags.items():
        text, variable = getattr(args, attribute), variables[option]
        if text is not None and variable is not None:
            os.environ[variable] = text
    if args.config is not None:
        os.environ[CONFIG_VARIABLE] = str(args.config.absolute())


def _end_with_parent() -> None:
    """A worker whose parent is killed is killed too, so that nothing goes on serving unseen (Linux; elsewhere the parent's stop must do).

    A SIGTERM would not do: one that comes while a worker starts leaves it hanging. Being killed loses nothing that was acknowledged.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        parent = multiprocessing.parent_process()
        if parent is not None and os.getppid() != parent.pid:  # it went before we asked
            os._exit(1)


class Worker:
    """The ASGI application of one process: made when the server says that it starts."""

    def __init__(self) -> None:
        _end_with_parent()
        self._config = load(None, os.environ, {})
        logs.serve(self._config.log)
        self._app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            try:
                self._app = await self._make()
            except ConfigError as e:
                log.error("%s", e)
                await receive()
                await send({"type": "lifespan.startup.failed", "message": str(e)})
                return
        await self._app(scope, receive, send)

    async def _make(self) -> Any:
        from ..main import create_app

        kernel = build.build_kernel(self._config)
        await build.start(kernel)
        await build.check_parts(kernel)
        return create_app(kernel)
