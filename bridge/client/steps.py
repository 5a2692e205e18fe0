"""The moments of an upload after which what was done so far must be enough, whatever happens to the process. Tests end it at each of them."""

from __future__ import annotations

from typing import Literal

Step = Literal[
    "piece received", "content sealed", "content synced", "thumbnail synced", "journal written",
    "url asked", "object put", "part put", "parts joined", "commit noted", "committed", "progress saved",
    "replaced trashed", "entry removed", "spool removed",
]  # fmt: skip


def reached(step: Step) -> None:
    """Does nothing."""
