"""Multipart uploads in a folder: `mp/<upload id>.<hash of the key>/<number>.<md5>`, one file a part. Synchronous.

The key's hash in the name binds an id to its key; a part's name says its content, so a part cannot change under a completion.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

from storage_backends.disk import FOLDER_MODE, TempFile, remove_quietly, remove_tree, sync_folder, translated
from storage_backends.errors import BadLength, InvalidPart, NoSuchUpload, NotFound
from storage_backends.keys import check_parts

_UPLOAD_ID = re.compile(r"[0-9A-Za-z]{16,64}")


class MultipartFolder:
    """The unfinished uploads of one store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def create(self, key: str, upload_id: str) -> None:
        with translated("create an upload"):
            os.mkdir(self._place(key, upload_id), FOLDER_MODE)
            sync_folder(self.folder)

    def find(self, key: str, upload_id: str) -> Path:
        """The upload's folder, or `NoSuchUpload`."""
        folder = self._place(key, upload_id)
        if not folder.is_dir():
            raise _unknown(key)
        return folder

    def add(self, folder: Path, key: str, number: int, temp: TempFile) -> None:
        """Give a sealed file its part's name; an earlier part of that number goes.

        The old ones are listed before the rename: of two equal numbers arriving at once, neither removes the other.
        """
        name = f"{number}.{temp.md5.hex()}"
        try:
            with translated("store a part"):
                old = [entry for entry in os.listdir(folder) if entry.startswith(f"{number}.") and entry != name]
                os.rename(temp.path, folder / name)
                for entry in old:
                    remove_quietly(folder / entry)
                sync_folder(folder)
        except NotFound as error:
            raise _unknown(key) from error

    def choose(self, folder: Path, parts: Sequence[tuple[int, str]], length: int | None) -> list[Path]:
        """The files of the listed parts. Raises `InvalidPart`, `BadLength`."""
        total = 0
        files: list[Path] = []
        for number, etag in check_parts(parts):
            file = folder / f"{number}.{etag}"
            try:
                total += file.stat().st_size
            except FileNotFoundError as error:
                raise InvalidPart(f"part {number} with etag {etag} was not uploaded") from error
            files.append(file)
        if length is not None and total != length:
            raise BadLength(f"the parts hold {total} bytes, promised were {length}")
        return files

    def remove(self, key: str, upload_id: str) -> None:
        remove_tree(self._place(key, upload_id))

    def _place(self, key: str, upload_id: str) -> Path:
        if _UPLOAD_ID.fullmatch(upload_id) is None:
            raise _unknown(key)
        return self.folder / f"{upload_id}.{hashlib.sha256(key.encode()).hexdigest()[:32]}"


def _unknown(key: str) -> NoSuchUpload:
    return NoSuchUpload(f"{key}: no such upload")
