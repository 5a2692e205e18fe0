"""`link`, `status`, `unlink`: the account that this folder belongs to."""

from __future__ import annotations

import argparse
import contextlib
import getpass
import os
import sys
from pathlib import Path

from ..client import crypto
from ..client.connection import Connection
from ..client.errors import ClientError
from ..client.login import Asker, log_in
from ..library import vault
from ..library.library import Library

PASSWORD, PASSPHRASE = "DARKROOM_BRIDGE_PASSWORD", "DARKROOM_BRIDGE_PASSPHRASE"


async def link(args: argparse.Namespace, folder: Path) -> int:
    """Asks what only the person has, and keeps what the account gave."""
    password = os.environ.get(PASSWORD) or getpass.getpass(f"Password of {args.email}: ")
    ask = Asker(lambda: input(f"Code that was sent to {args.email}: "), lambda: input("Code of the authenticator: "))
    with vault.alone(folder):
        if (folder / "vault.json").exists():
            raise ClientError(f"an account is linked in {folder}: `darkroom bridge unlink` first")
        async with Connection(args.url) as connection:
            keys = await log_in(connection, args.email, password, ask)
            made = vault.Link(args.url, args.email, connection.token, args.read_only, keys, crypto.random_key())
        vault.save(folder, made, _new_passphrase() if args.passphrase else "")
    print(f"linked {args.email}{' for reading only' if args.read_only else ''}")
    return 0


def _new_passphrase() -> str:
    given = os.environ.get(PASSPHRASE) or getpass.getpass("A passphrase for this folder: ")
    if not given:
        raise ClientError("an empty passphrase protects nothing")
    return given


def load(folder: Path) -> vault.Link:
    """The linked account; asks for the passphrase where there is one."""
    passphrase = ""
    if vault.needs_passphrase(folder):
        passphrase = os.environ.get(PASSPHRASE) or getpass.getpass("Passphrase of this folder: ")
    return vault.load(folder, passphrase)


async def status(args: argparse.Namespace, folder: Path) -> int:
    held = load(folder)
    with vault.alone(folder):
        async with Library(folder, held) as library:
            print(f"{held.email} at {held.url}{', for reading only' if held.read_only else ''}")
            problem = ""
            try:
                await library.sync()
            except ClientError as e:
                problem = str(e)
            print(f"{len(library.photos):,} photos and videos in {len(library.albums):,} albums, {len(library.trashed):,} in the trash")
            print(f"{len(library.queue.waiting()):,} uploads wait")
            for text in sorted(library.damaged):
                print(f"unreadable: {text}")
            if problem:
                print(f"not up to date: {problem}", file=sys.stderr)
    return 1 if problem else 0


async def unlink(args: argparse.Namespace, folder: Path) -> int:
    """Ends the session at the server where it can be reached, and forgets keys and index."""
    held = load(folder)
    with vault.alone(folder):
        async with Library(folder, held) as library:
            if (waiting := len(library.queue.waiting())) and not args.force:
                raise ClientError(f"{waiting} uploads have not reached the server: run `darkroom bridge status`, or unlink --force loses them")
        async with Connection(held.url, token=held.token, waits=()) as connection:
            with contextlib.suppress(ClientError):
                await connection.post("/users/logout")
        vault.remove(folder)
        for path in (*folder.glob("*.sqlite*"), *(folder / "spool").glob("*")):
            path.unlink(missing_ok=True)
    print(f"unlinked {held.email}")
    return 0
