"""`ls`, `get`, `put`, `import`, `export`: photos as files."""

from __future__ import annotations

import argparse
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from ..client.errors import ClientError
from ..client.shapes import File
from ..library import folders, media, vault
from ..library.folders import Done
from ..library.library import Library
from .account import load
from .bar import Bar


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Library]:
    """The library, up to date, with what an earlier run left on its way sent."""
    with vault.alone(folder):
        async with Library(folder, load(folder)) as library:
            if not library.link.read_only:
                for text in await library.resume():
                    print(text, file=sys.stderr)
            await library.sync()
            yield library


async def ls(args: argparse.Namespace, folder: Path) -> int:
    async with opened(folder) as library:
        if args.album is None:
            for album in sorted(library.albums.values(), key=lambda a: a.name.casefold()):
                print(f"{library.facts.count_in(album.id):>8,}  {album.name}")
            return 0
        for file in _files(library, args.album):
            when = datetime.fromtimestamp(file.taken / 1e6, UTC).strftime("%Y-%m-%d %H:%M")
            print(f"{file.id:>12}  {when}  {file.title}")
    return 0


def _files(library: Library, name: str) -> list[File]:
    found = [album for album in library.albums.values() if album.name == name]
    if not found:
        raise ClientError(f"there is no album {name!r}")
    return [file for album in found for file in library.in_album(album.id)]


async def get(args: argparse.Namespace, folder: Path) -> int:
    async with opened(folder) as library:
        if args.id not in library.photos:
            raise ClientError(f"there is no file {args.id}: `darkroom bridge ls ALBUM` shows them")
        file = library.photos[args.id].file
        target: Path = args.to or Path(folders.safe(file.title))
        if target.exists():
            raise ClientError(f"{target} is there")
        part = target.with_name(f".{target.name}.part")
        try:
            with part.open("wb") as out:
                async for piece in library.content(file):
                    out.write(piece)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        print(target)
    return 0


async def put(args: argparse.Namespace, folder: Path) -> int:
    for path in args.files:
        if media.kind_of(path.name) is None or not path.is_file() or path.stat().st_size == 0:
            raise ClientError(f"{path} is no picture and no video")
    async with opened(folder) as library:
        album = await library.album_named(args.album)
        with Bar() as tell:
            for count, path in enumerate(args.files, 1):
                with path.open("rb") as content:
                    made = await library.put(content, folders.said_of(path), album)
                tell(path.name, count, len(args.files))
                print(f"{made.id:>12}  {path}{' (was there)' if made.duplicate else ''}")
    return 0


async def import_(args: argparse.Namespace, folder: Path) -> int:
    if not args.folder.is_dir():
        raise ClientError(f"{args.folder} is no folder")
    async with opened(folder) as library:
        with Bar() as tell:
            done = await folders.import_folder(library, args.folder, tell)
    return _say(done, "uploaded", "were there")


async def export(args: argparse.Namespace, folder: Path) -> int:
    async with opened(folder) as library:
        with Bar() as tell:
            done = await folders.export(library, args.folder, tell)
        for text in sorted(library.damaged):
            done.fail(text)
    return _say(done, "written", "were there")


def _say(done: Done, new: str, old: str) -> int:
    print(f"{done.written:,} {new}, {done.there:,} {old}")
    for text in done.failed or ():
        print(text, file=sys.stderr)
    return 1 if done.failed else 0
