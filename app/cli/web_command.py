"""`darkroom web add|list`: installs built web apps, and says which there are, where they are served, and which server they ask."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from ..kernel.config import APPS, Config
from ..web import adding, builds, service
from ..web.builds import NoBuild
from . import reach
from .arguments import action, answer

FLAGS = reach.FLAGS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    reach.add_arguments(parser)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = action(actions, "add", "install a built app, in the place of the one there was; a running server shows it at once")
    add.add_argument("source", type=Path, metavar="FILE.zip|FOLDER", help="what `yarn build` left in `out`, or a ZIP file of it")
    add.add_argument("--app", required=True, choices=APPS, help="which app it is")
    action(actions, "list", "list the apps, their addresses, and the servers they were built for")


def run(args: argparse.Namespace, config: Config) -> int:
    return _list(args, config) if args.action == "list" else _add(args, config, args.source, args.app)


def _add(args: argparse.Namespace, config: Config, source: Path, app: str) -> int:
    if not source.exists():
        return _refused(f"there is no {source}")
    target = service.apps_dir(config) / app
    addresses = {
        placeholder: address
        for placeholder, other in builds.PLACEHOLDERS.items()
        if (address := config.own_address if other is None else config.app_address(other)) is not None
    }
    try:
        adding.add(source, target, addresses)
    except NoBuild as e:
        return _refused(str(e))
    endpoint, address = builds.endpoint(target, config.own_address), config.app_address(app)
    lines = [f"{app} is in {target}", _asked(endpoint, config)]
    if address is None:
        lines.append(f"it has no address yet: set web.hosts.{app} or web.ports.{app}, and start the server again")
    answer(args, {"app": app, "folder": str(target), "built_for": endpoint, "address": address}, "\n".join(lines))
    return 0


def _refused(text: str) -> int:
    print(f"darkroom: {text}", file=sys.stderr)
    return 1


def _asked(found: str | None, config: Config) -> str:
    own = config.own_address
    if found is None:
        return "which server it asks cannot be read from it"
    if found == own:
        return f"built for this server, {own}"
    return f"built for {found}, NOT for this server ({own}): build it with NEXT_PUBLIC_ENTE_ENDPOINT={own}"


def _list(args: argparse.Namespace, config: Config) -> int:
    rows: list[dict[str, Any]] = []
    folder = service.apps_dir(config)
    served = {*service.hosts(config).values(), *service.ports(config)}
    for app in APPS:
        if not (folder / app).is_dir() and app not in served:
            continue
        endpoint = None
        try:
            build = builds.read(folder / app)
            endpoint = builds.endpoint(folder / app, config.own_address)
            state = f"{len(build.assets)} files, {_asked(endpoint, config)}"
        except NoBuild as e:
            state = str(e)
        rows.append({"app": app, "address": config.app_address(app), "built_for": endpoint, "state": state})
    answer(args, rows, "\n".join(f"{r['app']}\t{r['address'] or 'no address'}\t{r['state']}" for r in rows) or "no apps")
    return 0
