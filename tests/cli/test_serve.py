"""`darkroom serve` as a process: what it makes and prints, how it refuses, how it stops."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import sys
import time
from pathlib import Path

import pytest

from app.cli.serve import STOP_SECONDS
from tests.cli.command import darkroom, serving


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_it_works_with_no_configuration(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        data = tmp_path / "darkroom-data"
        assert json.loads(server.get("/healthz")[1])["status"] == "ok"
        assert mode(data) == 0o700
        assert {p.name for p in data.iterdir()} >= {"darkroom.db", "objects", "tmp", "secrets.toml", "admin.sock"}
        for made in data.iterdir():
            assert mode(made) & 0o077 == 0, made
        said = server.says()
        assert f"http://127.0.0.1:{server.port}" in said
        assert str(data) in said
        assert "open until there is an account" in said
        assert "darkroom ott EMAIL" in said
        assert "--listen 0.0.0.0" in said
        assert "DANGER" not in said
        secrets = (data / "secrets.toml").read_text()
        assert [key for key in re.findall(r'"(.{20,})"', secrets) if key in said] == []
        assert server.stop() == 0
        assert not (data / "admin.sock").exists()
    with serving(tmp_path) as server:  # the same data again, the same keys
        assert (data / "secrets.toml").read_text() == secrets
        assert server.stop(signal.SIGINT) == 0


def test_a_fixed_code_is_loud(tmp_path: Path) -> None:
    (tmp_path / "d.toml").write_text('[otp.fixed]\n"@example.org" = "123456"\n[log]\nlevel = "error"\n[registration]\nmode = "closed"\n')
    with serving(tmp_path, "--config", "d.toml") as server:
        assert "DANGER" in server.says()
        assert "@example.org" in server.says()
        assert "registration  closed" in server.says()
        assert "123456" not in server.says()


def test_a_second_server_on_the_same_data_or_port_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        second = darkroom("serve", "--port", "1", cwd=tmp_path)
        assert second.returncode == 2
        assert re.fullmatch(rf"darkroom: data_dir: .* in use by another darkroom \(process {server.process.pid}\)\n", second.stderr)
        other = darkroom("serve", "--port", str(server.port), "--data-dir", "other", cwd=tmp_path)
        assert other.returncode == 2
        assert other.stderr == f"darkroom: http.port: {server.port} is in use on 127.0.0.1\n"
        assert server.answers()


def begin(connection: socket.socket, length: int) -> None:
    """Send the head of a request with a body of `length` bytes; back when the server asks for the body, so the request is in flight."""
    connection.settimeout(60)
    connection.sendall(b"POST /users/ott HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: %d\r\n\r\n" % length)
    assert connection.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"


def test_a_stop_finishes_the_request_in_flight(tmp_path: Path) -> None:
    body = b'{"email":"alice@example.org","purpose":"signup"}'
    with serving(tmp_path) as server, socket.create_connection(("127.0.0.1", server.port)) as slow:
        begin(slow, len(body))
        slow.sendall(body[:10])
        server.process.send_signal(signal.SIGTERM)
        wait_for(lambda: "stopping" in server.says() and not server.answers())
        slow.sendall(body[10:])
        assert slow.recv(4096).startswith(b"HTTP/1.1 200")
        assert server.process.wait(30) == 0
    kept = darkroom("ott", "alice@example.org", cwd=tmp_path)
    assert re.match(r"\d{6}  for photos", kept.stdout), kept.stderr


def test_a_stop_does_not_wait_for_ever(tmp_path: Path) -> None:
    assert STOP_SECONDS < 10, "what takes a server down waits that long for it"
    patient = [sys.executable, "-c", "from app.cli import main, serve; serve.STOP_SECONDS = 0.5; raise SystemExit(main.main())"]
    with serving(tmp_path, program=patient) as server, socket.create_connection(("127.0.0.1", server.port)) as stuck:
        begin(stuck, 100)
        assert server.stop() == 0
        assert "are cut off" in server.says()


def test_killed_it_starts_again(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.process.kill()
        server.process.wait()
    assert (tmp_path / "darkroom-data/admin.sock").exists()
    with serving(tmp_path) as server:
        assert darkroom("user", "list", cwd=tmp_path).returncode == 0
        assert server.stop() == 0


def test_many_connections_and_keep_alive(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        open_ones = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(32)]
        for _ in range(3):
            for c in open_ones:
                c.sendall(b"GET /ping HTTP/1.1\r\nhost: x\r\n\r\n")
            assert all(c.recv(4096).startswith(b"HTTP/1.1 200") for c in open_ones)
        assert server.stop() == 0  # idle connections hold nothing up
        for c in open_ones:
            c.close()


@pytest.mark.parametrize(
    ("args", "env", "says"),
    [
        (("--port", "many"), {}, "http.port: should be a whole number (--port)"),
        ((), {"DARKROOM_HTTP_PORT": "0"}, "http.port: should be greater than or equal to 1 (DARKROOM_HTTP_PORT)"),
        ((), {"DARKROOM_HTTP_PROT": "1"}, "DARKROOM_HTTP_PROT: no option has this environment variable"),
        (("--config", "missing.toml"), {}, "--config: cannot read missing.toml: No such file or directory"),
        (("--config", "odd.toml"), {}, "http.prot: no such option (odd.toml)"),
        (("--data-dir", "odd.toml/data"), {}, "data_dir: cannot write to "),
        (("--listen", "192.0.2.1"), {}, "http.listen: 192.0.2.1 is no address of this machine"),
        (("--workers", "2"), {}, "http.workers: SQLite has one writer"),
        ((), {"DARKROOM_STORAGE_KIND": "s3"}, "storage: "),
        ((), {"DARKROOM_DATABASE_URL": "postgresql://127.0.0.1:9/none?connect_timeout=2"}, "database.url: cannot open the database: "),
    ],
)
def test_what_cannot_work_is_one_line_and_status_2(tmp_path: Path, args: tuple[str, ...], env: dict[str, str], says: str) -> None:
    (tmp_path / "odd.toml").write_text("[http]\nprot = 1\n")
    ended = darkroom("serve", *args, cwd=tmp_path, **env)
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"darkroom: {says}")
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert ended.stdout == ""


def test_a_folder_without_permission_is_refused(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    (tmp_path / "locked").mkdir(mode=0o500)
    ended = darkroom("serve", "--data-dir", "locked/data", cwd=tmp_path)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert ended.stderr.startswith("darkroom: data_dir: cannot write to ")


def test_several_workers_on_postgresql(tmp_path: Path, url: str) -> None:
    with serving(tmp_path, "--workers", "2", DARKROOM_DATABASE_URL=url) as server:
        wait_for(lambda: json.loads(server.get("/healthz")[1])["status"] == "ok")
        added = darkroom("user", "add", "alice@example.org", cwd=tmp_path, DARKROOM_DATABASE_URL=url)
        assert added.returncode == 0, added.stderr  # the throw-away PostgreSQL is warned about there: it does not sync
        assert server.stop() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere workers outlive a parent that was killed")
def test_workers_end_when_their_parent_is_killed(tmp_path: Path, url: str) -> None:
    with serving(tmp_path, "--workers", "2", DARKROOM_DATABASE_URL=url) as server:
        workers = {pid for pid, parent in running().items() if parent == str(server.process.pid)}
        assert len(workers) >= 2
        server.process.kill()
        server.process.wait()
        wait_for(lambda: workers.isdisjoint(running()))
        assert not server.answers()


def running() -> dict[str, str]:
    """Process → its parent, of all that have not ended (Linux)."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended while we looked
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                found[folder.name] = parent
    return found


def wait_for(happens: object, seconds: float = 30.0) -> None:
    """Until it is so; a bound instead of a guess."""
    assert callable(happens)
    until = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)


def test_an_empty_server_says_where_it_is_set_up(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        (link,) = re.findall(r"set up here +http://127\.0\.0\.1:\d+(/admin/enter\?link=\S+)", server.says())
        status, page = server.get(link)
        assert status == 200
        assert b"Open the administration" in page
        assert darkroom("user", "add", "dave@example.org", cwd=tmp_path).returncode == 0
        assert server.stop() == 0
    with serving(tmp_path) as server:
        assert server.says().count("set up here") == 1, "only while there is no account"
