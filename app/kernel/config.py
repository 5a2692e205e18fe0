"""Every option of the server in one typed table: name, type, default, and the text that documentation prints.

Values come from the TOML file, then the environment (`DARKROOM_SECTION_KEY`, `…_FILE` for secrets), then flags: `app.config_sources`.
Nothing here reads a file or the environment.
"""

from __future__ import annotations

import ipaddress
import re
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator

from .config_domains import CustomDomains
from .config_limits import Limit, Limits
from .config_section import LARGEST, Section, Size, format_size, parse_size
from .config_web import APPS, Apps, Web, WebHosts, WebPorts


class Http(Section):
    listen: str = Field("127.0.0.1", description='Address to listen on; "0.0.0.0" for every interface.')
    port: int = Field(8080, ge=1, le=65535, description="Port to listen on.")
    trusted_proxies: tuple[str, ...] = Field(
        (), description="Addresses or networks whose X-Forwarded-For is believed; from all others it is ignored."
    )

    tls_cert: Path | None = Field(
        None,
        description="Certificate (PEM, with its chain) for HTTPS without a proxy: plain HTTP is gone then. A new file is taken up by itself.",
        examples=["/etc/letsencrypt/live/photos.example.org/fullchain.pem"],
    )
    tls_key: Path | None = Field(
        None, description="Its key (PEM, without a password).", examples=["/etc/letsencrypt/live/photos.example.org/privkey.pem"]
    )

    @model_validator(mode="after")
    def _both(self) -> Http:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key go together")
        return self

    @property
    def scheme(self) -> str:
        return "http" if self.tls_cert is None else "https"

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
    tolerance: Size = Field("50MiB", description="How far one sized request may pass the limit; museum's clients count on it.")  # type: ignore[assignment]  # the validator turns the text into bytes
    pending: Size = Field(0, description="Bytes per account uploaded but not committed; 0: as much as quota and tolerance. The oldest go first.")
    deleted: Size = Field(
        0,
        description="Bytes per account that were deleted and wait for `trash.deletion_grace_days`; 0: as much as quota and tolerance. "
        "The oldest go first.",
    )
    texts: Size = Field(  # type: ignore[assignment]  # the validator turns the text into bytes
        "2GiB",
        description="Text that an account may keep in the database: encrypted names, metadata, records, comments. A photo takes up about 1 KiB; "
        "0 means unlimited.",
    )
    reserve: Size | None = Field(
        None,
        description="Room on the disk that objects never take, so that log-in and deleting work; by default 1 % of it or 512 MiB, the larger.",
        examples=["2GiB"],
    )
    max_file: Size = Field("10GiB", description="Largest single file, encrypted.")  # type: ignore[assignment]  # the validator turns the text into bytes


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
    rate: Size = Field("20MiB", description="Bytes a second that copying and checking read, in each process; 0: as fast as it goes.")  # type: ignore[assignment]  # the validator turns the text into bytes
    scrub_days: int = Field(90, ge=0, description="Days in which every object is read once and compared with what is known of it; 0: never.")


class Trash(Section):
    retention_days: int = Field(30, ge=1, description="Days until files in the trash are deleted for good.")
    deletion_grace_days: int = Field(7, ge=0, description="Days that deleted bytes are kept before they are removed from the store.")
    scrub_days: int = Field(5, ge=0, description="Days after the bytes are gone until the encrypted metadata is blanked too.")


class Backup(Section):
    dir: str | None = Field(
        None,
        description="Folder, or s3://BUCKET/PREFIX, into which the server backs everything up by itself; without it, it does not.",
        examples=["/mnt/nas/darkroom"],
    )
    every_hours: int = Field(24, ge=1, description="Hours between two backups.")
    keep: int = Field(7, ge=1, description="Backups that are kept; the oldest go.")
    rate: Size = Field(0, description="Bytes a second that a backup sends to a bucket; 0: as fast as it goes.")
    passphrase: SecretStr | None = Field(None, description="Seals secrets.toml in backups; without it that file goes into no bucket.")
    endpoint: str | None = Field(None, description="s3: URL of the server that has the bucket.", examples=["https://s3.example.org"])
    region: str = Field("us-east-1", description="s3: region.")
    access_key: SecretStr | None = Field(None, description="s3: access key.")
    secret_key: SecretStr | None = Field(None, description="s3: secret key.")
    path_style: bool = Field(True, description="s3: bucket in the path instead of the host name.")


class Links(Section):
    collect_limit: Size = Field(10 << 30, description="Bytes that guests may bring through one link in a day; 0: as much as the owner's quota takes.")
    collect_files: int = Field(5000, ge=0, description="Photos and videos that guests may bring through one link in a day; 0: no bound.")
    words: int = Field(5000, ge=0, description="Comments, reactions and names that visitors may leave through one link in a day; 0: no bound.")


class Log(Section):
    level: Literal["debug", "info", "notice", "warning", "error"] = Field("info", description="Least severe level that is printed.")
    format: Literal["text", "json"] = Field("text", description="One line of text or one JSON object per event.")
    requests: bool = Field(False, description="A line for each request: method, path, status, time, id. At level debug there is one anyway.")
    file: Path | None = Field(
        None, description="File that the server's lines go to; without it the standard error output.", examples=["/var/log/darkroom/darkroom.log"]
    )
    file_size: Size = Field("10MiB", description="Size at which a new file is begun; 0: never, another program moves it away.")  # type: ignore[assignment]
    files: int = Field(5, ge=0, le=1000, description="Older files that are kept, as NAME.1 (the last one), NAME.2 …")


class Metrics(Section):
    """Figures for Prometheus (GET /metrics): nobody can ask for them until there is a port or a token."""

    port: int = Field(0, ge=0, le=65535, description="Port of a listener for figures alone; 0: none. With several workers, each takes the next one.")
    listen: str = Field("127.0.0.1", description="Address on which it listens: whoever reaches it may read the figures.")
    token: SecretStr | None = Field(
        None, min_length=16, description="Without a port: GET /metrics at the server's own address answers whoever brings this as a bearer token."
    )

    @property
    def on(self) -> bool:
        return bool(self.port or self.token)


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
    custom_domains: CustomDomains = CustomDomains()
    web: Web = Web()
    limits: Limits = Limits()
    log: Log = Log()
    metrics: Metrics = Metrics()

    @property
    def own_address(self) -> str:
        """Where this server is for those who get a link: `public_url`; while it is not set, this machine, as far as the options tell."""
        if self.public_url:
            return self.public_url
        listen = self.http.listen
        here = "localhost" if listen in ("127.0.0.1", "::1", "0.0.0.0", "::") else f"[{listen}]" if ":" in listen else listen  # noqa: S104  # compared
        return f"{self.http.scheme}://{here}:{self.http.port}"

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

    def app_page(self, app: str) -> str:
        """What the addresses begin with at which people use an app: its own, else those of this server's page that says what to do without it."""
        return self.app_address(app) or f"{self.own_address}/apps/{app}"

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

    @model_validator(mode="after")
    def _domains(self) -> Config:
        """Neither half of custom domains does anything alone."""
        if self.apps.custom_domain_cname and not self.custom_domains.any:
            raise ValueError("apps.custom_domain_cname: nobody may have a domain; set custom_domains.allowed or custom_domains.dns")
        if self.custom_domains.any and not self.apps.custom_domain_cname:
            raise ValueError("custom_domains: set apps.custom_domain_cname too, the host that domains point to")
        return self

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


__all__ = [
    "APPS",
    "LARGEST",
    "Accounts",
    "Admin",
    "Apps",
    "Backup",
    "Config",
    "CustomDomains",
    "Database",
    "Http",
    "Limit",
    "Limits",
    "Links",
    "Locker",
    "Log",
    "Mail",
    "Otp",
    "Passkeys",
    "Quota",
    "Registration",
    "Section",
    "Size",
    "Storage",
    "Tiers",
    "Trash",
    "Web",
    "WebHosts",
    "WebPorts",
    "format_size",
    "parse_size",
]
