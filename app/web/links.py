"""Which links that this server makes will not open, and why: for `config check` and for the first lines of a start."""

from __future__ import annotations

from urllib.parse import urlsplit

from ..kernel.config import APPS, Config
from . import builds, service
from .builds import NoBuild

WHAT = (
    (("albums", "share", "memories"), "links lead to a page that says how to open them in the Ente app"),
    (("accounts",), "passkeys cannot be registered or used; invitations to families and deleted accounts have pages of this server's own"),
    (("cast", "embed", "paste", "legacy", "family"), "what the apps offer there leads to a page that says what to do without"),
)
"""What is missing without the apps whose addresses clients are given."""


def notes(config: Config) -> list[str]:
    """One line for each thing that will not open; empty where everything does."""
    return [*_reach(config), *_missing(config), *_builds(config)]


def _reach(config: Config) -> list[str]:
    host = urlsplit(config.own_address).hostname or ""
    if config.public_url is None:
        return [f"public_url is not set: links are made for {config.own_address} and open on this machine only"]
    if host == "localhost" or host.endswith(".localhost") or host.startswith("127.") or host == "::1":
        return [f"public_url is {config.public_url}: links open on this machine only"]
    return []


def _missing(config: Config) -> list[str]:
    found = []
    for apps, what in WHAT:
        if gone := [app for app in apps if config.app_address(app) is None]:
            found.append(f"no web app for {', '.join(gone)} (web.hosts, web.ports or apps): {what}")
    return found


def _builds(config: Config) -> list[str]:
    found = []
    served = {*service.hosts(config).values(), *service.ports(config)}
    for app in (app for app in APPS if app in served):
        folder = service.apps_dir(config) / app
        try:
            builds.read(folder)
        except NoBuild as e:
            found.append(f"{config.app_address(app)} answers 404: {e}; `darkroom web add FILE.zip --app {app}` installs one")
            continue
        asked = builds.endpoint(folder, config.own_address)
        if asked is not None and asked != config.own_address:
            found.append(f"{config.app_address(app)}: the {app} app was built for {asked}, not for {config.own_address}")
    return found
