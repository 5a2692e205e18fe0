"""The waiting time of a recovery: how much is left, and when its owner is reminded (misc.md §15). Pure; no rows, no clock of its own."""

from __future__ import annotations

from ..kernel.clock import DAY

ACTIVE = frozenset({"WAITING", "READY"})


def shown(status: str, wait_till: int, now: int) -> tuple[str, int]:
    """(status, µs left) as clients see them: who has waited long enough is ready, whether or not the job has come by."""
    left = max(0, wait_till - now)
    return ("READY" if status == "WAITING" and not left else status), left


def is_open(status: str, wait_till: int, now: int) -> bool:
    """Whether the account may be taken over now."""
    return status in ACTIVE and wait_till <= now


def first_look(now: int, wait_till: int) -> int:
    """When the job is to look first: after a week, or a day where there is no more than a week."""
    return min(wait_till, now + (7 * DAY if wait_till - now > 7 * DAY else DAY))


def next_look(remind_at: int, wait_till: int, now: int) -> tuple[int, bool]:
    """(when the job looks again, whether to remind now) of a recovery that still waits.

    Days are counted from the time that was set, not from when the job came by: else the last reminder would be missed by minutes.
    """
    days = (wait_till - remind_at) // DAY
    if days > 9:
        return min(wait_till, max(remind_at + 7 * DAY, now + DAY)), True
    if days > 2:
        last = wait_till - 2 * DAY
        return (last if last > now else wait_till), True
    return wait_till, days == 2


def days_left(wait_till: int, now: int) -> int:
    return -(-(wait_till - now) // DAY)
