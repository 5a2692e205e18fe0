"""From a configuration to a kernel: secrets, database engine, object stores. The one place where the server's parts are made for real.

Imports engines and backends only as the configuration asks for them.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import AsyncIterator, Collection
from pathlib import Path

from nacl.exceptions import CryptoError

from storage_backends import ObjectStore, StoreConfig, StoreError, open_store
from storage_backends.filesystem import MARK
from storage_backends.sqlite import is_marked

from ..db import Database, Tx
from ..db.migrate import SchemaTooNew
from ..kernel import identity, secrets_file
from ..kernel.clock import Ids, SystemClock
from ..kernel.config import Config, Storage
from ..kernel.config_sources import ConfigError
from ..kernel.crypto import Crypto
from ..kernel.errors import AppError
from ..kernel.limits import RateLimiter
from ..kernel.parts import Kernel
from ..kernel.sessions import LastUsed
from ..maintenance.restore import MARK as MARK_OF_RESTORE
from . import folder

log = logging.getLogger("darkroom.serve")


def build_kernel(config: Config) -> Kernel:
    """The parts, not yet started. ConfigError for whatever cannot work."""
    data = folder.prepare(config.data_dir)
    if (data / MARK_OF_RESTORE).exists():
        raise ConfigError(f"data_dir: {data} is half restored from a backup: run the same `darkroom restore` again")
    ids, clock = Ids(), SystemClock()
    data_exists = (config.database.url is None and (data / folder.DATABASE).exists()) or _any_marked(config, data)
    secrets = secrets_file.load_or_create(data, ids, data_exists=data_exists)
    db = _database(config, data)
    stores = open_stores(config, data)
    return Kernel(
        config,
        clock,
        ids,
        db,
        Crypto(secrets, ids),
        stores,
        RateLimiter(config.limits, db, clock, shared=config.database.url is not None),
        LastUsed(),
    )


async def start(kernel: Kernel) -> None:
    """Open the database, migrate it, and make sure that the secrets are the ones it was written with. Whatever fails, nothing stays open:
    a thread that does would keep the process from ending."""
    option = "database.url" if kernel.config.database.url else "data_dir"
    try:
        await kernel.db.start()
    except (SchemaTooNew, sqlite3.Error, OSError, AppError) as e:
        raise ConfigError(f"{option}: cannot open the database: {e}") from e
    try:
        await identity.check_database(kernel)
        sample = await kernel.db.read(_some_address)
        if sample is not None:
            kernel.crypto.decrypt(*sample)
    except CryptoError:
        await kernel.db.stop()
        raise ConfigError(f"data_dir: {secrets_file.NAME} is not the one this database was written with") from None
    except (sqlite3.Error, AppError) as e:
        await kernel.db.stop()
        raise ConfigError(f"{option}: cannot read the database: {e}") from e
    except BaseException:
        await kernel.db.stop()
        raise


async def check_parts(kernel: Kernel, *, adopt_stores: Collection[str] = (), adopt_database: bool = False, alone: bool = False) -> None:
    """Before serving: all parts are this installation's and can be written; `alone`: what an ended process left half written goes.

    ConfigError for what can never work. An S3 server that is away at this moment may come back, and is only logged.
    """
    try:
        await identity.check_all(kernel, adopt_stores=adopt_stores, adopt_database=adopt_database)
        for store in kernel.stores.values():
            await _check_store(store, alone)
    except AppError as e:
        raise ConfigError(f"the database cannot be written: {e.log}") from e


async def _check_store(store: ObjectStore, alone: bool) -> None:
    try:
        await store.check()
        if alone and (count := await store.sweep_temporary()):
            log.info("store %s: removed %d files that an ended process left half written", store.name, count)
    except StoreError as e:
        if store.kind != "s3" and not isinstance(store, identity.Absent):
            raise ConfigError(f"storage: store {store.name} cannot be written: {e.log}") from e
        log.warning("store %s does not answer: %s", store.name, e.log)


@contextlib.asynccontextmanager
async def started(config: Config) -> AsyncIterator[Kernel]:
    """A started kernel for a command, stopped at the end."""
    kernel = build_kernel(config)
    await start(kernel)
    try:
        yield kernel
    finally:
        await kernel.db.stop()
        for store in kernel.stores.values():
            await store.close()


async def setup_link(kernel: Kernel) -> str:
    """The path of a link to the administration of a server without accounts; "" when there are some, or when it cannot be made."""
    from ..admin import entry as administration

    try:
        if await kernel.db.read(identity.has_accounts):
            return ""
        return await administration.open_link(kernel, "start", administration.FIRST_LINK_LIFETIME)
    except AppError as e:
        log.warning("no link to set up this server: %s", e.log)
        return ""


def _some_address(tx: Tx) -> tuple[bytes, bytes] | None:
    row = tx.one("SELECT email_cipher, email_nonce FROM users WHERE email_cipher IS NOT NULL ORDER BY user_id LIMIT 1")
    return None if row is None else (bytes(row[0]), bytes(row[1]))


def _database(config: Config, data: Path) -> Database:
    if config.database.url is None:
        from ..db.sqlite import SqliteDatabase

        return SqliteDatabase(data / folder.DATABASE)
    try:
        from ..db.postgres.database import PostgresDatabase
    except ImportError as e:
        raise ConfigError(f"database.url: PostgreSQL needs `pip install 'darkroom[postgres]'` ({e.name} is missing)") from None
    return PostgresDatabase(config.database.url.get_secret_value(), config.database.pool)


def _any_marked(config: Config, data: Path) -> bool:
    """Whether a folder of objects carries an installation's mark: then the secrets are missing, not new."""
    folders = [(s.kind, (s.path or data).expanduser().absolute()) for s in config.storage]
    return any((kind == "filesystem" and (place / "objects" / MARK).exists()) or (kind == "sqlite" and is_marked(place)) for kind, place in folders)


def check_stores(config: Config, data: Path) -> None:
    """ConfigError for settings of stores that cannot work. Makes no folder and asks no server."""
    for storage in config.storage:
        if storage.kind not in ("filesystem", "sqlite"):
            _store(storage, data)


def open_stores(config: Config, data: Path) -> dict[str, ObjectStore]:
    """Every configured store by its name."""
    return {s.name: _store(s, data) for s in config.storage}


def store_of(config: Config, storage: Storage) -> ObjectStore:
    """One store of a configuration, for a command that needs no database. ConfigError for settings that cannot work."""
    return _store(storage, config.data_dir.expanduser().absolute())


def _store(storage: Storage, data: Path) -> ObjectStore:
    path = (storage.path or data).expanduser().absolute()
    settings = StoreConfig(
        name=storage.name,
        kind=storage.kind,
        path=path,
        endpoint=storage.endpoint or "",
        public_endpoint=storage.public_endpoint or "",
        bucket=storage.bucket or "",
        region=storage.region,
        access_key=storage.access_key.get_secret_value() if storage.access_key else "",
        secret_key=storage.secret_key.get_secret_value() if storage.secret_key else "",
        path_style=storage.path_style,
        proxy=storage.proxy,
        tmp=data / "tmp",
    )
    try:
        return open_store(settings)
    except (ValueError, StoreError) as e:
        raise ConfigError(f"storage: {e}") from None
