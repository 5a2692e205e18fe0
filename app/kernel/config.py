"""Every option of the server in one typed table: name, type, default, and the text that documentation prints.

Values come from the TOML file, then the environment (`DARKROOM_SECTION_KEY`, `…_FILE` for secrets), then flags: `app.config_sources`.
Nothing here reads a file or the environment.
"""

from __future__ import annotations

import ipaddress
import re
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationInfo, field_validator, model_validator

_UNITS = {"": 1, "b": 1, "kb": 1000, "mb": 1000**2, "gb": 1000**3, "tb": 1000**4,
          "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40}  # fmt: skip


def parse_size(value: object) -> object:
    """`"10GiB"`, `"500 MB"` or a number of bytes, to bytes."""
    if isinstance(value, str):
        m = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", value)
        if not m or m[2].lower() not in _UNITS:
            raise ValueError('should be a number of bytes or a text like "10GiB"')
        return int(float(m[1]) * _UNITS[m[2].lower()])
    if type(value) is not int:
        raise ValueError('should be a number of bytes or a text like "10GiB"')
    return value


def format_size(size: int, *, exact: bool = True) -> str:
    """Bytes as a text that `parse_size` reads: "10GiB", or "1.4GiB" for 1,503,238,553 when it need not be exact."""
    for unit in ("TiB", "TB", "GiB", "GB", "MiB", "MB", "KiB", "kB") if exact else ("TiB", "GiB", "MiB", "KiB"):
        whole = _UNITS[unit.lower()]
        if size >= whole and not (exact and size % whole):
            return f"{size // whole}{unit}" if size % whole == 0 else f"{size / whole:.1f}{unit}"
    return str(size) if exact else f"{size}B"


LARGEST = 1 << 52  # bytes: what every client and both engines count exactly
Size = Annotated[int, BeforeValidator(parse_size), Field(ge=0, le=LARGEST)]
"""Bytes; written as a number or as "10GiB"."""


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    @field_validator("*", mode="before")
    @classmethod
    def _as_written(cls, value: object, info: ValidationInfo) -> object:
        """No guessing: the text "8080" is no port, `true` is no number, 1 is no yes."""
        field = cls.model_fields[info.field_name or ""]
        if (
            field.annotation in (int, bool)
            and type(value) is not field.annotation
            and not any(isinstance(m, BeforeValidator) for m in field.metadata)
        ):
            raise ValueError("should be a whole number" if field.annotation is int else "should be true or false")
        return value


class Http(Section):
    listen: str = Field("127.0.0.1", description='Address to listen on; "0.0.0.0" for every interface.')
    port: int = Field(8080, ge=1, le=65535, description="Port to listen on.")
    trusted_proxies: tuple[str, ...] = Field(
        (), description="Addresses or networks whose X-Forwarded-For is believed; from all others it is ignored."
    )

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, v: tuple[str, ...]) -> tuple[str, ...]:
        for text in v:
            ipaddress.ip_network(text, strict=False)  # its error says what is wrong
        return v

    workers: int = Field(1, ge=1, le=64, description="Server processes. More than one needs PostgreSQL.")
    connections: int = Field(0, ge=0, description="Connections at once; 0: as many as the limit of open files allows, at most 16384.")
    connections_per_address: int = Field(
        256,
        ge=16,
        description="Connections of one address (IPv6: one /64, four times as many for a /48), and requests in flight of one client "
        "behind a trusted proxy. Those that do nothing give way first.",
    )
    max_body: Size = Field(16 << 20, description="Largest JSON request body of who is logged in; of others, 256 KiB at most.")


def _by_name(value: object) -> object:
    """`registration = "invite"` is short for its mode."""
    return {"mode": value} if isinstance(value, str) else value


class Registration(Section):
    mode: Literal["first", "open", "invite", "closed"] = Field(
        "first",
        description="Who may sign up: anybody until there is one account and by invitation from then on (first), anybody (open), only addresses "
        "invited with `darkroom user invite` (invite), or nobody (closed).",
    )
    domains: tuple[str, ...] = Field(
        (), description="Addresses of these domains may sign up without an invitation, unless registration is closed.", examples=[["example.org"]]
    )

    @field_validator("domains")
    @classmethod
    def _spelled(cls, v: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(d.strip().lower().removeprefix("@") for d in v)


class Accounts(Section):
    password_login: bool = Field(
        False,
        description="POST /users/login with the password itself, for scripts and development. The server then sees a password that opens the "
        "account's keys: SECURITY.md. The apps never need it.",
    )


class Otp(Section):
    fixed: dict[str, str] = Field(
        default_factory=dict, description='For tests only: e-mail suffix to fixed code, e.g. {"@example.org" = "123456"}. Loud at start.'
    )


class Mail(Section):
    """The mail server that takes what people are sent. Without it codes are in the log and `darkroom ott` shows them."""

    host: str = Field("", description="Mail server (SMTP); empty: no mail is sent.", examples=["smtp.example.org"])
    port: int = Field(587, ge=1, le=65535, description="Its port: 587 for STARTTLS, 465 for TLS.")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the connection is protected. none: not at all, for a mail server on this machine only."
    )
    username: str = Field("", description="User name at the mail server; empty: without logging in.")
    password: SecretStr | None = Field(None, description="Password at the mail server.")
    sender: str = Field("", description='From whom mail comes: "Darkroom <photos@example.org>". Needed with `mail.host`.')
    timeout: int = Field(15, ge=1, le=120, description="Seconds that the mail server may take.")

    @property
    def sender_name(self) -> str:
        return parseaddr(self.sender)[0]

    @property
    def sender_address(self) -> str:
        return parseaddr(self.sender)[1]

    @model_validator(mode="after")
    def _complete(self) -> Mail:
        if self.host and (not re.fullmatch(r"[^\s@<>]+@[^\s@<>]+", self.sender_address) or not self.sender.isprintable()):
            raise ValueError('sender should be like "Darkroom <photos@example.org>"')
        return self


class Quota(Section):
    default: Size = Field("10GiB", description="Storage of each account without an own quota; 0 means unlimited.")  # type: ignore[assignment]  # the validator turns the text into bytes
    tolerance: Size = Field("50MiB", description="How far one sized request may pass the limit; museum's clients count on it.")  # type: ignore[assignment]
    pending: Size = Field(0, description="Bytes per account uploaded but not committed; 0: as much as quota and tolerance. The oldest go first.")
    reserve: Size | None = Field(
        None,
        description="Room on the disk that objects never take, so that log-in and deleting work; by default 1 % of it or 512 MiB, the larger.",
        examples=["2GiB"],
    )
    max_file: Size = Field("10GiB", description="Largest single file, encrypted.")  # type: ignore[assignment]


class Admin(Section):
    users: tuple[str, ...] = Field(
        (), description="Accounts that may call the administrators' routes (`/admin/…`, `/storage/admin/…`): e-mail addresses or account numbers."
    )


class Locker(Section):
    files: int = Field(0, ge=0, description="Files an account may keep in Locker; 0 means unlimited.")
    storage: Size = Field(0, description="Bytes an account may keep in Locker; 0 means unlimited.")


class Passkeys(Section):
    """Which pages may use a passkey. Without a word those of the accounts app; while there is none, those of this server."""

    rp_id: str | None = Field(
        None,
        description="Domain that passkeys belong to; that of the accounts app, or one above it. Without it the accounts app's host. "
        "A change makes every passkey useless.",
        examples=["example.org"],
    )
    origins: tuple[str, ...] = Field((), description="Origins of the pages that ask for passkeys. Without them the accounts app's.")


class Database(Section):
    url: SecretStr | None = Field(
        None,
        description="postgresql://… to use PostgreSQL; without it a SQLite file in the data folder.",
        examples=["postgresql://darkroom@localhost/darkroom"],
    )
    pool: int = Field(16, ge=2, le=256, description="Connections to PostgreSQL per process.")

    @field_validator("url")
    @classmethod
    def _postgres(cls, v: SecretStr | None) -> SecretStr | None:
        if v is not None and not v.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("should begin with postgresql://")
        return v


class Storage(Section):
    name: str = Field("main", pattern=r"^[a-z0-9][a-z0-9-]{0,31}$", description="Name of the store in the database; never change it.")
    kind: Literal["filesystem", "s3", "sqlite", "memory"] = Field(
        "filesystem", description="filesystem, s3, sqlite (one file, for small objects; one process), or memory (lost at exit)."
    )
    path: Path | None = Field(
        None,
        description="filesystem: folder in which `objects` and `tmp` are made; sqlite: that of `objects.db`. Without it the data folder.",
        examples=["/srv/photos"],
    )
    endpoint: str | None = Field(None, description="s3: URL at which this server reaches the store.", examples=["http://127.0.0.1:9000"])
    public_endpoint: str | None = Field(
        None, description="s3: URL at which clients reach it, when that differs.", examples=["https://s3.example.org"]
    )
    bucket: str | None = Field(None, description="s3: bucket.", examples=["photos"])
    region: str = Field("us-east-1", description="s3: region.")
    access_key: SecretStr | None = Field(None, description="s3: access key.")
    secret_key: SecretStr | None = Field(None, description="s3: secret key.")
    path_style: bool = Field(True, description="s3: bucket in the path instead of the host name.")
    proxy: bool = Field(False, description="s3: bytes travel through this server's own address, clients never see the store.")
    role: Literal["primary", "copy", "archive"] = Field(
        "primary",
        description="primary: takes new objects, the first that has room; copy: gets every object until there are `tiers.copies`; "
        "archive: takes over originals older than `tiers.archive_after_days`.",
    )
    min_object: Size = Field(0, description="Smallest object that it takes.")
    max_object: Size = Field(0, description="Largest object that it takes; 0: any.")
    quota: Size = Field(0, description="Bytes that it takes in all; 0: as many as fit.")
    min_free: Size = Field(0, description="Bytes that stay free: below, new objects go to the next store.")


class Tiers(Section):
    copies: int = Field(1, ge=1, le=8, description="Copies of each object, the first one counted, in different stores.")
    archive_after_days: int = Field(0, ge=0, description="Days after which originals go to a store of the role archive; 0: never.")
    rate: Size = Field("20MiB", description="Bytes a second that copying and checking read, in each process; 0: as fast as it goes.")  # type: ignore[assignment]
    scrub_days: int = Field(90, ge=0, description="Days in which every object is read once and compared with what is known of it; 0: never.")


class Trash(Section):
    retention_days: int = Field(30, ge=1, description="Days until files in the trash are deleted for good.")
    deletion_grace_days: int = Field(7, ge=0, description="Days that deleted bytes are kept before they are removed from the store.")
    scrub_days: int = Field(5, ge=0, description="Days after the bytes are gone until the encrypted metadata is blanked too.")


class Backup(Section):
    dir: Path | None = Field(
        None, description="Folder into which the server backs everything up by itself; without it, it does not.", examples=["/mnt/nas/darkroom"]
    )
    every_hours: int = Field(24, ge=1, description="Hours between two backups.")
    keep: int = Field(7, ge=1, description="Backups that are kept; the oldest go.")


class Links(Section):
    collect_limit: Size = Field(10 << 30, description="Bytes that guests may bring through one link in a day; 0: as much as the owner's quota takes.")


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
    custom_domain_cname: str = Field("", description="Host that custom album domains point to by CNAME; empty: not offered.")

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


class Limit(Section):
    count: int = Field(ge=0, description="Requests allowed per window; 0 switches the limit off.")
    seconds: int = Field(ge=1, description="Length of the window.")


def _limit(count: int, seconds: int) -> Limit:
    return Limit(count=count, seconds=seconds)


class Limits(Section):
    """accounts.md §6: budgets per account or client address, never one for all, so that nobody can lock out the others."""

    @field_validator("*", mode="before")
    @classmethod
    def _rest_by_default(cls, value: object, info: ValidationInfo) -> object:
        """A limit of which only one half is given keeps the other."""
        default = cls.model_fields[info.field_name or ""].default
        return {**default.model_dump(), **value} if isinstance(value, dict) and isinstance(default, Limit) else value

    sensitive: Limit = Field(
        _limit(10, 60), description="Each sign-in route (codes, SRP, second factors), per account or address. Survives a restart."
    )
    codes_per_address: Limit = Field(_limit(30, 600), description="E-mail codes asked for from one address. Survives a restart.")
    probes: Limit = Field(_limit(100, 3600), description="Answers per client address that tell whether an account exists. Survives a restart.")
    link_password: Limit = Field(_limit(10, 60), description="Password tries on a public link, per address. Survives a restart.")
    guesses: Limit = Field(_limit(50, 3600), description="Wrong passwords and codes at one account, from one network. Survives a restart.")
    guesses_total: Limit = Field(_limit(300, 86_400), description="Wrong codes at one account, from all networks together. Survives a restart.")
    public_key: Limit = Field(_limit(200, 60), description="Requests for other people's public keys, per account.")
    lookups: Limit = Field(
        _limit(50, 86_400), description="Different addresses that one account may look up, to share or invite. Survives a restart."
    )
    unknown_lookups: Limit = Field(_limit(10, 86_400), description="Of these, addresses that have no account. Survives a restart.")
    bulk_sharing: Limit = Field(_limit(60, 60), description="Shares of many albums or with many people at once, per route and account.")
    upload_urls: Limit = Field(_limit(3000, 10), description="Upload URL requests per route and account.")
    custom_domain: Limit = Field(_limit(500, 60), description="Questions whether a custom domain is claimed, per address.")
    preview: Limit = Field(_limit(700, 1), description="Thumbnail requests per account.")
    guest_uploads: Limit = Field(_limit(250, 60), description="Uploads of guests, per link and route.")
    public_words: Limit = Field(_limit(200, 60), description="Comments and reactions of visitors of a link, per address and route.")
    cast_codes: Limit = Field(_limit(120, 60), description="Looking at a TV's code, per address or account and route.")
    paste: Limit = Field(_limit(200, 60), description="Openings of one-time pastes, per address.")
    health: Limit = Field(_limit(300, 60), description="Health questions that reach the database or the stores, per address.")
    address: Limit = Field(_limit(1000, 1), description="Every request, per client address.")


class Log(Section):
    level: Literal["debug", "info", "notice", "warning", "error"] = Field("info", description="Least severe level that is printed.")
    format: Literal["text", "json"] = Field("text", description="One line of text or one JSON object per event.")


class Config(Section):
    """The whole configuration. Unknown keys are errors."""

    data_dir: Path = Field(Path("darkroom-data"), description="Folder for the database, objects, temporary files and secrets.")
    public_url: str | None = Field(
        None,
        description="URL at which clients reach this server; without it the address of each request is used for object URLs.",
        examples=["https://photos.example.org"],
    )
    http: Http = Http()
    registration: Annotated[Registration, BeforeValidator(_by_name)] = Registration()
    accounts: Accounts = Accounts()
    otp: Otp = Otp()
    mail: Mail = Mail()
    quota: Quota = Quota()
    admin: Admin = Admin()
    locker: Locker = Locker()
    passkeys: Passkeys = Passkeys()
    database: Database = Database()
    storage: tuple[Storage, ...] = Field((Storage(),), min_length=1, description="Object stores; the first primary takes new objects.")
    tiers: Tiers = Tiers()
    trash: Trash = Trash()
    backup: Backup = Backup()
    links: Links = Links()
    apps: Apps = Apps()
    web: Web = Web()
    limits: Limits = Limits()
    log: Log = Log()

    @property
    def own_address(self) -> str:
        """Where this server is for those who get a link: `public_url`; while it is not set, this machine, as far as the options tell."""
        if self.public_url:
            return self.public_url
        listen = self.http.listen
        here = "localhost" if listen in ("127.0.0.1", "::1", "0.0.0.0", "::") else f"[{listen}]" if ":" in listen else listen  # noqa: S104  # compared
        return f"http://{here}:{self.http.port}"

    def app_address(self, app: str) -> str | None:
        """Where a web app is, without a slash at the end: as configured, or where it is served; None where there is none."""
        if told := getattr(self.apps, app, ""):
            return str(told)
        own = urlsplit(self.own_address)
        if host := getattr(self.web.hosts, app):
            return f"{own.scheme}://{host}" + (f":{own.port}" if own.port and ":" not in host else "")
        if port := getattr(self.web.ports, app):
            name = own.hostname or "localhost"
            return f"{own.scheme}://{f'[{name}]' if ':' in name else name}:{port}"
        return None

    def app_url(self, app: str) -> str:
        """What links to an app begin with: its address, else this server's own, where a page says how to go on (`app.web`)."""
        return self.app_address(app) or self.own_address

    @property
    def accounts_app(self) -> str:
        """Where the accounts app is, for passkeys."""
        return self.app_url("accounts")

    @property
    def rp_id(self) -> str:
        """The domain that passkeys belong to (WebAuthn relying party)."""
        return self.passkeys.rp_id or urlsplit(self.accounts_app).hostname or "localhost"

    @property
    def passkey_origins(self) -> tuple[str, ...]:
        """Scheme, host and port of the pages that may use a passkey, in lower case."""
        pages = self.passkeys.origins or (self.accounts_app,)
        return tuple(f"{u.scheme}://{u.netloc}".lower() for u in map(urlsplit, pages))

    @field_validator("storage")
    @classmethod
    def _stores(cls, v: tuple[Storage, ...]) -> tuple[Storage, ...]:
        if len({s.name for s in v}) != len(v):
            raise ValueError("two stores have the same name")
        if all(s.role != "primary" for s in v):
            raise ValueError('no store has role = "primary", so nothing could be uploaded')
        return v

    @field_validator("public_url")
    @classmethod
    def _url(cls, v: str | None) -> str | None:
        if v is not None and not re.fullmatch(r"https?://[^/\s?#@]+(/[^\s?#]*)?", v):
            raise ValueError("should be an http:// or https:// URL without query, fragment or blanks")
        return v.rstrip("/") if v else v
