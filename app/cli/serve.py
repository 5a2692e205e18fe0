"""`darkroom serve`: the server in this one process, from start line to clean stop.

Granian's embedded server runs on our own event loop, so one interpreter does everything and signals are ours. More than one worker is
`workers`'s. Knows no route.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..kernel import logs
from ..kernel.config import Config
from ..kernel.config_sources import ConfigError
from ..kernel.parts import Kernel
from ..web import service as web
from . import build, certificates, folder, listening, systemd
from .admin_socket import AdminSocket
from .banner import announce

STOP_SECONDS = 8.0  # for requests in flight at a stop; what is left of 10 s is for the writes behind them
log = logging.getLogger("darkroom.serve")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--listen", metavar="ADDRESS", help='address to listen on; "0.0.0.0" for every interface')
    parser.add_argument("--port", help="port to listen on")
    parser.add_argument("--data-dir", metavar="FOLDER", help="folder of everything that is stored")
    parser.add_argument("--workers", metavar="N", help="processes; more than one needs PostgreSQL")
    parser.add_argument(
        "--adopt-store",
        metavar="NAME",
        action="append",
        default=[],
        help="take this store although it is empty or another installation's: a new disk",
    )
    parser.add_argument("--adopt-database", action="store_true", help="start with an empty database although the stores have photos")


FLAGS = {"http.listen": "listen", "http.port": "port", "data_dir": "data_dir", "http.workers": "workers"}


def run(args: argparse.Namespace, config: Config) -> int:
    """Serve until a signal; the exit status."""
    check_workers(config)
    log_to(config)
    certificates.check(config.http)
    data = folder.prepare(config.data_dir)
    with contextlib.ExitStack() as held:
        if config.database.url is None:
            held.enter_context(folder.locked(data))
        address = check_port(config)
        if config.http.workers > 1:
            from . import workers  # which brings the server of many processes with it

            return workers.run(config, args, FLAGS, address)
        with _ending(), asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(serve(config, data, address, args.adopt_store, args.adopt_database))


def log_to(config: Config) -> None:
    """The log to its file; ConfigError when that cannot be written."""
    try:
        logs.serve(config.log)
    except OSError as e:
        raise ConfigError(f"log.file: cannot write to {config.log.file}: {e.strerror}") from None


@contextlib.contextmanager
def _ending() -> Iterator[None]:
    """Whatever goes wrong ends the process, in one line: threads that nobody stopped would keep it, and the folder's lock, for ever."""
    try:
        yield
    except (ConfigError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as e:
        log.debug("the server failed", exc_info=True)
        with contextlib.suppress(OSError, ValueError):
            print(f"darkroom: cannot serve: {type(e).__name__}: {' '.join(str(e).split())}", file=sys.stderr, flush=True)
        os._exit(1)


def check_workers(config: Config) -> None:
    """ConfigError for more workers than the database takes."""
    if config.http.workers > 1 and config.database.url is None:
        raise ConfigError("http.workers: SQLite has one writer, so it is served by one process; more need database.url = postgresql://…")
    if config.http.workers > 1 and (ports := web.ports(config)):
        raise ConfigError(
            f"web.ports.{next(iter(ports))}: ports of web apps are served by one process; with several, give the apps hosts (web.hosts)"
        )
    if config.http.port in web.ports(config).values():
        raise ConfigError("web.ports: http.port is the server's own")
    if config.http.workers > 1 and config.metrics.token and not config.metrics.port:
        raise ConfigError("metrics.token: several workers count apart, so one address cannot answer for them all; set metrics.port")
    if config.http.workers > 1 and any(storage.kind == "sqlite" for storage in config.storage):
        raise ConfigError("http.workers: a store of kind sqlite has one writer too, so it is served by one process")


def check_port(config: Config) -> str:
    """The IP address to listen on; ConfigError when it cannot be had. (Granian shares ports, so it would not notice.)"""
    for app, port in web.ports(config).items():
        _check_port(config, port, f"web.ports.{app}")
    if config.metrics.port:
        _check_port(config, config.metrics.port, "metrics.port", config.metrics.listen)
    return _check_port(config, config.http.port, "http.port")


def _check_port(config: Config, port: int, option: str, listen: str = "") -> str:
    listen = listen or config.http.listen
    setting = f"{option.partition('.')[0].replace('web', 'http')}.listen"
    try:
        family, _, _, _, where = socket.getaddrinfo(listen, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except (socket.gaierror, UnicodeError):
        raise ConfigError(f"{setting}: {listen} is no address of this machine") from None
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(where)
            probe.listen(1)
        except PermissionError:
            raise ConfigError(f"{option}: not allowed to listen on port {port}") from None
        except OSError as e:
            if e.errno in _ADDRESS_ERRORS:
                raise ConfigError(f"{setting}: {listen} is no address of this machine") from None
            raise ConfigError(f"{option}: {port} is in use on {listen}") from None
    return str(where[0])


_ADDRESS_ERRORS = {99, 49}  # EADDRNOTAVAIL of Linux and of BSD


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it exists."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def serve(config: Config, data: Path, address: str, adopt_stores: Sequence[str] = (), adopt_database: bool = False) -> int:
    """One process: everything from the database to the socket on this event loop."""
    from ..main import create_app

    kernel = build.build_kernel(config)
    await build.start(kernel)
    try:
        alone = config.database.url is None  # then this process holds the folder's lock
        await build.check_parts(kernel, adopt_stores=adopt_stores, adopt_database=adopt_database, alone=alone)
    except BaseException:
        await kernel.db.stop()
        raise
    app = create_app(kernel)
    tune()
    async with app.lifespan():  # jobs run inside; leaving it finishes writes and closes database and stores
        async with AdminSocket(kernel, data):
            clean = await _until_signal(app, kernel, address)
    if not clean:  # a request that would not end holds threads of the HTTP server: everything of ours is closed, so go
        logging.shutdown()
        os._exit(0)
    return 0


def tune() -> None:
    """What start-up made lives as long as the process: the cyclic collector need not walk it at every few hundred requests. And a thread that
    comes back from the disk gets the interpreter within half a millisecond: at the usual five, writers queue behind a busy event loop."""
    sys.setswitchinterval(0.0005)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


async def _until_signal(app: Any, kernel: Kernel, address: str) -> bool:
    """Listen, then stop at a signal; whether all requests in flight were finished in time."""
    from granian.constants import Interfaces
    from granian.server.embed import Server

    config = kernel.config
    server = Server(
        app,
        address=address,
        interface=Interfaces.ASGINL,
        **listening.options(config),
    )
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    servers = [server, *(_site_server(app, config, address, site, port) for site, port in web.ports(config).items())]
    serving = asyncio.ensure_future(asyncio.gather(*(one.serve() for one in servers)))
    for port in (config.http.port, *web.ports(config).values()):
        await _listening(address, port)
    announce(config, setup=await build.setup_link(kernel))
    waiting = asyncio.create_task(stop.wait())
    renewing = asyncio.create_task(certificates.Renewal(config.http, servers).watch(), name="certificates") if config.http.tls_cert else None
    async with systemd.watched():
        await asyncio.wait((serving, waiting), return_when=asyncio.FIRST_COMPLETED)
    if renewing is not None:
        renewing.cancel()
    if serving.done():
        waiting.cancel()
        serving.result()
        raise RuntimeError("the HTTP server ended by itself")
    log.info("stopping: finishing requests in flight")
    for one in servers:
        one.stop()  # granian leaves it untyped
    for _ in range(max(1, int(STOP_SECONDS))):
        await asyncio.to_thread(app.connections.end_idle)
        done, _ = await asyncio.wait((serving,), timeout=min(1.0, STOP_SECONDS))
        if done:
            break
    if not done:
        log.warning("some requests did not end within %.0f s and are cut off", STOP_SECONDS)
    return bool(done)


def _site_server(app: Any, config: Config, address: str, site: str, port: int) -> Any:
    """A listener of its own for one web app: what comes in at this port is for that app, whatever the Host header says."""
    from granian.constants import Interfaces
    from granian.server.embed import Server

    async def target(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, web.SITE: site}, receive, send)

    return Server(target, address=address, interface=Interfaces.ASGINL, **{**listening.options(config), "port": port})


async def _listening(address: str, port: int) -> None:
    """Return when connections are accepted."""
    for _ in range(400):
        try:
            _, writer = await asyncio.open_connection(_reachable(address), port)
        except OSError:
            await asyncio.sleep(0.005)
        else:
            writer.close()
            return


def _reachable(address: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104  # comparing, not binding
