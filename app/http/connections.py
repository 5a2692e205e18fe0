"""The watch over connections: those that do nothing are ended, and where there are too many of one address or in all, the idlest first.

The HTTP server accepts connections by itself and has a deadline for a head only once its first bytes came. But its sockets are this
process's: once a second this looks at each descriptor of ours that is a connection to our port, at what the kernel says has moved on it,
and at what `traffic` knows, and shuts down those that hold a place for nothing. The HTTP server sees them end as if the client had gone.

Where the kernel tells nothing about a socket (no TCP_INFO), only connections that never brought a request are judged by their age.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import os
import socket
import stat
import struct
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from time import monotonic

from ..kernel.limits import neighbourhood
from .traffic import Peer, Traffic

HEAD_SECONDS = 20.0  # until the first request has come, whole
IDLE_SECONDS = 180.0  # between requests: longer than proxies keep theirs (nginx 60 s, Caddy 120 s), so that it is they who close
STALLED_SECONDS = 120.0  # for a client that takes nothing of what it asked for; it can go on with a range
PRESSED_SECONDS = 5.0  # of doing nothing, when there are too many connections
WIDE = 4  # what a /48 may have, in shares of a /64
UNSENT = 256 << 10  # bytes
FULL, ROOMY = 0.75, 0.6  # of all places: where thinning begins and ends
SPARE = 512  # descriptors kept for the database, stores and files; besides, each connection may have a file open
MOST = 16_384
_FOLDER = "/proc/self/fd" if os.path.isdir("/proc/self/fd") else "/dev/fd"
_TCP_INFO: int | None = getattr(socket, "TCP_INFO", None)
log = logging.getLogger("darkroom.connections")


def allowed(configured: int) -> int:
    """How many connections the HTTP server may take at once: as configured, else by the limit of open files, which is raised to all
    that this process may have."""
    try:
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        want = 2 * MOST + SPARE if hard == resource.RLIM_INFINITY else min(hard, 2 * MOST + SPARE)
        if soft != resource.RLIM_INFINITY and soft < want:
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (want, hard))
                soft = want
        files = want if soft == resource.RLIM_INFINITY else soft
    except ImportError:
        files = 1024
    return max(64, min((files - SPARE) // 2, configured or MOST))


@dataclass(slots=True)
class Connection:
    """One connection as it was seen last. `moved`: bytes that came and that the client has confirmed; `waiting`: bytes it has not."""

    peer: Peer
    began: float
    active: float
    served: int = 0
    moved: int = -1
    waiting: int = 0
    busy: bool = False
    seen: int = 0

    def worth(self, now: float) -> tuple[int, float]:
        """What it does for its place: the least goes first. Those that wait come before those at work; of these, by bytes a second."""
        if not self.busy and not self.waiting:
            return (0, self.active)
        return (1, max(0, self.moved) / max(1.0, now - self.began))


class Connections:
    """The connections to `port`. `most`: how many in all; `trusted(address)`: a proxy, whose connections are many people's."""

    def __init__(self, port: int, most: int, traffic: Traffic, trusted: Callable[[str], bool]) -> None:
        self._port = port
        self._most = most
        self._traffic = traffic
        self._trusted = trusted
        self._known: dict[int, Connection] = {}  # by inode, which is a socket's own for its life
        self._round = 0

    def look(self) -> int:
        """Look at all connections and end those that must; how many there are. Runs in a thread."""
        now = monotonic()
        self._round += 1
        found: dict[int, int] = {}
        for fd, inode in _sockets():
            known = self._known.get(inode)
            if known is None:
                known = self._new(fd, now)
                if known is None:
                    continue
                self._known[inode] = known
            known.seen = self._round
            found[inode] = fd
            self._judge_activity(known, fd, now)
        for inode in [i for i, c in self._known.items() if c.seen != self._round]:
            gone = self._known.pop(inode)
            self._traffic.served.pop(gone.peer, None)
        ours = {i: c for i, c in self._known.items() if c.peer[1]}
        ending = self._overdue(ours, now)
        ending |= self._beyond_share({i: c for i, c in ours.items() if i not in ending}, now)
        ending |= self._beyond_all({i: c for i, c in ours.items() if i not in ending}, now)
        for inode in ending:
            _shut(found[inode], inode)
        return len(ours) - len(ending)

    def end_idle(self) -> None:
        """End those that wait for a request: a server that stops would wait for HTTP/2 clients to go. Runs in a thread."""
        for inode, fd in ((inode, fd) for fd, inode in _sockets()):
            known = self._known.get(inode) or self._new(fd, monotonic())
            if known is not None and known.peer[1] and known.peer not in self._traffic.busy and not _moved(fd)[1]:
                _shut(fd, inode)

    def _new(self, fd: int, now: float) -> Connection | None:
        """What a socket of ours is connected to; one with port 0 stands for sockets that are nobody's connection to us."""
        held = _held(fd)
        if held is None:
            return None
        with held:
            try:
                if held.family in (socket.AF_INET, socket.AF_INET6) and held.getsockname()[1] == self._port:
                    return Connection(held.getpeername()[:2], now, now)
            except OSError:  # the listener, or a connection that is gone already
                if not _listens(held):
                    return None
                _keep_little_unsent(held)
        return Connection(("", 0), now, now)

    def _judge_activity(self, c: Connection, fd: int, now: float) -> None:
        if not c.peer[1]:
            return
        c.busy = c.peer in self._traffic.busy
        served = self._traffic.served.get(c.peer, 0)
        moved, c.waiting = _moved(fd)
        if served != c.served or (moved is not None and moved != c.moved and (c.served or served)):
            c.active = now
        c.served = served
        if moved is None:
            c.moved = -1
        else:
            c.moved = moved

    def _overdue(self, ours: dict[int, Connection], now: float) -> set[int]:
        return {i for i, c in ours.items() if now - c.active > self._patience(c)}

    def _patience(self, c: Connection) -> float:
        if c.busy and not c.waiting:
            return float("inf")  # its body is `traffic`'s; an answer may take its time
        if not c.served:
            return HEAD_SECONDS
        if c.moved < 0:
            return float("inf")
        return STALLED_SECONDS if c.waiting else IDLE_SECONDS

    def _beyond_share(self, ours: dict[int, Connection], now: float) -> set[int]:
        """Those of addresses, and of /48s, that have more than their share."""
        share = self._traffic.per_address
        ending: set[int] = set()
        for group, most in ((neighbourhood, share), (_wide, share * WIDE)):
            places: dict[str, list[int]] = defaultdict(list)
            for i, c in ours.items():
                if i not in ending and not self._trusted(c.peer[0]):
                    places[group(c.peer[0])].append(i)
            for place, there in places.items():
                if len(there) > most:
                    log.info("%d connections of %s: ending the idlest %d", len(there), place, len(there) - most)
                    ending.update(sorted(there, key=lambda i: ours[i].worth(now))[: len(there) - most])
        return ending

    def _beyond_all(self, ours: dict[int, Connection], now: float) -> set[int]:
        if len(ours) <= FULL * self._most:
            return set()
        over = len(ours) - int(ROOMY * self._most)
        idle = [i for i, c in ours.items() if now - c.active > PRESSED_SECONDS or not c.served]
        log.warning("%d connections, of %d that are possible: ending up to %d that do nothing", len(ours), self._most, over)
        return set(sorted(idle, key=lambda i: ours[i].worth(now))[:over])


async def watch(connections: Connections | None, traffic: Traffic) -> None:
    """Look once a second, and more often while there are many; until cancelled."""
    while True:
        traffic.end_slow()
        there = 0
        if connections is not None:
            try:
                there = await asyncio.to_thread(connections.look)
            except OSError as e:  # no descriptor left to look with
                log.warning("cannot look at the connections: %s", e)
        await asyncio.sleep(1.0 if there < 2 * traffic.per_address else 0.25)


def _sockets() -> Iterator[tuple[int, int]]:
    """(descriptor, inode) of each socket of this process."""
    for name in os.listdir(_FOLDER):
        fd = int(name)
        try:
            facts = os.fstat(fd)
        except OSError:  # closed meanwhile
            continue
        if stat.S_ISSOCK(facts.st_mode):
            yield fd, facts.st_ino


def _held(fd: int) -> socket.socket | None:
    """A descriptor of our own for a socket, so that its number cannot become another's under our hands."""
    try:
        mine = os.dup(fd)
    except OSError:
        return None
    try:
        return socket.socket(fileno=mine)
    except OSError:
        os.close(mine)
        return None


def _listens(held: socket.socket) -> bool:
    return bool(held.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


def _keep_little_unsent(listener: socket.socket) -> None:
    """Connections accepted from now on queue at most so much that has not been sent: those who take nothing of what they ask for would
    otherwise fill the system's memory for sockets, four megabytes each. What is on its way to a fast client is not bounded by this."""
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        with contextlib.suppress(OSError):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT)


def _moved(fd: int) -> tuple[int | None, int]:
    """(bytes received and confirmed, bytes that wait to be taken); (None, 0) where the kernel does not say."""
    if _TCP_INFO is None or _FOLDER != "/proc/self/fd":
        return None, 0
    held = _held(fd)
    if held is None:
        return None, 0
    with held:
        try:
            info = held.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, 148)
        except OSError:
            return None, 0
    if len(info) < 148:
        return None, 0
    acked, received = struct.unpack_from("=QQ", info, 120)  # linux/tcp.h, struct tcp_info: since Linux 4.6
    (unacked,) = struct.unpack_from("=I", info, 24)
    (unsent,) = struct.unpack_from("=I", info, 144)
    return acked + received, unacked + unsent


@lru_cache(maxsize=4096)
def _wide(address: str) -> str:
    """An IPv6 address as its /48; an IPv4 address stands for itself."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is None:
        return str(ipaddress.IPv6Network((found, 48), strict=False))
    return address


def _shut(fd: int, inode: int) -> None:
    held = _held(fd)
    if held is None:
        return
    with held, contextlib.suppress(OSError):
        if os.fstat(held.fileno()).st_ino == inode:
            held.shutdown(socket.SHUT_RDWR)
