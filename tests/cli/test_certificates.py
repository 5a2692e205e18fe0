"""HTTPS from files: what is refused, what a changed file does, and a real connection with HTTP/2."""

from __future__ import annotations

import asyncio
import datetime
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.cli import banner, certificates, listening
from app.kernel.config import Config, Http
from app.kernel.config_sources import ConfigError
from tests.cli.command import free_port


def made(folder: Path, name: str) -> Http:
    """A certificate of this name and its key, in the files of the configuration."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    cert = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    http = Http(tls_cert=folder / "cert.pem", tls_key=folder / "key.pem")
    (folder / "cert.pem").write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return http


class Server:
    """What granian's servers have of this."""

    def __init__(self) -> None:
        self.main_loop_interrupt = asyncio.Event()
        self.reload_signal = False
        self.given: list[Any] = []

    def build_ssl_context(self, *given: Any) -> None:
        self.given.append(given)


def test_both_files_or_none(tmp_path: Path) -> None:
    assert certificates.options(Http()) == {}
    certificates.check(Http())
    with pytest.raises(ValueError, match="tls_cert and tls_key go together"):
        Http(tls_cert=tmp_path / "cert.pem")
    config = Config(http=made(tmp_path, "a"))
    certificates.check(config.http)
    assert banner.origin(config) == config.own_address.replace("localhost", "127.0.0.1") == "https://127.0.0.1:8080"


def test_what_cannot_be_used_is_refused_at_the_start(tmp_path: Path) -> None:
    http = made(tmp_path, "a")
    (tmp_path / "key.pem").write_text("nothing")
    with pytest.raises(ConfigError, match=r"^http.tls_cert: cannot use .*: they are no certificate and its key in PEM$"):
        certificates.check(http)
    (tmp_path / "key.pem").unlink()
    with pytest.raises(ConfigError, match="No such file"):
        certificates.check(http)


def test_a_new_pair_is_taken_up_and_a_bad_one_is_not(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    server = Server()
    renewal = certificates.Renewal(made(tmp_path, "a"), [server])
    assert not renewal.look()
    (tmp_path / "key.pem").write_text("half written")
    assert not renewal.look()
    assert not renewal.look()
    assert caplog.text.count("the old one stays") == 1
    (tmp_path / "cert.pem").unlink()
    assert not renewal.look()
    assert not server.reload_signal
    made(tmp_path, "b")
    assert renewal.look()
    assert server.reload_signal
    assert server.main_loop_interrupt.is_set()
    assert server.given[0][:2] == (tmp_path / "cert.pem", tmp_path / "key.pem")


async def test_granian_speaks_it_and_takes_a_new_one(tmp_path: Path) -> None:
    from granian.constants import Interfaces
    from granian.server.embed import Server as Granian

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": scope["scheme"].encode()})

    http = made(tmp_path, "a").model_copy(update={"port": free_port()})
    server = Granian(app, address="127.0.0.1", interface=Interfaces.ASGINL, **listening.options(Config(http=http)))
    serving = asyncio.ensure_future(server.serve())
    try:
        name, protocol, answer = await asked(http.port)
        assert (name, protocol) == ("a", "h2")
        assert answer.endswith(b"https")
        made(tmp_path, "b")
        renewal = certificates.Renewal(http, [server])
        renewal._seen = ()
        assert renewal.look()
        async with asyncio.timeout(60):
            while (await asked(http.port))[0] != "b":  # both are accepted from until the old worker has ended
                await asyncio.sleep(0.05)
    finally:
        server.stop()
        await serving


async def asked(port: int) -> tuple[str, str | None, bytes]:
    """(subject of the certificate, protocol offered first, answer of HTTP/1.1)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    seen: list[Any] = []
    for protocols in (["h2", "http/1.1"], ["http/1.1"]):
        context.set_alpn_protocols(protocols)
        async with asyncio.timeout(60):
            while True:
                try:
                    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
                    break
                except OSError:
                    await asyncio.sleep(0.05)
            tls = writer.get_extra_info("ssl_object")
            seen += [tls.getpeercert(binary_form=True), tls.selected_alpn_protocol()]
            if protocols[0] == "http/1.1":
                writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                seen.append(await reader.read())
            writer.close()
    name = x509.load_der_x509_certificate(seen[2]).subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    return str(name), seen[1], seen[4]
