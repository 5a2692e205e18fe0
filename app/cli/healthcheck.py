"""`darkroom healthcheck`: asks the server of this configuration whether it can do its work, for containers. Opens no data."""

from __future__ import annotations

import argparse
import http.client
import ssl
import sys

from ..kernel.config import Config
from .arguments import answer

SECONDS = 5.0


FLAGS = {"http.listen": "listen", "http.port": "port"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--listen", metavar="ADDRESS", help="the address the server listens on")
    parser.add_argument("--port", help="the port it listens on")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")


def run(args: argparse.Namespace, config: Config) -> int:
    """0 when it answers, 1 when not."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(config.http.listen, config.http.listen)  # noqa: S104  # comparing, not binding
    connection = http.client.HTTPConnection(host, config.http.port, timeout=SECONDS)
    if config.http.tls_cert is not None:  # it is for the name that apps use, and this asks by the address
        trusting = ssl._create_unverified_context()  # noqa: S323  # whether it answers is asked, nothing secret is sent
        connection = http.client.HTTPSConnection(host, config.http.port, timeout=SECONDS, context=trusting)
    try:
        connection.request("GET", "/readyz")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as e:
        if args.json:
            answer(args, {"well": False, "status": None}, "")
        print(f"darkroom: no answer from {host}:{config.http.port}: {e}", file=sys.stderr)
        return 1
    finally:
        connection.close()
    if args.json:
        answer(args, {"well": status == 200, "status": status}, "")
    if status != 200:
        print(f"darkroom: {host}:{config.http.port} answers {status}", file=sys.stderr)
    return 0 if status == 200 else 1
