"""`darkroom bridge`: a client of an Ente-compatible server on its owner's machine (docs/bridge.md).

Exit status: 0 done, 1 it could not be done or not all of it, 2 the command line is wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

from .cli import account, photos, serve
from .client.errors import ClientError


def default_folder() -> Path:
    if given := os.environ.get("DARKROOM_BRIDGE_DIR"):
        return Path(given)
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "darkroom-bridge"


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="darkroom bridge", description="Photos of an end-to-end-encrypted account as plain files, on your own machine."
    )
    made.add_argument(
        "--dir", type=Path, default=default_folder(), metavar="DIR", help="where keys, index and waiting uploads are (default: %(default)s)"
    )
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    sub = commands.add_parser("link", help="log in once and keep the keys of the account")
    sub.set_defaults(run=account.link)
    sub.add_argument("url", metavar="URL", help="address of the server")
    sub.add_argument("email", metavar="EMAIL")
    sub.add_argument("--read-only", action="store_true", help="never write to the account, whatever is asked")
    sub.add_argument("--passphrase", action="store_true", help="seal the keys with a passphrase instead of a key file")
    commands.add_parser("status", help="what is linked, and whether it is up to date").set_defaults(run=account.status)
    sub = commands.add_parser("unlink", help="end the session and forget the account")
    sub.set_defaults(run=account.unlink)
    sub.add_argument("--force", action="store_true", help="lose uploads that have not reached the server")
    sub = commands.add_parser("ls", help="albums, or the files of one")
    sub.set_defaults(run=photos.ls)
    sub.add_argument("album", nargs="?", metavar="ALBUM")
    sub = commands.add_parser("get", help="one file in the clear")
    sub.set_defaults(run=photos.get)
    sub.add_argument("id", type=int, metavar="ID")
    sub.add_argument("to", type=Path, nargs="?", metavar="PATH")
    sub = commands.add_parser("put", help="upload files")
    sub.set_defaults(run=photos.put)
    sub.add_argument("files", type=Path, nargs="+", metavar="FILE")
    sub.add_argument("--album", required=True, metavar="ALBUM")
    for name, run, text in (
        ("import", photos.import_, "upload a folder: its folders become albums, metadata of Google Takeout is read"),
        ("export", photos.export, "write every album as a folder of plain files; goes on where it stopped"),
    ):
        sub = commands.add_parser(name, help=text)
        sub.set_defaults(run=run)
        sub.add_argument("folder", type=Path, metavar="DIR")
    serve.add_commands(commands)
    return made


def main(argv: list[str] | None = None) -> int:
    args = parser().parse_args(argv)
    os.umask(0o077)
    try:
        return int(asyncio.run(args.run(args, args.dir)))
    except (ClientError, OSError) as e:
        print(f"darkroom bridge: {e}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
