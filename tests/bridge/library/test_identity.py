"""Ids for tools."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from bridge.client.keys import Keys
from bridge.library.identity import Identity, Kind

ALICE = Identity(Keys(1, b"a" * 32, b"p" * 32, b"q" * 32))
BOB = Identity(Keys(2, b"b" * 32, b"p" * 32, b"q" * 32))


@given(st.sampled_from(Kind), st.integers(0, 2**64 - 1))
def test_it_works(kind: Kind, number: int) -> None:
    text = ALICE.of(kind, number)
    assert uuid.UUID(text).version == 4
    assert uuid.UUID(text).variant == uuid.RFC_4122
    assert ALICE.number(kind, text.upper()) == number
    assert BOB.number(kind, text) is None
    assert all(ALICE.number(other, text) is None for other in Kind if other != kind)


def test_ids_stay_the_same() -> None:
    assert ALICE.of(Kind.PHOTO, 1) == "08000000-0000-4000-8018-271bdef4e5e7"
    assert ALICE.named(Kind.TAG, "cat") == ALICE.named(Kind.TAG, "cat") != ALICE.named(Kind.TAG, "dog")
    assert uuid.UUID(ALICE.named(Kind.TAG, "cat")).version == 4


@given(st.uuids(version=4))
def test_what_was_not_made_here_means_nothing(other: uuid.UUID) -> None:
    assert ALICE.number(Kind.PHOTO, str(other)) is None


def test_what_is_no_id() -> None:
    assert [ALICE.number(Kind.PHOTO, text) for text in ("", "x", "1" * 40)] == [None] * 3
