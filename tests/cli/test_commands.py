"""The commands beside `serve`, as processes: through a running server and without one."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import __version__
from tests.cli.command import Serving, darkroom, serving


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """So deep that a socket's name does not fit."""
    deep = tmp_path_factory.mktemp("commands") / ("long" * 12) / ("name" * 12)
    deep.mkdir(parents=True)
    return deep


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Serving]:
    with serving(folder, DARKROOM_REGISTRATION_MODE="invite") as s:
        yield s


def ask_for_code(server: Serving, email: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("POST", "/users/ott", json.dumps({"email": email, "purpose": "signup"}))
    status = connection.getresponse().status
    connection.close()
    return status


def test_an_invited_person_gets_a_code_and_the_operator_sees_it(folder: Path, server: Serving) -> None:
    assert ask_for_code(server, "alice@example.org") == 403
    invited = darkroom("user", "invite", "Alice@Example.org", cwd=folder, DARKROOM_REGISTRATION_MODE="invite")
    assert (invited.returncode, invited.stdout, invited.stderr) == (0, "Alice@Example.org may sign up\n", "")
    assert ask_for_code(server, "alice@example.org") == 200
    shown = darkroom("ott", " alice@example.ORG", cwd=folder)
    assert shown.returncode == 0
    found = re.fullmatch(r"(\d{6})  for photos, good for \d+ more minutes\n", shown.stdout)
    assert found
    assert re.search(rf"notice darkroom\.ott: .*alice@example\.org.*{found[1]}", server.says())


def test_a_command_beside_a_running_server_asks_that_server(folder: Path, server: Serving) -> None:
    """Whatever this shell's options are."""
    other = {"DARKROOM_REGISTRATION_MODE": "open", "DARKROOM_PUBLIC_URL": "https://elsewhere.example.org", "DARKROOM_QUOTA_DEFAULT": "1TiB"}
    invited = darkroom("user", "invite", cwd=folder, **other)
    assert "registration.mode" not in invited.stdout
    assert f"http://127.0.0.1:{server.port}/invite" in invited.stdout
    assert f"http://127.0.0.1:{server.port}/admin/enter" in darkroom("admin", "login", cwd=folder, **other).stdout
    assert "1TiB" not in darkroom("user", "list", cwd=folder, **other).stdout


def test_nobodys_code(folder: Path, server: Serving) -> None:
    shown = darkroom("ott", "nobody@example.org", cwd=folder)
    assert (shown.returncode, shown.stdout) == (1, "")
    assert "no code waits for nobody@example.org" in shown.stderr


def test_accounts_are_added_listed_and_limited(folder: Path, server: Serving) -> None:
    assert darkroom("user", "add", "bob@example.org", cwd=folder).returncode == 0
    again = darkroom("user", "add", "BOB@example.org", cwd=folder)
    assert (again.returncode, again.stderr) == (1, "darkroom: bob@example.org has an account already\n")
    assert ask_for_code(server, "bob@example.org") == 200  # the owner finishes the sign-up in the app
    told = darkroom("user", "quota", "bob@example.org", "50GiB", cwd=folder).stdout
    assert told.startswith("bob@example.org: 50GiB; an upload that says its size may pass it by 50MiB")
    assert re.search(r"^bob@example\.org +\d{4}-\d\d-\d\d +0 +0B +50GiB +sign-up not finished$", listed(folder), re.MULTILINE)
    assert darkroom("user", "quota", "bob@example.org", "unlimited", cwd=folder).stdout == "bob@example.org: unlimited\n"
    assert darkroom("user", "quota", "bob@example.org", "default", cwd=folder).stdout.startswith("bob@example.org: 10GiB (default)")
    assert "10GiB (default)" in listed(folder)


def listed(folder: Path) -> str:
    return darkroom("user", "list", cwd=folder).stdout


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("quota", "carol@example.org", "1GB"), "carol@example.org has no account"),
        (("quota", "bob@example.org", "big"), "'big': should be a number of bytes"),
        (("quota", "bob@example.org", "9999999999TiB"), "'9999999999TiB' is above 4096TiB"),
        (("add", "no address"), "'no address' is no e-mail address"),
        (("invite", "@"), "'@' is no e-mail address"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_status_1(folder: Path, server: Serving, args: tuple[str, ...], says: str) -> None:
    ended = darkroom("user", *args, cwd=folder)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"darkroom: {says}")
    assert ended.stderr.count("\n") == 1


def test_healthcheck(folder: Path, server: Serving) -> None:
    assert darkroom("healthcheck", "--port", str(server.port), cwd=folder).returncode == 0
    silent = darkroom("healthcheck", "--port", "1", cwd=folder)
    assert (silent.returncode, silent.stderr.count("\n")) == (1, 1)


def test_without_a_server_the_command_opens_the_data_itself(tmp_path: Path) -> None:
    nothing = darkroom("user", "list", cwd=tmp_path)
    assert nothing.returncode == 2
    assert nothing.stderr.startswith("darkroom: data_dir: no database in ")
    assert list(tmp_path.iterdir()) == []
    with serving(tmp_path) as server:
        assert server.stop() == 0
    assert darkroom("user", "add", "bob@example.org", "--data-dir", "x", cwd=tmp_path).returncode == 2
    assert darkroom("user", "add", "bob@example.org", cwd=tmp_path).returncode == 0
    assert "bob@example.org" in listed(tmp_path)
    assert b"bob@example.org" not in (tmp_path / "darkroom-data/darkroom.db").read_bytes()


def test_config_is_shown_and_checked(tmp_path: Path) -> None:
    env = {"DARKROOM_DATABASE_URL": "postgresql://alice:hush@db/photos"}
    shown = darkroom("config", "show", "--redact", cwd=tmp_path, **env)
    assert shown.returncode == 0
    assert 'url = "***"' in shown.stdout
    assert "hush" not in shown.stdout
    assert "hush" in darkroom("config", "show", cwd=tmp_path, **env).stdout
    good = darkroom("config", "check", cwd=tmp_path)
    assert good.returncode == 0
    assert good.stdout.startswith("links: public_url is not set")
    assert good.stdout.endswith("\nthe configuration is good\n")
    assert list(tmp_path.iterdir()) == []
    bad = darkroom("config", "check", cwd=tmp_path, DARKROOM_HTTP_WORKERS="4")
    assert bad.returncode == 2
    assert bad.stderr.startswith("darkroom: http.workers: ")


def test_version_needs_no_configuration(tmp_path: Path) -> None:
    assert darkroom("version", cwd=tmp_path, DARKROOM_NONSENSE="1").stdout == f"darkroom {__version__}\n"


@pytest.mark.parametrize("args", [(), ("sreve",), ("user",), ("user", "quota", "a@b"), ("serve", "--prot", "1")])
def test_a_wrong_command_line_is_status_2(tmp_path: Path, args: tuple[str, ...]) -> None:
    ended = darkroom(*args, cwd=tmp_path)
    assert ended.returncode == 2
    assert "usage: darkroom" in ended.stderr
