"""A mail server on loopback, as small as can be: it keeps what it is handed, and refuses where a test says so. TLS from the first byte or by
STARTTLS, with a certificate that a test makes; it notes what it was told in clear.
"""

from __future__ import annotations

import asyncio
import base64
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Postbox:
    port: int = 0
    refuse_recipient: bytes = b""  # such as b"550 no such mailbox"
    refuse_all: bytes = b""
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    tls: ssl.SSLContext | None = None
    starttls: bool = False  # whether STARTTLS is offered
    strip: bool = False  # whoever sits between does not let it through
    in_clear: bytes = b""
    logins: list[tuple[str, str]] = field(default_factory=list)
    hold: asyncio.Event = field(default_factory=asyncio.Event)  # cleared: whoever comes has to wait
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.hold.set()

    @property
    def messages(self) -> list[EmailMessage]:
        found = [message_from_bytes(raw, policy=policy.default) for raw in self.raw]
        assert all(isinstance(m, EmailMessage) for m in found)
        return found  # type: ignore[return-value]  # policy.default makes them EmailMessages

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        below = writer.transport
        try:
            await self._serve(reader, writer)
        except (OSError, EOFError):  # whoever came went away in the middle
            pass
        finally:
            writer.transport.abort()
            below.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def say(line: bytes) -> None:
            writer.write(line + b"\r\n")
            await writer.drain()

        sender, recipients, safe = "", list[str](), writer.get_extra_info("ssl_object") is not None
        self.reached.set()
        await self.hold.wait()
        await say(b"220 postbox")
        while line := await reader.readline():
            verb = line[:4].upper()
            if not safe:
                self.in_clear += line
            if verb in (b"EHLO", b"HELO"):
                offers = [b"8BITMIME", *([b"STARTTLS"] if self.starttls and not safe and not self.strip else []), *([b"AUTH PLAIN"] if safe else [])]
                await say(b"\r\n".join([b"250-postbox", *(b"250-" + o for o in offers[:-1]), b"250 " + offers[-1]]))
            elif verb == b"STAR" and not self.strip:
                await say(b"220 go on")
                assert self.tls is not None
                await writer.start_tls(self.tls)
                safe = True
            elif verb == b"STAR":
                await say(b"502 what is that")
            elif verb == b"AUTH":
                _, user, word = base64.b64decode(line.split()[2]).decode().split("\0")
                self.logins.append((user, word))
                await say(b"235 welcome")
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
                writer.close()
                await writer.wait_closed()
                break
            else:
                await say(b"250 ok")


def certificate(folder: Path, host: str = "127.0.0.1") -> tuple[ssl.SSLContext, Path]:
    """(what a server of this name or address shows, the file that makes clients believe it)."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    try:
        subject: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        subject = x509.DNSName(host)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
        .not_valid_after(datetime.datetime(2120, 1, 1, tzinfo=datetime.UTC))
        .add_extension(x509.SubjectAlternativeName([subject]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file, key_file = folder / f"{host}.pem", folder / f"{host}.key"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key_file.write_bytes(key.private_bytes(*plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key_file)
    return context, file


@asynccontextmanager
async def open_postbox(tls: ssl.SSLContext | None = None, *, starttls: bool = False) -> AsyncIterator[Postbox]:
    box = Postbox(tls=tls, starttls=starttls)
    server = await asyncio.start_server(box.serve, "127.0.0.1", 0, ssl=None if starttls else tls)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
