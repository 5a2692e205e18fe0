"""`darkroom doctor`: a healthy server, and each thing that can be wrong with it."""

from __future__ import annotations

import argparse
import asyncio
import http.server
import json
import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from app.cli import doctor, doctor_jobs, doctor_local, doctor_mail, doctor_stores, doctor_url, reach
from app.kernel.clock import HOUR
from app.kernel.config import Admin, Apps, Config, Http, Mail, Metrics, Otp, Passkeys, Registration, Storage
from storage_backends import S3Store
from tests.buckets import on_moto
from tests.cli.command import darkroom, serving
from tests.mail.postbox import open_postbox


def verdicts(found: object) -> dict[str, str]:
    return {f.what: f.verdict for f in found}  # type: ignore[attr-defined]  # findings


def test_it_works(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        got = darkroom("doctor", "--json", "--url", f"http://127.0.0.1:{server.port}", cwd=tmp_path, DARKROOM_HTTP_PORT=str(server.port))
        found = {f["what"]: f["verdict"] for f in json.loads(got.stdout)}
        assert got.returncode == 0, got.stdout
        for what in ("database", "mode of the data folder", "mode of secrets.toml", "store main", "store main: range", "store main: upload in parts",
                     "public URL", "version", "address", "20 MiB through the proxy", "browsers of ente://app",
                     "browsers of https://web.ente.io"):  # fmt: skip
            assert found[what] == "ok", (what, got.stdout)
        assert "all of it came in" in got.stdout
        assert not [f for f in (tmp_path / "darkroom-data" / "objects").rglob("*") if f.is_file() and f.name != ".instance"], "what was tried is gone"
    without = darkroom("doctor", cwd=tmp_path)
    assert without.returncode == 0, without.stdout
    assert "public_url" in without.stdout


def test_folders_that_others_can_read(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    found = verdicts(doctor_local.examine(Config(data_dir=tmp_path)))
    assert found["mode of the data folder"] == "fail"
    assert found["mode of secrets.toml"] == "skip"
    assert verdicts(doctor_local.examine(Config(data_dir=tmp_path / "none")))["data folder"] == "fail"


def test_a_broken_database(tmp_path: Path) -> None:
    (tmp_path / "darkroom.db").write_bytes(b"SQLite format 3\0" + os.urandom(8000))
    assert verdicts(doctor_local.examine(Config(data_dir=tmp_path)))["database"] == "fail"


def test_options_that_do_not_go_together(tmp_path: Path) -> None:
    config = Config(
        data_dir=tmp_path,
        otp=Otp(fixed={"@example.org": "123456"}),
        passkeys=Passkeys(rp_id="other.org"),
        public_url="https://photos.example.org",
        registration=Registration(mode="open"),
    )
    found = verdicts(doctor_local.examine(config))
    assert (found["otp.fixed"], found["passkeys"], found["web apps"], found["registration"]) == ("fail", "fail", "warn", "warn")


def test_a_store_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "objects").write_text("a file")
    config = Config(data_dir=tmp_path, storage=(Storage(path=tmp_path), Storage(name="ram", kind="memory")))
    found = verdicts(asyncio.run(doctor_stores.examine(config)))
    assert (found["store main"], found["store ram"]) == ("fail", "skip")


class Proxy(http.server.BaseHTTPRequestHandler):
    """A proxy that takes no large bodies and forgets CORS; or no server of ours at all."""

    ours = True
    put = 413
    local = staticmethod(lambda said: True)

    def do_GET(self) -> None:
        if not self.ours:
            self._say(200, b"<html>")
        elif self.path == "/ping":
            self._say(200, b'{"message": "pong"}')
        else:
            health = b'{"freeBytes": 1}' if self.local(self.headers.get("x-forwarded-for")) else b"{}"
            self._say(200, b'{"version": "0.0.1"}' if self.path == "/version" else health)

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self._say(self.put, b"")

    def do_OPTIONS(self) -> None:
        self._say(405, b"")

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def proxy() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_proxy_in_the_way(proxy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = verdicts(doctor_url.examine(Config(data_dir=tmp_path), proxy, "web"))
    assert found["public URL"] == "ok"
    assert found["version"] == "warn"
    assert found["browsers of https://web.ente.io"] == "fail"
    assert "browsers of ente://app" not in found
    assert found["20 MiB through the proxy"] == "skip", "there is no installation here whose upload it could be"
    assert found["address"] == "warn"
    monkeypatch.setattr(Proxy, "ours", False)
    assert verdicts(doctor_url.examine(Config(data_dir=tmp_path), proxy, None)) == {"public URL": "fail"}


def test_nobody_there(tmp_path: Path) -> None:
    assert verdicts(doctor_url.examine(Config(data_dir=tmp_path), "http://127.0.0.1:9", None)) == {"public URL": "fail"}
    assert verdicts(doctor_url.examine(Config(data_dir=tmp_path), None, None)) == {"public_url": "warn"}
    found = verdicts(doctor_url.examine(Config(data_dir=tmp_path), "https://127.0.0.1:9", "ios"))
    assert found == {"public URL": "fail", "certificate": "fail"}


def test_a_proxy_that_takes_no_large_bodies(proxy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_url, "BODY", bytes(2000))
    monkeypatch.setattr(reach, "perform", lambda *_, **__: "/objects/1/x?sig=y")
    for status, verdict in ((413, "fail"), (502, "fail"), (403, "fail"), (400, "ok"), (200, "warn")):
        monkeypatch.setattr(Proxy, "put", status)
        assert verdicts(doctor_url.examine(Config(data_dir=tmp_path), proxy, "ios"))["20 MiB through the proxy"] == verdict, status


def test_whose_word_for_the_address_counts(proxy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_url, "_near", lambda _: False)
    config = Config(data_dir=tmp_path)
    for health, verdict in ((lambda _: True, "fail"), (lambda said: said == "127.0.0.1", "fail"), (lambda _: False, "ok")):
        monkeypatch.setattr(Proxy, "local", staticmethod(health))
        assert verdicts(doctor_url.examine(config, proxy, "ios"))["proxy"] == verdict


@pytest.mark.parametrize(("client", "pages"), [("ios", set[str]()), ("desktop", {"ente://app"}), ("web", {"https://web.ente.io", "https://own.org"})])
def test_whose_pages_are_asked_for(client: str, pages: set[str]) -> None:
    config = Config(apps=Apps(albums="https://own.org"))
    found = doctor_stores.origins(config, client)
    assert pages <= found.keys()
    assert ("ente://app" in found) == (client == "desktop")
    assert found.get("https://own.org", "an own app") == "an own app"
    assert {"ente://app", "https://own.org", "null"} <= doctor_stores.origins(config, None).keys()


async def test_a_bucket(moto_url: str, tmp_path: Path) -> None:
    """moto checks neither digest nor length, and shows no ETag until it is told to: what a doctor is for."""
    made = on_moto(moto_url, tmp_path)
    storage = Storage(kind="s3", endpoint=made.endpoint, bucket=made.bucket, access_key=made.access_key, secret_key=SecretStr(made.secret_key))
    found = await doctor_stores.examine(Config(data_dir=tmp_path, storage=(storage,)), "desktop")
    assert {f.what.removeprefix("store main"): f.verdict for f in found} == {
        "": "ok",
        ": range": "ok",
        ": upload in parts": "ok",
        ": clock": "ok",
        ": upload by URL": "ok",
        ": range by URL": "ok",
        ": refuses wrong bytes": "fail",
        ": refuses more bytes": "fail",
        ": browsers of ente://app": "fail",
    }
    assert found[-1].do.startswith("add to the bucket's CORS rules: ExposeHeaders ETag ")
    store = S3Store(made)
    try:
        assert [i async for i in store.list()] == [], "what was tried is gone"
    finally:
        await store.close()
    wrong = storage.model_copy(update={"bucket": "not-there-at-all"})
    assert verdicts(await doctor_stores.examine(Config(data_dir=tmp_path, storage=(wrong,)))) == {"store main": "fail"}


GOOD = {"access-control-allow-origin": "*", "access-control-allow-methods": "GET, PUT", "access-control-allow-headers": "*"}
SHOWN = {"access-control-allow-origin": "*", "access-control-expose-headers": "ETag"}


@pytest.mark.parametrize(
    ("before", "after", "missing"),
    [
        (GOOD, SHOWN, []),
        ({}, {}, ["AllowedOrigins ente://app", "AllowedMethods PUT", "AllowedHeaders *", "AllowedMethods GET", "ExposeHeaders ETag"]),
        ({**GOOD, "access-control-allow-origin": "https://other.org"}, SHOWN, ["AllowedOrigins ente://app"]),
        ({**GOOD, "access-control-allow-methods": "GET"}, SHOWN, ["AllowedMethods PUT"]),
        ({**GOOD, "access-control-allow-headers": "content-type"}, SHOWN, ["AllowedHeaders *"]),
        (GOOD, {"access-control-allow-origin": "ente://app"}, ["ExposeHeaders ETag"]),
    ],
)
def test_each_missing_rule_by_its_name(before: dict[str, str], after: dict[str, str], missing: list[str]) -> None:
    assert doctor_stores._rules("ente://app", before, after) == missing


def test_clocks_apart() -> None:
    for said, verdicts_ in (("Sun, 06 Nov 1994 08:49:37 GMT", ["fail"]), ("nonsense", []), ("", [])):
        look = doctor_stores.Look("main", 1, {})
        look._clock({"date": said})
        assert [f.verdict for f in look.found] == verdicts_


async def test_the_mail_server(tmp_path: Path) -> None:
    async with open_postbox() as box:
        mail = Mail(host="127.0.0.1", port=box.port, security="none", sender="Darkroom <photos@example.org>")
        config = Config(data_dir=tmp_path, mail=mail)
        found = await asyncio.to_thread(doctor_mail.examine, config)
        assert (found.verdict, found.say) == ("warn", "lets this server in, without TLS")
        assert box.messages == []
        starttls = config.model_copy(update={"mail": mail.model_copy(update={"security": "starttls"})})
        assert (await asyncio.to_thread(doctor_mail.examine, starttls)).verdict == "fail", "it offers none"
        login = config.model_copy(update={"mail": mail.model_copy(update={"username": "me", "password": SecretStr("hunter2")})})
        found = await asyncio.to_thread(doctor_mail.examine, login)
        assert "hunter2" not in found.say
    assert (await asyncio.to_thread(doctor_mail.examine, config)).verdict == "fail", "nobody listens"
    assert doctor_mail.examine(Config(data_dir=tmp_path)).verdict == "skip"


def test_certificate_files(tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    config = Config(data_dir=tmp_path, http=Http(tls_cert=cert, tls_key=key))
    assert verdicts(doctor_local.examine(config))["certificate files"] == "fail"
    for days, verdict in ((90, "ok"), (3, "warn"), (-1, "fail")):
        make_certificate(cert, key, days)
        assert verdicts(doctor_local.examine(config))["certificate files"] == verdict


def make_certificate(cert: Path, key: Path, days: int) -> None:
    now, secret = datetime.now(UTC), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "photos.example.org")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(secret.public_key()).serial_number(7)
        .not_valid_before(now - timedelta(days=100)).not_valid_after(now + timedelta(days=days, hours=1)).sign(secret, hashes.SHA256())
    )  # fmt: skip
    cert.write_bytes(made.public_bytes(Encoding.PEM))
    key.write_bytes(secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def test_jobs_that_are_late_or_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, now = Config(data_dir=tmp_path), int(time.time() * 1e6)
    run = {"name": "login.sweep", "began_at": now, "ended_at": now, "succeeded_at": now, "problem": ""}
    for runs, there, verdict in (
        ([], True, "skip"),
        ([run], True, "ok"),
        ([{**run, "ended_at": now - 10 * HOUR}], True, "warn"),
        ([{**run, "ended_at": now - 10 * HOUR}], False, "ok"),
        ([{**run, "problem": "OSError"}], True, "warn"),
    ):
        monkeypatch.setattr(reach, "perform", lambda *_, said=runs, **__: said)
        monkeypatch.setattr(doctor_jobs, "_runs", lambda _, said=there: said)
        assert doctor_jobs.examine(config).verdict == verdict, (runs, there)


SECRET = "s3cr3t-s3cr3t-s3cr3t-s3cr3t"


def test_a_report_leaks_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every option that can hold a word holds one that would be seen."""
    words = ("alice@example.org", "photos.example.org", "secret-bucket", "key-of-the-store", SECRET, "alicesdisk", "127.0.0.1", str(tmp_path))
    config = Config(
        data_dir=tmp_path / "alicesdisk",
        public_url="http://127.0.0.1:9",
        storage=(
            Storage(name="alicesdisk", path=tmp_path / "alicesdisk"),
            Storage(name="secret-bucket", kind="s3", endpoint="http://127.0.0.1:9", bucket="secret-bucket", access_key="key-of-the-store",
                    secret_key=SecretStr(SECRET)),
        ),
        admin=Admin(users=("alice@example.org",)),
        mail=Mail(host="127.0.0.1", username="alice@example.org", password=SecretStr(SECRET), sender="alice@example.org", port=9),
        otp=Otp(fixed={"@photos.example.org": SECRET}),
        apps=Apps(albums="https://albums.photos.example.org"),
        metrics=Metrics(token=SecretStr(SECRET)),
        registration=Registration(mode="invite", domains=("photos.example.org",)),
    )  # fmt: skip
    found = list(doctor.examine(config, config.public_url, None))
    assert [word for word in words[2:] if word not in repr(found)] == ["key-of-the-store", SECRET], "the others are there to be left out"
    monkeypatch.setattr(doctor, "examine", lambda *_: found)
    for as_json in (False, True):
        assert doctor.run(argparse.Namespace(url=None, client=None, report=True, json=as_json), config) == doctor.BROKEN
        said = capsys.readouterr().out
        assert [word for word in words if word in said] == []
        assert "registration.mode" in said
        assert "invite" in said
        assert "store 2" in said


def test_every_verdict_has_its_mark() -> None:
    assert set(doctor.MARKS) == {"ok", "warn", "fail", "skip"}
