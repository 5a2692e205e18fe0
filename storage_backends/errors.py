"""What an object store raises: one small tree, each error with a text for the log.

Stores raise nothing else for what went wrong with bytes, keys or the disk; the caller decides what the client is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from storage_backends.contract import Staged


class StoreError(Exception):
    """Something an object store could not do. `log` is a text for the log: it names keys, never secrets."""

    def __init__(self, log: str) -> None:
        super().__init__(log)
        self.log = log


class BadKey(StoreError):
    """The key has a form no store accepts. A caller that makes its own keys never sees this."""


class NotFound(StoreError):
    """No object has this key (or staged bytes were already published or discarded)."""


class NoSuchUpload(StoreError):
    """No such multipart upload: never made, made for another key, finished, aborted or swept."""


class InvalidPart(StoreError):
    """The list of parts is empty, not ascending, names an unknown part or a wrong etag; the upload is untouched."""


class BadDigest(StoreError):
    """The bytes do not have the promised MD5; nothing was kept."""


class ShortBody(StoreError):
    """The body ended before the promised length; nothing was kept."""


class LongBody(StoreError):
    """One byte more than promised or allowed arrived; nothing was kept."""


class BadLength(StoreError):
    """The parts do not add up to the promised length; the upload is untouched."""


class KeyTaken(StoreError):
    """The key holds other content. `staged` may be published with `replace=True`; otherwise it must be discarded."""

    def __init__(self, key: str, staged: Staged) -> None:
        super().__init__(f"{key}: the key holds other content")
        self.key = key
        self.staged = staged


class NoSpace(StoreError):
    """The disk, the disk quota or the bucket is full; what had been written of this body is gone."""


class Unavailable(StoreError):
    """The store does not answer or answers nonsense: I/O error, no connection, wrong credentials, missing bucket."""
