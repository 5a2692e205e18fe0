"""What `darkroom doctor` finds on this machine: database, folders, disk, limits, options that do not go together."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from ..kernel import secrets_file
from ..kernel.config import Config, format_size
from ..kernel.config_sources import ConfigError
from ..web import links
from . import certificates, folder

FILES = 4096
FREE = 2 << 30
SOON = 14  # days before its end in which a certificate should have been renewed
Verdict = Literal["ok", "warn", "fail", "skip"]
RELEASED = 1_785_000_000  # a clock before this server was made is wrong


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it is, what was seen, what to do. `kind`: `what` without names of this installation, where it has some:
    a report has nothing else but the verdict."""

    what: str
    verdict: Verdict
    say: str = ""
    do: str = ""
    kind: str = ""


def examine(config: Config) -> Iterator[Finding]:
    data = config.data_dir.expanduser().absolute()
    yield from _folders(data)
    yield from _database(config, data)
    yield _space(data)
    yield _files()
    yield _clock()
    yield from _certificate_files(config)
    yield from _options(config)


def _folders(data: Path) -> Iterator[Finding]:
    if not data.is_dir():
        yield Finding("data folder", "fail", f"{data} is not there", "run `darkroom serve` once, or name the folder with --data-dir")
        return
    for path, wanted in ((data, 0o700), (data / secrets_file.NAME, 0o600)):
        what = "mode of the data folder" if path == data else f"mode of {path.name}"
        if not path.exists():
            yield Finding(what, "skip", "not there yet")
            continue
        info = path.stat()
        mode = stat.S_IMODE(info.st_mode)
        if mode & 0o077:
            yield Finding(what, "fail", f"{mode:o}: others on this machine can read it", f"chmod {wanted:o} {path}")
        elif info.st_uid != os.geteuid():
            yield Finding(what, "warn", f"belongs to user {info.st_uid}, this is {os.geteuid()}", "run this as the server's user")
        else:
            yield Finding(what, "ok", f"{mode:o}")


def _database(config: Config, data: Path) -> Iterator[Finding]:
    if config.database.url is not None:
        yield Finding("database", "skip", "PostgreSQL: ask it with `psql` and its own tools")
        return
    version = tuple(map(int, sqlite3.sqlite_version.split(".")))
    reset = "" if version >= (3, 51, 3) else "; its WAL-reset bug needs two writers, and this server has one"
    yield Finding("SQLite", "ok" if version >= (3, 35) else "fail", sqlite3.sqlite_version + reset, "" if version >= (3, 35) else "3.35 is needed")
    path = data / folder.DATABASE
    if not path.exists():
        yield Finding("database", "skip", "there is none yet")
        return
    try:
        yield _integrity(path)
    except sqlite3.Error as e:
        yield Finding("database", "fail", str(e), "stop the server, copy the folder, and put the last good backup back")


def _integrity(path: Path) -> Finding:
    """Reads only: a second process must not write or checkpoint this file."""
    db = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        said = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        mode = db.execute("PRAGMA journal_mode").fetchone()[0]
    finally:
        db.close()
    wal = path.with_name(path.name + "-wal")
    size = wal.stat().st_size if wal.exists() else 0
    if said != "ok":
        return Finding("database", "fail", said, "stop the server, copy the folder, and put the last good backup back")
    if mode != "wal":
        return Finding("database", "warn", f"journal mode {mode}", "start the server once: it switches to WAL")
    if size > 1 << 30:
        return Finding("database", "warn", f"the WAL has {format_size(size, exact=False)}", "a reader holds it back: restart the server")
    return Finding("database", "ok", f"whole; {format_size(path.stat().st_size, exact=False)}, WAL {format_size(size, exact=False)}")


def _space(data: Path) -> Finding:
    there = next(p for p in (data, *data.parents) if p.exists())
    usage = shutil.disk_usage(there)
    free = format_size(usage.free, exact=False)
    if usage.free < FREE or usage.free < usage.total // 50:
        return Finding("disk", "fail" if usage.free < FREE // 4 else "warn", f"{free} free", "make room, or a larger disk (storage.path)")
    return Finding("disk", "ok", f"{free} free of {format_size(usage.total, exact=False)}")


def _files() -> Finding:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < FILES:
        return Finding("open files", "warn", f"at most {most}", f"at least {FILES}: LimitNOFILE= of systemd, --ulimit of containers")
    return Finding("open files", "ok", "no limit" if most == resource.RLIM_INFINITY else f"up to {most}")


def _clock() -> Finding:
    now = time.time()
    if now < RELEASED:
        return Finding("clock", "fail", time.strftime("%Y-%m-%d", time.gmtime(now)), "set it, and let NTP keep it: links and codes end by it")
    return Finding("clock", "ok", time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(now)))


def _certificate_files(config: Config) -> Iterator[Finding]:
    """Those of `http.tls_cert`: that they fit, and how long they are good for."""
    if config.http.tls_cert is None:
        return
    from cryptography import x509

    try:
        certificates.check(config.http)
        chain = x509.load_pem_x509_certificates(config.http.tls_cert.expanduser().read_bytes())
    except (ConfigError, OSError, ValueError) as e:
        yield Finding("certificate files", "fail", str(e), "http.tls_cert: the whole chain in PEM, http.tls_key: its key, both readable here")
        return
    left = (min(c.not_valid_after_utc for c in chain).timestamp() - time.time()) / 86_400
    verdict: Verdict = "fail" if left < 0 else "warn" if left < SOON else "ok"
    yield Finding("certificate files", verdict, f"good for {left:.0f} more days", "renew them: the server takes new files up" if left < SOON else "")


def _options(config: Config) -> Iterator[Finding]:
    for suffix in config.otp.fixed:
        yield Finding("otp.fixed", "fail", f"anybody can log in as any address ending in {suffix}", "remove it: it is for tests")
    host = urlsplit(config.accounts_app).hostname or ""
    if host == config.rp_id or host.endswith(f".{config.rp_id}"):
        yield Finding("passkeys", "ok", f"belong to {config.rp_id}")
    else:
        yield Finding("passkeys", "fail", f"belong to {config.rp_id}, but their page is at {host}", "passkeys.rp_id: that host or above")
    lost = links.notes(config)
    yield from (Finding("web apps", "warn", text) for text in lost)
    if not lost:
        yield Finding("web apps", "ok")
    if config.registration.mode == "open" and config.public_url and not urlsplit(config.public_url).netloc.startswith(("127.", "localhost")):
        yield Finding("registration", "warn", "open: strangers can sign up", 'registration.mode = "invite"')
    else:
        yield Finding("registration", "ok", config.registration.mode)
