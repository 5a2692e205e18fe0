"""Whom a session is issued to and a code is asked for by."""

from __future__ import annotations

from dataclasses import dataclass

from ..kernel.access import App
from .request import Request


@dataclass(frozen=True, slots=True)
class Client:
    """An app, at an address, that calls itself something."""

    app: App
    ip: str
    user_agent: str

    @classmethod
    def of(cls, request: Request) -> Client:
        return cls(request.app, request.client_ip, request.header(b"user-agent")[:512])
