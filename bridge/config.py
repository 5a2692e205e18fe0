"""How a bridge serves: what the command line of `darkroom bridge serve` sets."""

from __future__ import annotations

from dataclasses import dataclass

MB = 1024 * 1024


@dataclass(frozen=True)
class Options:
    """`ack`: when an upload is answered: "stored" (the server has it), "spooled" (it is sealed on this disk and in the journal), or "auto":
    stored up to `stored_up_to` bytes, spooled above, because tools give up after a minute. `sync_every`: seconds. `read_original`: whether
    previews may be made from originals that must be fetched for it. `cache`: bytes of derived pictures on the disk. `register`: whether clients of
    ImaLink may register users, who share the account's storage and see what they made themselves. `origins`: of pages in a browser that
    may read answers, besides those of this machine."""

    ack: str = "auto"
    stored_up_to: int = 64 * MB
    sync_every: float = 60.0
    read_original: bool = True
    cache: int = 512 * MB
    register: bool = False
    origins: tuple[str, ...] = ()
