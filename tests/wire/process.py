"""The real server in a process of its own, on a free loopback port and a data directory the test owns."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.cli.command import free_port

SETTINGS = """
[http]
listen = "127.0.0.1"
trusted_proxies = ["127.0.0.1"]
[registration]
mode = "open"
[otp.fixed]
"@example.org" = "123456"
[quota]
default = "10GiB"
[passkeys]
rp_id = "localhost"
origins = ["http://localhost:3001"]
"""
PROGRAM = Path(sys.executable).parent / "darkroom"
START_SECONDS = 60
STOP_SECONDS = 60


@dataclass
class RunningServer:
    """`stop` asks politely and expects exit code 0; `kill` is a power cut of the process; `restart` uses the same data."""

    url: str
    data_dir: Path
    config: Path
    port: int
    environment: dict[str, str]
    process: subprocess.Popen[bytes] = field(init=False)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def log(self) -> Path:
        return self.data_dir.parent / f"server-{self.port}.log"

    def start(self) -> RunningServer:
        with self.log.open("ab") as log:
            command = [str(PROGRAM), "serve", "--config", str(self.config)]
            self.process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"the server did not come up:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.05)
        return self

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/ping", timeout=2, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        assert code == 0, f"exit code {code} after SIGTERM:\n{self.log.read_text()[-4000:]}"

    def kill(self) -> None:
        """SIGKILL to the whole process group, so that workers go too."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(STOP_SECONDS)

    def restart(self) -> RunningServer:
        return self.start()


def start_server(tmp_path: Path, database_url: str | None = None, extra_toml: str = "", host: str = "127.0.0.1") -> RunningServer:
    """A server of its own. `extra_toml` is appended to the settings; `database_url` chooses another engine; `host` is public_url's."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    data_dir = tmp_path / "data"
    config = tmp_path / "config.toml"
    config.write_text(SETTINGS + extra_toml)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DARKROOM_")}
    environment |= {"DARKROOM_DATA_DIR": str(data_dir), "DARKROOM_HTTP_PORT": str(port), "DARKROOM_PUBLIC_URL": f"http://{host}:{port}"}
    if database_url is not None:
        environment["DARKROOM_DATABASE_URL"] = database_url
    data_dir.mkdir(parents=True, exist_ok=True)
    return RunningServer(url, data_dir, config, port, environment).start()
