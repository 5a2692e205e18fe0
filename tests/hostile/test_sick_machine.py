"""A machine that is not well: disks that are not mounted, databases that are empty or damaged, folders with odd names, outputs that are full."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from app.cli.folder import DATABASE
from tests.cli.command import PROGRAM, SECONDS, Serving, darkroom, environment, free_port, serving

OTHER_DISK = Path("/dev/shm")  # another file system than that of the tests
TOML = 'registration = "open"\n[otp.fixed]\n"@example.org" = "123456"\n[[storage]]\nname = "main"\npath = "{path}"\n'


def refused(*args: str, cwd: Path, **env: str) -> str:
    """What `serve` says when it ends by itself: one line, within five seconds (and what a busy machine adds)."""
    began = time.monotonic()
    done = darkroom("serve", "--port", str(free_port()), *args, cwd=cwd, **env)
    assert time.monotonic() - began < 20
    assert done.returncode in (1, 2), done
    assert re.fullmatch(r"darkroom: [^\n]+\n", done.stderr), done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    return done.stderr


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A store on a disk of its own, and a configuration that names it; used once."""
    path = tmp_path / "disk"
    path.mkdir()
    (tmp_path / "d.toml").write_text(TOML.format(path=path))
    with serving(tmp_path, "--config", "d.toml") as server:
        upload(server)
        assert server.stop() == 0
    return path


def upload(server: Serving) -> str:
    """A photo; the path of its bytes."""
    from tests.clients.ente import Device
    from tests.clients.transfer import Plain

    alice = Device.sign_up(f"http://127.0.0.1:{server.port}", f"alice-{time.monotonic_ns()}@example.org")
    album = alice.new_collection("Holidays")
    alice.upload(album, Plain(b"photo" * 1000))
    (row,) = alice.sync().in_album(album)
    url = str(alice.api.get(f"/files/download/v3/{row['id']}")["url"])
    alice.close()
    return url.removeprefix(f"http://127.0.0.1:{server.port}")


def test_a_disk_that_is_not_mounted_refuses_the_start(tmp_path: Path, disk: Path) -> None:
    away = disk.rename(tmp_path / "away")
    disk.mkdir()
    said = refused("--config", "d.toml", cwd=tmp_path)
    assert "store main" in said
    assert "mounted?" in said
    assert "--adopt-store main" in said
    shutil.rmtree(disk)
    away.rename(disk)
    with serving(tmp_path, "--config", "d.toml") as server:
        assert server.stop() == 0


def test_a_new_disk_is_taken_on_purpose(tmp_path: Path, disk: Path) -> None:
    shutil.rmtree(disk)
    disk.mkdir()
    with serving(tmp_path, "--config", "d.toml", "--adopt-store", "main") as server:
        assert server.stop() == 0
    with serving(tmp_path, "--config", "d.toml") as server:
        assert server.stop() == 0
    assert "there is no store attic" in refused("--config", "d.toml", "--adopt-store", "attic", cwd=tmp_path)


def test_an_empty_database_beside_photos_refuses_the_start(tmp_path: Path, disk: Path) -> None:
    for file in (tmp_path / "darkroom-data").glob("darkroom.db*"):
        file.unlink()
    for _ in range(2):
        said = refused("--config", "d.toml", cwd=tmp_path)
        assert "database is empty" in said
        assert "--adopt-database" in said
    with serving(tmp_path, "--config", "d.toml", "--adopt-database") as server:
        assert server.stop() == 0


def test_the_parts_of_two_installations_do_not_go_together(tmp_path: Path, disk: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with serving(other) as server:
        assert server.stop() == 0
    said = refused("--data-dir", str(other / "darkroom-data"), "--config", "d.toml", cwd=tmp_path)
    assert "store main belongs to another installation" in said
    shutil.copy(other / "darkroom-data/secrets.toml", tmp_path / "darkroom-data/secrets.toml")
    assert "secrets.toml is not the one" in refused("--config", "d.toml", cwd=tmp_path)
    (tmp_path / "darkroom-data/secrets.toml").unlink()
    assert "secrets.toml is missing" in refused("--config", "d.toml", cwd=tmp_path)


def test_an_installation_from_before_gets_its_marks_silently(tmp_path: Path, disk: Path) -> None:
    (disk / "objects/.instance").unlink()
    db = sqlite3.connect(tmp_path / "darkroom-data" / DATABASE)
    db.executescript("DELETE FROM instance; DELETE FROM instance_stores;")
    db.close()
    with serving(tmp_path, "--config", "d.toml") as server:
        assert server.stop() == 0
    assert (disk / "objects/.instance").exists()


def test_a_disk_that_vanishes_is_no_missing_photo(tmp_path: Path, disk: Path) -> None:
    with serving(tmp_path, "--config", "d.toml") as server:
        path = upload(server)
        assert server.get(path)[0] == 200
        assert server.get("/readyz")[0] == 200
        away = disk.rename(tmp_path / "away")
        assert server.get(path)[0] == 503
        (disk / "objects").mkdir(parents=True)  # the mount point itself
        assert server.get(path)[0] == 503
        until = time.monotonic() + 20
        while server.get("/readyz")[0] != 503:
            assert time.monotonic() < until
            time.sleep(0.2)
        assert darkroom("healthcheck", "--port", str(server.port), cwd=tmp_path).returncode == 1
        assert "is its disk mounted?" in server.says()
        shutil.rmtree(disk)
        away.rename(disk)
        assert server.get(path)[0] == 200
        assert server.stop() == 0


@pytest.mark.skipif(not OTHER_DISK.is_dir(), reason="no second file system")
def test_objects_on_another_disk_than_temporary_files_refuse_the_start(tmp_path: Path) -> None:
    elsewhere = OTHER_DISK / f"darkroom-test-{os.getpid()}"
    (tmp_path / "darkroom-data").mkdir(mode=0o700)
    try:
        elsewhere.mkdir()
        (tmp_path / "darkroom-data/objects").symlink_to(elsewhere)
        said = refused(cwd=tmp_path)
        assert "store main" in said
        assert "ross-device" in said
    finally:
        shutil.rmtree(elsewhere)


@pytest.mark.parametrize("page", [0, 1, 3, 7])
def test_a_damaged_database_refuses_the_start(tmp_path: Path, page: int) -> None:
    with serving(tmp_path) as server:
        assert server.stop() == 0
    file = tmp_path / "darkroom-data" / DATABASE
    with file.open("r+b") as db:
        db.seek(page * 4096)
        db.write(os.urandom(4096))
    port = free_port()
    try:
        done = darkroom("serve", "--port", str(port), cwd=tmp_path)
    except subprocess.TimeoutExpired:  # a page that nothing at the start reads: it serves
        return
    assert done.returncode in (1, 2)
    assert re.fullmatch(r"darkroom: [^\n]+\n", done.stderr), done.stderr


@pytest.mark.parametrize("name", ["a#b", "a?mode=rw", "a%41", "ä ö"])
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "in" / name
    with serving(tmp_path, "--data-dir", str(folder)) as server:
        assert server.get("/readyz")[0] == 200
        assert server.stop() == 0
    assert [p.name for p in (tmp_path / "in").iterdir()] == [name]
    assert (folder / DATABASE).exists()


@pytest.mark.parametrize("output", ["closed", "full"])
def test_a_banner_that_cannot_be_printed_hinders_nobody(tmp_path: Path, output: str) -> None:
    port = free_port()
    redirect = ">&-" if output == "closed" else ">/dev/full"
    command = ["sh", "-c", f'exec "$0" serve --port {port} {redirect} 2>log', str(PROGRAM)]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment())
    server = Serving(process, port, tmp_path / "log")
    try:
        until = time.monotonic() + SECONDS
        while not server.answers():
            assert process.poll() is None, server.says()
            assert time.monotonic() < until
            time.sleep(0.05)
        assert server.stop() == 0
    finally:
        process.kill()
        process.wait()
    assert "Traceback" not in server.says()


def test_what_a_killed_server_left_half_written_goes_at_the_start(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        server.process.kill()
        server.process.wait()
    temp = tmp_path / "darkroom-data/tmp"
    (temp / "0123456789abcdef-7").write_bytes(b"half")
    (temp / "mp" / "upload").mkdir()
    with serving(tmp_path) as server:
        assert not (temp / "0123456789abcdef-7").exists()
        assert (temp / "mp" / "upload").exists(), "an upload that goes on"
        assert server.stop(signal.SIGHUP) == 0


def test_a_stop_does_not_wait_for_idle_connections(tmp_path: Path) -> None:
    from tests.hostile.flood import PREFACE

    with serving(tmp_path) as server, socket.create_connection(("127.0.0.1", server.port)) as idle:
        idle.sendall(PREFACE)
        assert idle.recv(100)
        with socket.create_connection(("127.0.0.1", server.port)):
            began = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - began < 6  # two seconds, and a busy machine
        assert "cut off" not in server.says()


def test_options_of_a_command_stand_before_or_after_its_action(tmp_path: Path) -> None:
    with serving(tmp_path, "--data-dir", "here") as server:
        assert server.stop() == 0
    for words in (("user", "list", "--data-dir", "here"), ("user", "--data-dir", "here", "list")):
        done = darkroom(*words, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    (tmp_path / "d.toml").write_text('data_dir = "here"\n')
    assert darkroom("user", "list", "--config", "d.toml", cwd=tmp_path).returncode == 0


def test_what_a_cluster_puts_into_the_environment(tmp_path: Path) -> None:
    injected = {
        "DARKROOM_PORT": "tcp://10.0.0.1:80", "DARKROOM_SERVICE_HOST": "10.0.0.1", "DARKROOM_PORT_80_TCP_ADDR": "10.0.0.1",
        "DARKROOM_HTTP_PORT": "tcp://10.0.0.1:80", "DARKROOM_WEB_SERVICE_PORT_HTTP": "80", "DARKROOM_DATA_DIR": "", "DARKROOM_PUBLIC_URL": " ",
    }  # fmt: skip
    with serving(tmp_path, **injected) as server:
        assert "DARKROOM_PORT is ignored" in server.says()
        assert (tmp_path / "darkroom-data" / DATABASE).exists()
        assert server.stop() == 0
    for url in ("https://x.example/?a=1", "https://x.example/a b", "https://u@x.example", "https://x.example#a"):
        assert "public_url" in refused(cwd=tmp_path, DARKROOM_PUBLIC_URL=url)
    assert "DARKROOM_DATADIR" in refused(cwd=tmp_path, DARKROOM_DATADIR="x")
