"""`darkroom doctor`: a healthy server, and each thing that can be wrong with it."""

from __future__ import annotations

import asyncio
import http.server
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli import doctor, doctor_local, doctor_stores, doctor_url
from app.kernel.config import Config, Otp, Passkeys, Registration, Storage
from tests.cli.command import darkroom, serving


def verdicts(found: object) -> dict[str, str]:
    return {f.what: f.verdict for f in found}  # type: ignore[attr-defined]  # findings


def test_it_works(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        got = darkroom("doctor", "--json", "--url", f"http://127.0.0.1:{server.port}", cwd=tmp_path, DARKROOM_HTTP_PORT=str(server.port))
        found = {f["what"]: f["verdict"] for f in json.loads(got.stdout)}
        assert got.returncode == 0, got.stdout
        for what in ("database", "mode of darkroom-data", "mode of secrets.toml", "store main", "store main: range", "public URL", "version",
                     "20 MiB through the proxy", "browsers of ente://app", "browsers of https://web.ente.io"):  # fmt: skip
            assert found[what] == "ok", (what, got.stdout)
        report = darkroom("doctor", "--report", "--url", f"http://127.0.0.1:{server.port}", cwd=tmp_path).stdout
        assert str(tmp_path) not in report
        assert "127.0.0.1" not in report
    without = darkroom("doctor", cwd=tmp_path)
    assert without.returncode == 0, without.stdout
    assert "public_url" in without.stdout


def test_folders_that_others_can_read(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    found = verdicts(doctor_local.examine(Config(data_dir=tmp_path)))
    assert found[f"mode of {tmp_path.name}"] == "fail"
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

    def do_GET(self) -> None:
        if not self.ours:
            self._say(200, b"<html>")
        elif self.path == "/ping":
            self._say(200, b'{"message": "pong"}')
        else:
            self._say(200, b'{"version": "0.0.1"}' if self.path == "/version" else b'{"freeBytes": 1}')

    def do_PUT(self) -> None:
        self._say(413, b"too large")

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
    thread = threading.Thread(target=server.serve_forever)
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
    assert found.get("20 MiB through the proxy", found.get("large")) in ("fail", "ok")  # it may be cut off while it is sent
    monkeypatch.setattr(Proxy, "ours", False)
    assert verdicts(doctor_url.examine(Config(data_dir=tmp_path), proxy, None)) == {"public URL": "fail"}


def test_nobody_there(tmp_path: Path) -> None:
    assert verdicts(doctor_url.examine(Config(data_dir=tmp_path), "http://127.0.0.1:9", None)) == {"public URL": "fail"}
    assert verdicts(doctor_url.examine(Config(data_dir=tmp_path), None, None)) == {"public_url": "warn"}
    found = verdicts(doctor_url.examine(Config(data_dir=tmp_path), "https://127.0.0.1:9", "ios"))
    assert found == {"public URL": "fail", "certificate": "fail"}


def test_every_verdict_has_its_mark() -> None:
    assert set(doctor.MARKS) == {"ok", "warn", "fail", "skip"}
