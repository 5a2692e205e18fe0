"""The connection to an S3 server: the lazily made aiobotocore client and the meaning of its errors. Knows no keys' rules.

aiobotocore is optional (`darkroom[s3]`), so it is imported when the first call is made.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib
from collections.abc import AsyncIterator
from types import ModuleType
from typing import Any

from storage_backends.config import StoreConfig
from storage_backends.errors import (
    BadDigest,
    InvalidPart,
    LongBody,
    NoSpace,
    NoSuchUpload,
    NotFound,
    ShortBody,
    StoreError,
    Unavailable,
)


class Refused(StoreError):
    """A conditional write found the key taken, or lost against another writer at the same moment."""


class NotImplementedThere(StoreError):
    """The server does not know this request or header."""


class RangeBeyond(StoreError):
    """The range starts behind the last byte."""


_MEANING: dict[str, type[StoreError]] = {
    "404": NotFound,
    "NoSuchKey": NotFound,
    "NoSuchUpload": NoSuchUpload,
    "InvalidPart": InvalidPart,
    "InvalidRange": RangeBeyond,
    "InvalidPartOrder": InvalidPart,
    "EntityTooSmall": InvalidPart,
    "MalformedXML": InvalidPart,
    "BadDigest": BadDigest,
    "InvalidDigest": BadDigest,
    "IncompleteBody": ShortBody,
    "EntityTooLarge": LongBody,
    "QuotaExceeded": NoSpace,
    "XMinioStorageFull": NoSpace,
    "XMinioAdminBucketQuotaExceeded": NoSpace,
}

_LOST = {"PreconditionFailed", "ConditionalRequestConflict"}
"""By code too: a completion may fail inside a 200 (S3 answers before it is done), which botocore turns into a 500."""

CONNECT_TIMEOUT = 5
"""Seconds: a store that does not accept by then is down, and people are waiting."""
READ_TIMEOUT = 60
"""Seconds without a byte: completing a large multipart upload is slow on some servers."""
ATTEMPTS = 3
CONNECTIONS = 64


def extra(module: str) -> ModuleType:
    """A module of the optional extra, or `Unavailable` that says which extra to install."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise Unavailable(f"S3 needs the packages of darkroom[s3]: {error}") from error


@functools.cache
def _session() -> Any:
    """One for all stores: it reads some megabytes of descriptions of what S3 can do."""
    return extra("aiobotocore.session").get_session()


class S3Calls:
    """One client, made at the first call and kept."""

    def __init__(self, config: StoreConfig) -> None:
        self._config = config
        self._stack = contextlib.AsyncExitStack()
        self._lock = asyncio.Lock()
        self._client: Any = None

    async def client(self) -> Any:
        """The aiobotocore client (untyped). Raises `Unavailable` when the extra is not installed."""
        async with self._lock:
            if self._client is None:
                context = _session().create_client("s3", **self._options())
                self._client = await self._stack.enter_async_context(context)
            return self._client

    async def close(self) -> None:
        async with self._lock:
            self._client = None
            await self._stack.aclose()

    def _options(self) -> dict[str, Any]:
        config = self._config
        settings = extra("aiobotocore.config").AioConfig(
            connect_timeout=CONNECT_TIMEOUT,
            read_timeout=READ_TIMEOUT,
            retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
            max_pool_connections=CONNECTIONS,
            signature_version="s3v4",
            request_checksum_calculation="when_required",  # newer checksum headers are refused by many servers
            response_checksum_validation="when_required",
            s3={
                "addressing_style": "path" if config.path_style else "virtual",
                "payload_signing_enabled": False,  # Content-MD5 is signed and names the bytes; SHA-256 would hash them in the event loop
            },
        )
        return {
            "endpoint_url": config.endpoint,
            "region_name": config.region,
            "aws_access_key_id": config.access_key,
            "aws_secret_access_key": config.secret_key,
            "config": settings,
        }


@contextlib.asynccontextmanager
async def translated(doing: str) -> AsyncIterator[None]:
    """Turns botocore's and aiohttp's errors into the store's."""
    try:
        yield
    except Exception as error:
        meaning = _meaning(doing, error)
        if meaning is error:
            raise
        raise meaning from error


def _meaning(doing: str, error: Exception) -> Exception:
    """The `StoreError` for `error`, or `error` itself when it is no server's or network's doing."""
    answer = getattr(error, "response", None)
    if isinstance(error, extra("botocore.exceptions").ClientError) and isinstance(answer, dict):
        code = str(answer.get("Error", {}).get("Code", ""))
        status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        text = f"{doing}: {status} {code}"
        if status in {409, 412} or code in _LOST:
            return Refused(text)
        if status == 501:
            return NotImplementedThere(text)
        if status == 507:
            return NoSpace(text)
        return _MEANING.get(code, Unavailable)(text)
    network = (extra("botocore.exceptions").BotoCoreError, extra("aiohttp").ClientError, OSError, TimeoutError)
    return Unavailable(f"{doing}: {type(error).__name__}") if isinstance(error, network) else error
