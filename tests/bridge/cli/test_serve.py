"""Where a bridge listens, and keys by command."""

from __future__ import annotations

import configparser
import shlex
from pathlib import Path

import pytest

from bridge.cli import serve
from bridge.cli.serve import check_address
from bridge.client.errors import ClientError
from bridge.client.keys import Keys
from bridge.library import vault
from bridge.main import main, parser

UNIT = Path(__file__).parents[3] / "deploy/darkroom-bridge.service"


def test_only_this_machine_is_served_in_the_clear() -> None:
    assert check_address("127.0.0.1", tls=False, insecure=False) == "127.0.0.1"
    assert check_address("::1", tls=False, insecure=False) == "::1"
    for host in ("0.0.0.0", "192.168.1.2", "::"):
        with pytest.raises(ClientError, match="--insecure-lan"):
            check_address(host, tls=False, insecure=False)
        assert check_address(host, tls=True, insecure=False) == host
        assert check_address(host, tls=False, insecure=True) == host
    with pytest.raises(ClientError, match="no address"):
        check_address("999.1.1.1", tls=True, insecure=True)


def test_keys(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*args: str) -> tuple[int, str, str]:
        status = main(["--dir", str(tmp_path), *args])
        return status, *capsys.readouterr()

    assert run("key", "list")[0] == 1
    vault.save(tmp_path, vault.Link("http://x", "alice@example.org", "t", False, Keys(1, b"a" * 32, b"b" * 32, b"c" * 32), b"o" * 32))
    status, secret, _ = run("key", "add", "frame", "--permission", "asset.read", "--permission", "asset.view")
    assert (status, len(secret.strip())) == (0, 43)
    assert run("key", "add", "frame") == (1, "", "darkroom bridge: there is a key 'frame'\n")
    assert "unknown permission" in run("key", "add", "other", "--permission", "x")[2]
    assert run("key", "list")[1] == "frame  asset.read, asset.view  last used: never\n"
    assert run("key", "revoke", "frame")[0] == 0
    assert run("key", "list")[1] == ""
    assert run("serve", "--host", "0.0.0.0") == (
        1, "", "darkroom bridge: 0.0.0.0 is reached by others: give --tls-cert and --tls-key, or say --insecure-lan\n",
    )  # fmt: skip
    for origin in ("*", "localhost", "http://*.example.org", "http://a/b"):
        assert "no origin" in run("serve", "--allow-origin", origin)[2]
    assert run("serve", "--tls-cert", "x")[2] == "darkroom bridge: --tls-cert and --tls-key go together\n"


def test_the_unit_starts_what_there_is() -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
    unit.read(UNIT)
    program, command, *args = shlex.split(unit["Service"]["ExecStart"])
    assert (Path(program).name, command) == ("darkroom", "bridge")
    parsed = parser().parse_args(args)
    assert (parsed.run, parsed.host, parsed.port) == (serve.serve, "127.0.0.1", 2283)
    folder = unit["Service"]["Environment"].removeprefix("DARKROOM_BRIDGE_DIR=")
    assert folder == f"/var/lib/{unit['Service']['StateDirectory']}"
    assert unit["Unit"]["ConditionPathExists"] == f"{folder}/vault.json"
    assert (unit["Service"]["UMask"], unit["Service"]["StateDirectoryMode"]) == ("0077", "0700")
    assert int(unit["Service"]["TimeoutStopSec"]) > serve.STOP_SECONDS
