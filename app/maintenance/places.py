"""Where backups lie: a folder or a bucket, behind one protocol. `opened` takes either by the name that an operator gives it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from ..kernel.clock import Clock, SystemClock
from ..kernel.config import Backup
from ..kernel.pace import Pace
from . import vault
from .place import Place
from .place_folder import FolderPlace
from .vault import Unfit

SCHEME = "s3://"


async def chosen(place: Place, name: str | None) -> str:
    """A snapshot's name, without one that of the newest; Unfit when there is none."""
    names = await place.names()
    if not names or (name is not None and name not in names):
        raise Unfit(log=f"{place.where} has no backup {name}" if name else f"{place.where} has no complete backup")
    return name or names[-1]


def is_bucket(where: str) -> bool:
    return where.startswith(SCHEME)


def named(where: str) -> str:
    """The place as every process understands it, wherever it runs."""
    return where if is_bucket(where) else str(Path(where).expanduser().absolute())


@contextlib.asynccontextmanager
async def opened(
    where: str | Path,
    settings: Backup | None = None,
    *,
    scratch: Path | None = None,
    clock: Clock | None = None,
    make: bool = False,
    writing: bool = True,
) -> AsyncIterator[Place]:
    """The place, with nobody else writing to it. `settings`: how to reach a bucket; `scratch`: a folder for what is on its way there or back.

    Unfit when there is no such place (a folder is made with `make`), when it does not answer, or is in use; only reading, a bucket is not locked,
    so that keys that cannot write will do.
    """
    settings = settings or Backup()
    if is_bucket(str(where)):
        from .place_bucket import opened as bucket  # an optional extra

        async with bucket(str(where), settings, scratch, (clock or SystemClock()) if writing else None) as place:
            yield place
    else:
        with vault.opened(Path(where), make=make) as held:
            yield FolderPlace(held, Pace(settings.rate))


@contextlib.asynccontextmanager
async def looked_at(where: str, settings: Backup) -> AsyncIterator[Place]:
    """The place, only for what snapshots say of themselves."""
    if is_bucket(where):
        async with opened(where, settings, writing=False) as place:
            yield place
    else:
        yield FolderPlace(vault.Vault(Path(where)), Pace(0))
