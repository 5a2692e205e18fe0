"""A mail server on loopback, as small as can be: it keeps what it is handed, and refuses where a test says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class Postbox:
    port: int = 0
    refuse_recipient: bytes = b""  # such as b"550 no such mailbox"
    refuse_all: bytes = b""
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)

    @property
    def messages(self) -> list[EmailMessage]:
        found = [message_from_bytes(raw, policy=policy.default) for raw in self.raw]
        assert all(isinstance(m, EmailMessage) for m in found)
        return found  # type: ignore[return-value]  # policy.default makes them EmailMessages

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def say(line: bytes) -> None:
            writer.write(line + b"\r\n")
            await writer.drain()

        sender, recipients = "", list[str]()
        await say(b"220 postbox")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb in (b"EHLO", b"HELO"):
                await say(b"250-postbox\r\n250 8BITMIME")
            elif verb == b"MAIL":
                sender, recipients = line.decode().partition("<")[2].partition(">")[0], []
                await say(self.refuse_all or b"250 ok")
            elif verb == b"RCPT":
                recipients.append(line.decode().partition("<")[2].partition(">")[0])
                await say(self.refuse_recipient or b"250 ok")
            elif verb == b"DATA":
                await say(b"354 go on")
                data = await reader.readuntil(b"\r\n.\r\n")
                self.envelopes.append((sender, recipients))
                self.raw.append(data[:-5].replace(b"\r\n..", b"\r\n."))
                await say(b"250 kept")
            elif verb == b"QUIT":
                await say(b"221 bye")
                break
            else:
                await say(b"250 ok")
        writer.close()


@asynccontextmanager
async def open_postbox() -> AsyncIterator[Postbox]:
    box = Postbox()
    server = await asyncio.start_server(box.serve, "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
