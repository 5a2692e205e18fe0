"""Where encrypted objects live: one protocol, several backends. Imports nothing of `app`, and knows nothing of users or files."""

from __future__ import annotations

from storage_backends.config import StoreConfig
from storage_backends.contract import ObjectInfo, ObjectStore, Part, Presigner, Reader, Staged, Stored
from storage_backends.errors import (
    BadDigest,
    BadKey,
    BadLength,
    InvalidPart,
    KeyTaken,
    LongBody,
    NoSpace,
    NoSuchUpload,
    NotFound,
    ShortBody,
    StoreError,
    Unavailable,
)
from storage_backends.filesystem import FilesystemStore
from storage_backends.keys import check_key
from storage_backends.memory import MemoryStore
from storage_backends.s3 import S3Store
from storage_backends.sqlite import SqliteStore

__all__ = [
    "BadDigest",
    "BadKey",
    "BadLength",
    "FilesystemStore",
    "InvalidPart",
    "KeyTaken",
    "LongBody",
    "MemoryStore",
    "NoSpace",
    "NoSuchUpload",
    "NotFound",
    "ObjectInfo",
    "ObjectStore",
    "Part",
    "Presigner",
    "Reader",
    "S3Store",
    "ShortBody",
    "SqliteStore",
    "Staged",
    "StoreConfig",
    "StoreError",
    "Stored",
    "Unavailable",
    "check_key",
    "open_store",
]


def open_store(config: StoreConfig) -> ObjectStore:
    """The configured store. Raises `ValueError` for a configuration that cannot work, `Unavailable` for a folder that cannot be made."""
    if config.kind == "memory":
        return MemoryStore(config.name)
    if config.kind == "filesystem":
        if config.path is None:
            raise ValueError(f"store {config.name}: a filesystem store needs a path")
        return FilesystemStore(config.name, config.path)
    if config.kind == "sqlite":
        if config.path is None:
            raise ValueError(f"store {config.name}: a sqlite store needs a path")
        return SqliteStore(config.name, config.path)
    if config.kind == "s3":
        return S3Store(config)
    raise ValueError(f"store {config.name}: no such kind: {config.kind}")
