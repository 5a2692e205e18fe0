"""How a command reaches the data: through the running server, or, where none runs, by opening the database itself.

On SQLite never beside a running server (design.md §3); on PostgreSQL always directly.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..kernel.config import Config
from ..kernel.config_sources import ConfigError
from ..kernel.progress import Tell, silent
from . import admin_client, folder
from .banner import origin

PATIENCE = 5.0  # seconds in which a server that has just been started opens its socket
FLAGS = {"data_dir": "data_dir"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data-dir", metavar="FOLDER", help="the server's data folder")


def perform(config: Config, command: str, /, tell: Tell = silent, **args: Any) -> Any:
    """The result of an `admin` command; `admin_client.Refused` or ConfigError when it cannot be had. `tell` hears how far a long one is."""
    if config.database.url is not None:
        return asyncio.run(_here(config, command, args, tell))
    data = config.data_dir.expanduser().absolute()
    if not (data / folder.DATABASE).exists():
        raise ConfigError(f"data_dir: no database in {data}; name the server's folder with --data-dir, or run `darkroom serve` once")
    return _through_server_or_here(config, data, command, args, tell)


@dataclass(frozen=True, slots=True)
class Options:
    """What answers depend on. `said`: by the running server, or where this command has read it."""

    origin: str
    mode: str
    quota: int
    tolerance: int
    said: str


def options(config: Config, file: Path | None = None) -> Options:
    """As the running server has them; where none runs, or an older one, as this command's configuration (of this file) says."""
    try:
        return Options(**admin_client.ask(config.data_dir.expanduser().absolute(), "options", {}), said="the running server")
    except (admin_client.NoServer, admin_client.Refused):
        told = file or os.environ.get("DARKROOM_CONFIG") or "no file: the defaults and the environment"
        said = f"{told}; no server is running here"
        return Options(origin(config), config.registration.mode, config.quota.default, config.quota.tolerance, said)


def _through_server_or_here(config: Config, data: Path, command: str, args: dict[str, Any], tell: Tell) -> Any:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return admin_client.ask(data, command, args, tell)
        except admin_client.NoServer:
            try:
                with folder.locked(data):
                    return asyncio.run(_here(config, command, args, tell))
            except folder.FolderInUse:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)


async def _here(config: Config, command: str, args: dict[str, Any], tell: Tell) -> Any:
    from . import admin, build  # slow to import, and not needed while a server runs

    async with build.started(config) as kernel:
        return await admin.run(kernel, command, args, tell)
