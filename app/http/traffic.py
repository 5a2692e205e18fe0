"""What is on its way: requests in flight by connection and by address, bodies that are being read, and the memory these hold.

One registry per process. Nothing here waits or reads: `watch` looks at it once a second and ends the bodies that come too slowly, and
whoever asks for more than its share makes its own slowest request give way, never somebody else's.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Literal

from ..kernel.errors import Unavailable
from ..kernel.limits import neighbourhood

Peer = tuple[str, int]
"""Address and port of the other end of a connection."""

WINDOW = 20.0  # seconds over which a body's rate is looked at: a phone may lose its network for that long
SLOWEST = 1024  # bytes a second; a body that brings less for a whole window is ended
GOOD_RATE = 32 << 10  # bytes a second from which a body never gives way to a newer request of its own address
YOUNG = 1.0  # seconds in which a body may still come
STRANGER_MEMORY = 8 << 20  # bytes of bodies held in memory for one address without an account; their bodies are 256 KiB at most
ACCOUNT_MEMORY = 48 << 20  # and for one account: three of the largest JSON bodies, or two dozen uploads
ALL_MEMORY = 192 << 20
SMALL = 64 << 10  # bytes of an answer that nobody counts
_LOOKED_AT = 64  # requests of an address that are asked, the oldest first, whether they give way


Kind = Literal["bodies", "answers"]
"""What of a request is in memory."""


class Flight:
    """A request in flight. `end` interrupts the reading of its body; `got` counts the body's bytes."""

    __slots__ = ("address", "began", "end", "got", "held", "kind", "payer", "reading", "window")

    def __init__(self, address: str, now: float) -> None:
        self.address = address
        self.began = now
        self.got = 0
        self.reading = False
        self.end: Callable[[], None] | None = None
        self.window = (now, 0)
        self.payer = f"ip {address}"
        self.held = 0
        self.kind: Kind = "bodies"

    def too_slow(self, now: float) -> bool:
        """Whether the window that ends now brought too little; begins the next one."""
        since, before = self.window
        if now - since < WINDOW:
            return False
        self.window = (now, self.got)
        return self.got - before < SLOWEST * WINDOW

    def gives_way(self, now: float) -> bool:
        age = now - self.began
        return self.reading and age > YOUNG and self.got < GOOD_RATE * age


class Traffic:
    """Of one process. `per_address`: requests that one address (IPv6: its /64) may have in flight."""

    def __init__(self, per_address: int) -> None:
        self.per_address = per_address
        self.busy: dict[Peer, int] = {}
        self.served: dict[Peer, int] = {}  # requests that came over each connection; `connections` forgets those that are closed
        self._flights: dict[str, dict[Flight, None]] = {}
        self._reading: set[Flight] = set()
        self._memory: dict[tuple[Kind, str], int] = {}
        self._all: dict[Kind, int] = {"bodies": 0, "answers": 0}

    def connect(self, peer: Peer) -> None:
        """A request has come over this connection."""
        self.busy[peer] = self.busy.get(peer, 0) + 1
        self.served[peer] = self.served.get(peer, 0) + 1

    def disconnect(self, peer: Peer) -> None:
        left = self.busy[peer] - 1
        if left:
            self.busy[peer] = left
        else:
            del self.busy[peer]

    def take_off(self, client_ip: str) -> Flight:
        """A request of this client. When its address has too many, the oldest of them whose body hardly comes is ended."""
        address = neighbourhood(client_ip)
        flight = Flight(address, monotonic())
        there = self._flights.setdefault(address, {})
        there[flight] = None
        return flight

    def has_room(self, flight: Flight) -> bool:
        """Whether the address of this request has room for it: not too many in flight, or one that gives way, which is ended."""
        there = self._flights[flight.address]
        if len(there) <= self.per_address:
            return True
        for _, other in zip(range(_LOOKED_AT), there, strict=False):
            if other is not flight and other.end is not None and other.gives_way(flight.began):
                del there[other]
                other.end()
                return True
        return False

    def land(self, flight: Flight) -> None:
        """The request is answered."""
        self._reading.discard(flight)
        self.free(flight)
        there = self._flights.get(flight.address)
        if there is not None:
            there.pop(flight, None)
            if not there:
                del self._flights[flight.address]

    def reads(self, flight: Flight) -> None:
        """Its body is being waited for, from now on under watch."""
        if not flight.reading:
            flight.reading = True
            flight.window = (monotonic(), flight.got)
            self._reading.add(flight)

    def read(self, flight: Flight) -> None:
        """Its body is at its end."""
        flight.reading = False
        self._reading.discard(flight)

    def hold(self, flight: Flight, size: int) -> None:
        """Bytes of its body, or of its answer, are in memory; Unavailable when its payer, or all together, hold too many. One body always fits."""
        payer = (flight.kind, flight.payer)
        held = self._memory.get(payer, 0)
        most = ACCOUNT_MEMORY if flight.kind == "answers" or flight.payer.startswith("user ") else STRANGER_MEMORY
        others = held - flight.held
        if others and (others + flight.held + size > most or self._all[flight.kind] + size > ALL_MEMORY):
            raise Unavailable("Too much at once, try again", log=f"{flight.payer} holds {held} bytes of {flight.kind} in memory")
        self._memory[payer] = held + size
        self._all[flight.kind] += size
        flight.held += size

    def hold_answer(self, flight: Flight, size: int) -> None:
        """An answer is in memory until it is sent, which a slow reader may draw out: as `hold`, with sums of their own, so that who reads slowly
        keeps nobody from sending. A stranger has as much as an account: pages of albums are larger than what strangers send. The request's body
        is not needed any more."""
        self.free(flight)
        if size > SMALL:
            flight.kind = "answers"
            self.hold(flight, size)

    def free(self, flight: Flight) -> None:
        if flight.held:
            payer = (flight.kind, flight.payer)
            left = self._memory[payer] - flight.held
            if left:
                self._memory[payer] = left
            else:
                del self._memory[payer]
            self._all[flight.kind] -= flight.held
            flight.held = 0

    def end_slow(self) -> int:
        """End the bodies that came too slowly; how many."""
        now = monotonic()
        slow = [f for f in self._reading if f.too_slow(now) and f.end is not None]
        for flight in slow:
            if flight.end is not None:
                flight.end()
        return len(slow)
