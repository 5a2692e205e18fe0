"""RFC 6238 against an independent implementation."""

from __future__ import annotations

import base64
import random

import pyotp
import pytest

from app.kernel.clock import SECOND, Ids
from app.second_factor import totp


@pytest.mark.parametrize("seed", range(30))
def test_codes_are_those_of_pyotp(seed: int) -> None:
    ids = Ids(random.Random(seed))
    secret, at = totp.new_secret(ids), random.Random(seed).randrange(1 << 33)
    assert len(secret) == 32
    assert len(base64.b32decode(secret)) == 20
    assert totp.code(secret, at // 30) == pyotp.TOTP(secret).at(at)


def test_the_steps_that_fit() -> None:
    secret, now = totp.new_secret(Ids(random.Random(1))), 1_782_900_000 * SECOND
    here = now // totp.STEP
    assert [totp.matching(secret, totp.code(secret, here + d), now) for d in range(-2, 3)] == [[], [here - 1], [here], [here + 1], []]
    for wrong in ("", "12345", "1234567", "é23456", "\0", "１２３４５６"):
        assert totp.matching(secret, wrong, now) == []
    assert totp.matching(secret, f" {totp.code(secret, here)}\n", now) == [here]


def test_the_picture_is_a_png() -> None:
    assert base64.b64decode(totp.qr_code("A" * 32, "dora+é@example.net")).startswith(b"\x89PNG")
