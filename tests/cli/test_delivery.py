"""How the server is delivered: systemd's protocol, other ASGI servers, and the files of deploy/."""

from __future__ import annotations

import asyncio
import configparser
import json
import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
import yaml

from app import main
from app.cli import systemd
from app.cli.development import Development
from app.kernel.config_sources import options
from app.ops import metrics
from tests.inprocess import Api, World

DEPLOY = Path(__file__).parents[2] / "deploy"


async def test_systemd_hears_that_it_is_ready_alive_and_stopping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(where))
        ear.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(where))
        monkeypatch.setenv("WATCHDOG_USEC", "100000")
        async with systemd.watched():
            await asyncio.sleep(0.2)
        ear.setblocking(False)
        heard = []
        while True:
            try:
                heard.append(ear.recv(100).decode())
            except BlockingIOError:
                break
    assert heard[0] == "READY=1"
    assert heard.count("WATCHDOG=1") > 2
    assert heard[-1] == "STOPPING=1"
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert systemd.interval() is None, "another process is watched"
    monkeypatch.delenv("NOTIFY_SOCKET")
    systemd.notify("READY=1")


async def test_other_servers_can_run_it_while_developing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARKROOM_DATA_DIR", str(tmp_path / "data"))
    app = main.app
    assert isinstance(app, Development)
    assert main.app is app, "made once"
    coming: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    going: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    task = asyncio.create_task(app({"type": "lifespan"}, coming.get, going.put))
    await coming.put({"type": "lifespan.startup"})
    said = await asyncio.wait_for(going.get(), 30)
    assert said["type"] == "lifespan.startup.complete", said
    assert (await Api(app).get("/ping")).json()["message"] == "pong"
    await coming.put({"type": "lifespan.shutdown"})
    assert (await asyncio.wait_for(going.get(), 30))["type"] == "lifespan.shutdown.complete"
    await task
    with pytest.raises(AttributeError):
        _ = main.nothing_of_this_name


def test_the_unit_is_what_systemd_takes() -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
    unit.read(DEPLOY / "darkroom.service")
    assert unit["Service"]["Type"] == "notify"
    assert int(unit["Service"]["WatchdogSec"]) >= 30
    if (analyze := shutil.which("systemd-analyze")) is None:
        pytest.skip("no systemd-analyze here")
    done = subprocess.run(
        [analyze, "security", "--offline=true", "--threshold=20", str(DEPLOY / "darkroom.service")], capture_output=True, text=True, check=False
    )
    if "Overall exposure" not in done.stdout:
        pytest.skip(f"systemd-analyze cannot judge here: {done.stderr.strip()[:100]}")
    score = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert score
    assert float(score[1]) <= 2.0, done.stdout


def test_compose_and_traefik_are_yaml_that_names_what_there_is() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    ours = compose["services"]["darkroom"]
    known = {o.variable for o in options()}
    assert set(ours["environment"]) <= known
    assert (DEPLOY / ours["build"]["context"] / ours["build"]["dockerfile"]).exists()
    for mount in compose["services"]["caddy"]["volumes"]:
        if mount.startswith("./"):
            assert (DEPLOY / mount.partition(":")[0]).exists()
    assert {v.partition(":")[0] for v in ours["volumes"]} <= set(compose["volumes"])
    traefik = yaml.safe_load((DEPLOY / "traefik.yaml").read_text())["http"]
    assert traefik["routers"]["darkroom"]["service"] in traefik["services"]


def test_nginx_and_caddy_files_are_balanced_and_take_large_bodies(tmp_path: Path) -> None:
    """Where the programs are, they judge; their syntax otherwise is looked at here."""
    nginx, caddy = (DEPLOY / "nginx.conf").read_text(), (DEPLOY / "Caddyfile").read_text()
    for text in (nginx, caddy):
        assert text.count("{") == text.count("}")
    for line in ("client_max_body_size 0;", "proxy_request_buffering off;", "proxy_buffering off;", "X-Forwarded-For $proxy_add_x_forwarded_for;"):
        assert line in nginx
    inside = re.sub(r"#[^\n]*", "", nginx)
    assert [s for line in inside.splitlines() if (s := line.strip()) and s[-1] not in ";{}"] == []
    if program := shutil.which("caddy"):
        done = subprocess.run([program, "adapt", "--config", str(DEPLOY / "Caddyfile"), "--adapter", "caddyfile"], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr


async def test_the_dashboard_asks_for_figures_that_there_are(world: World) -> None:
    dashboard = json.loads((DEPLOY / "grafana.json").read_text())
    asked = {name for panel in dashboard["panels"] for t in panel["targets"] for name in re.findall(r"darkroom_\w+", t["expr"])}
    told = set(re.findall(r"^# TYPE (\w+)", await metrics.text(world.kernel), re.MULTILINE)) | (
        {"darkroom_commit_seconds", "darkroom_commit_group"}  # SQLite's
    )
    assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked} <= told
