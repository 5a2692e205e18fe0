"""The app that writes derived data, as it is kept beside the data (files.md §8)."""

from __future__ import annotations

from dataclasses import dataclass

from ..http.request import Request


@dataclass(frozen=True, slots=True)
class Client:
    """`name`: `<package>[/<version>]`."""

    name: str

    @classmethod
    def of(cls, request: Request) -> Client:
        package, version = request.header(b"x-client-package")[:100], request.header(b"x-client-version")[:50]
        return cls(f"{package}/{version}" if version else package)
