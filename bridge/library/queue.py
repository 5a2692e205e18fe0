"""Uploads on their way: an encrypted spool and a journal that survive `kill -9`. What is in the journal is sent, however often it takes.

Order: the sealed bytes are on the disk → the journal names them → pieces are sent → the file is committed → the entry and the spool are removed.
A spool that no entry names was never acknowledged and is deleted at the next start.
"""

from __future__ import annotations

import io
import os
import sqlite3
from pathlib import Path
from typing import BinaryIO

import msgspec
from nacl.exceptions import CryptoError

from ..client import crypto, steps, upload
from ..client.connection import Connection
from ..client.errors import Damaged
from ..client.stream import Sealer, Sums
from ..client.upload import Ticket
from .sealed_reader import SealedReader
from .vault import sync_folder

BLOCK = 256 * 1024


class Intake:
    """One content on its way in: sealed while it comes. `finish`, or `drop` where it turns out not to be wanted. `kept`: the journal has it, and it
    is not dropped any more."""

    def __init__(self, spool: Path, upload_id: str, key: bytes | None = None) -> None:
        self.id, self.key = upload_id, key or crypto.random_key()
        self.path = spool / f"{upload_id}.content"
        self._file: BinaryIO = open(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "wb")  # noqa: SIM115 — closed by finish or drop
        self._sealer = Sealer(self.key, self._file.write)
        self.sums: Sums | None = None
        self.kept = False

    def feed(self, data: bytes) -> None:
        self._sealer.feed(data)
        steps.reached("piece received")

    def finish(self) -> Sums:
        """The content is on the disk."""
        self.sums = self._sealer.finish()
        steps.reached("content sealed")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        steps.reached("content synced")
        return self.sums

    def open(self) -> BinaryIO:
        """The content again in the clear, for whoever must look into it."""
        if self.sums is None:
            raise ValueError("not finished")
        return io.BufferedReader(SealedReader(self.path, self.sums.header, self.key), BLOCK)

    def drop(self) -> None:
        self._file.close()
        if not self.kept:
            self.path.unlink(missing_ok=True)


class Queue:
    """The journal. Entries are sealed with the vault's own key: they hold keys of files."""

    def __init__(self, folder: Path, key: bytes) -> None:
        self.spool = folder / "spool"
        self.spool.mkdir(exist_ok=True, mode=0o700)
        self._key = key
        self._db = sqlite3.connect(folder / "uploads.sqlite", check_same_thread=False)
        try:
            self._waiting = {ticket.id: ticket for ticket in map(self._open, self._rows())}
        except sqlite3.DatabaseError as e:
            self._db.close()
            what = f"move {folder}/uploads.sqlite* and {self.spool} away, and send again what waited there"
            raise Damaged(f"the journal of uploads cannot be read ({e}): {what}") from None
        except Damaged:
            self._db.close()
            raise
        for path in self.spool.iterdir():
            if path.stem not in self._waiting:
                path.unlink()

    def close(self) -> None:
        self._db.close()

    def intake(self, upload_id: str, key: bytes | None = None) -> Intake:
        return Intake(self.spool, upload_id, key)

    def add(self, ticket: Ticket, thumbnail: bytes) -> None:
        """From here on the upload is not lost. `thumbnail` is sealed; the content was finished by its intake."""
        path = self.paths(ticket)[1]
        try:
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(thumbnail)
                file.flush()
                os.fsync(file.fileno())
            sync_folder(self.spool)
            steps.reached("thumbnail synced")
            self.save(ticket)
        except (OSError, sqlite3.Error):  # a full disk
            path.unlink(missing_ok=True)
            raise
        steps.reached("journal written")

    def paths(self, ticket: Ticket) -> tuple[Path, Path]:
        return self.spool / f"{ticket.id}.content", self.spool / f"{ticket.id}.thumbnail"

    def save(self, ticket: Ticket) -> None:
        cipher, nonce = crypto.box(msgspec.json.encode(ticket), self._key)
        with self._db:
            self._db.execute("REPLACE INTO uploads VALUES (?, ?, ?)", (ticket.id, nonce, cipher))
        self._waiting[ticket.id] = ticket

    def waiting(self) -> list[Ticket]:
        return list(self._waiting.values())

    def find(self, upload_id: str) -> Ticket | None:
        """The upload with this id, as long as it waits."""
        return self._waiting.get(upload_id)

    def _rows(self) -> list[tuple[bytes, bytes]]:
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("CREATE TABLE IF NOT EXISTS uploads (id TEXT PRIMARY KEY, nonce BLOB NOT NULL, sealed BLOB NOT NULL) WITHOUT ROWID")
        return self._db.execute("SELECT nonce, sealed FROM uploads ORDER BY id").fetchall()

    def _open(self, row: tuple[bytes, bytes]) -> Ticket:
        nonce, cipher = row
        try:
            return msgspec.json.decode(crypto.unbox(cipher, nonce, self._key), type=Ticket)
        except CryptoError:
            raise Damaged("the journal of uploads was made by another link of this folder") from None

    def forget(self, ticket: Ticket) -> None:
        """Drops an upload: the account has it, or it was refused and nobody was promised it."""
        with self._db:
            self._db.execute("DELETE FROM uploads WHERE id = ?", (ticket.id,))
        self._waiting.pop(ticket.id, None)
        steps.reached("entry removed")
        for path in self.paths(ticket):
            path.unlink(missing_ok=True)
        steps.reached("spool removed")

    async def send(self, connection: Connection, ticket: Ticket, tell: upload.Tell = lambda _: None) -> int:
        """Sends what is left of one entry; the file's id. The entry stays until `forget`."""

        def save(now: Ticket) -> None:
            self.save(now)
            steps.reached("progress saved")

        return await upload.send(connection, ticket, self.paths(ticket), save, tell)
