"""Options of the web apps: where they are, and those that this process serves. Read through `app.kernel.config`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from .config_section import Section

APPS = ("photos", "albums", "accounts", "auth", "cast", "share", "memories", "embed", "locker", "paste", "family", "legacy")
"""Web apps that are built for the root of a host of their own."""


def _app(what: str) -> Any:
    return Field("", description=f"URL of the {what}. Empty: where `web` serves it, else this server's own address.")


class Apps(Section):
    """Where the web apps are, for those that something else serves."""

    accounts: str = _app("accounts web app (passkeys)")
    albums: str = _app("public albums web app")
    cast: str = _app("cast web app")
    share: str = _app("Locker share web app")
    embed: str = _app("embed web app")
    family: str = _app("family web app")
    paste: str = _app("paste web app")
    memories: str = _app("memories web app")
    legacy: str = _app("legacy web app, printed on recovery kits")
    custom_domain_cname: str = Field(
        "",
        description="Host that custom album domains point to by CNAME; empty: not offered. Needs `custom_domains`.",
        examples=["albums.example.org"],
    )

    @field_validator("*")
    @classmethod
    def _no_slash(cls, v: str) -> str:
        return v.rstrip("/")


def _host(app: str) -> Any:
    return Field(
        "", description=f"Host name under which the {app} app is served.", pattern=r"^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?)?$"
    )


def _port(app: str) -> Any:
    return Field(0, ge=0, le=65535, description=f"Port on which the {app} app is served; 0: none.")


class WebHosts(Section):
    photos: str = _host("photos")
    albums: str = _host("albums")
    accounts: str = _host("accounts")
    auth: str = _host("auth")
    cast: str = _host("cast")
    share: str = _host("share")
    memories: str = _host("memories")
    embed: str = _host("embed")
    locker: str = _host("locker")
    paste: str = _host("paste")
    family: str = _host("family")
    legacy: str = _host("legacy")


class WebPorts(Section):
    photos: int = _port("photos")
    albums: int = _port("albums")
    accounts: int = _port("accounts")
    auth: int = _port("auth")
    cast: int = _port("cast")
    share: int = _port("share")
    memories: int = _port("memories")
    embed: int = _port("embed")
    locker: int = _port("locker")
    paste: int = _port("paste")
    family: int = _port("family")
    legacy: int = _port("legacy")


class Web(Section):
    """Web apps that this process serves: each has a host name or a port of its own, for they are built for the root of one."""

    apps_dir: Path | None = Field(
        None, description="Folder with one built web app in each subfolder; without it `web` in the data folder.", examples=["/srv/web"]
    )
    sources: tuple[str, ...] = Field(
        (), description="Origins beside this server from which the apps may load scripts, pictures and data; by default none."
    )
    hosts: WebHosts = WebHosts()
    ports: WebPorts = WebPorts()

    @field_validator("sources")
    @classmethod
    def _origins(cls, v: tuple[str, ...]) -> tuple[str, ...]:
        for text in v:
            if not re.fullmatch(r"https?://[A-Za-z0-9.*:\[\]-]+", text):
                raise ValueError("should be origins such as https://assets.example.org")
        return v

    @field_validator("hosts")
    @classmethod
    def _one_app_a_host(cls, v: WebHosts) -> WebHosts:
        given = [host.lower() for host in v.model_dump().values() if host]
        if len(set(given)) != len(given):
            raise ValueError("two apps have the same host")
        return v

    @field_validator("ports")
    @classmethod
    def _one_app_a_port(cls, v: WebPorts) -> WebPorts:
        given = [port for port in v.model_dump().values() if port]
        if len(set(given)) != len(given):
            raise ValueError("two apps have the same port")
        return v
