"""Random names: their alphabet, their fairness, their replay."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from app.kernel.clock import ALNUM, Ids


class EveryByte(random.Random):
    """All 256 bytes in turn."""

    def randbytes(self, n: int) -> bytes:
        return bytes(i % 256 for i in range(n))


def test_letters_and_digits_are_equally_likely() -> None:
    assert Counter(Ids(EveryByte()).alnum(248)) == dict.fromkeys(ALNUM, 4)
    assert Counter(Ids(EveryByte()).digits(250)) == dict.fromkeys("0123456789", 25)


@pytest.mark.parametrize("n", [0, 1, 6, 22, 300])
def test_as_many_as_asked_for(n: int) -> None:
    ids = Ids()
    assert len(ids.alnum(n)) == n
    assert len(ids.digits(n)) == n
    assert set(ids.alnum(n)) <= set(ALNUM)
    assert ids.digits(n).isdigit() or n == 0


def test_the_same_seed_replays() -> None:
    one, other = Ids(random.Random(7)), Ids(random.Random(7))
    assert [one.alnum(22), one.digits(6), one.uuid(), one.token()] == [other.alnum(22), other.digits(6), other.uuid(), other.token()]
    assert Ids().alnum(22) != Ids().alnum(22)
