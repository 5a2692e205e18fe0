"""Who is talking to the database right now, and for how long: finds out that a server has stopped answering without closing anything.

A transaction may be slow for good reasons, so time alone decides nothing: when one takes long, a fresh connection asks whether the server
answers at all. If not, the connections in use are cut, their threads come free, and their requests are answered 503.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg

SUSPICIOUS = 4.0  # seconds in one transaction after which the server is asked
ANSWER = 2  # seconds it then has
log = logging.getLogger("darkroom.db")


class Watch:
    """One thread. `over(connection)` around every use of a connection."""

    def __init__(self, settings: dict[str, Any], suspicious: float = SUSPICIOUS) -> None:
        self._settings = {**settings, "connect_timeout": ANSWER}
        self._suspicious = suspicious
        self._since: dict[psycopg.Connection[Any], float] = {}
        self._lock = threading.Lock()  # also held while a socket is cut: it must not belong to somebody else by then
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="darkroom-db-watch", daemon=True)
        self._thread.start()

    @contextlib.contextmanager
    def over(self, db: psycopg.Connection[Any]) -> Iterator[None]:
        self.begin(db)
        try:
            yield
        finally:
            self.end(db)

    def begin(self, db: psycopg.Connection[Any]) -> None:
        """The connection waits for the server, from now on."""
        with self._lock:
            self._since[db] = time.monotonic()

    def end(self, db: psycopg.Connection[Any]) -> None:
        with self._lock:
            self._since.pop(db, None)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._suspicious / 4):
            with self._lock:
                oldest = min(self._since.values(), default=None)
            if oldest is not None and time.monotonic() - oldest > self._suspicious and not self._answers():
                self._cut()

    def _answers(self) -> bool:
        """Whether a fresh connection gets as far as a statement. Asked in a thread of its own: a server may accept and then say nothing."""
        answered = threading.Event()

        def ask() -> None:
            with contextlib.suppress(psycopg.Error), psycopg.connect("", **self._settings) as db:
                db.execute("SELECT 1")
                answered.set()

        threading.Thread(target=ask, name="darkroom-db-ask", daemon=True).start()
        return answered.wait(ANSWER + 1)

    def _cut(self) -> None:
        """Shut the sockets of all that wait: their threads read the end of the stream and raise. Closing them is the pool's."""
        before = time.monotonic() - self._suspicious
        with self._lock:
            stuck = [db for db, since in self._since.items() if since < before]
            for db in stuck:
                with contextlib.suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(db.fileno())) as s:
                    s.shutdown(socket.SHUT_RDWR)
        log.error("the database does not answer: %d connections cut", len(stuck))
