"""The cache of pictures: sealed, within its budget, empty after any harm."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from bridge.library.cache import Cache

KEY = b"k" * 32


def test_it_works(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    cache = Cache(path, KEY)
    cache.put("1-a-preview", b"canary" * 50)
    assert (cache.get("1-a-preview"), cache.get("other")) == (b"canary" * 50, None)
    cache.close()
    assert b"canary" not in b"".join(p.read_bytes() for p in tmp_path.iterdir())
    again = Cache(path, KEY)
    assert (again.get("1-a-preview"), again.size) == (b"canary" * 50, 340)
    again.drop("1-a-preview")
    assert (again.get("1-a-preview"), again.size) == (None, 0)
    again.close()


def test_what_was_not_looked_at_goes_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache.sqlite", KEY, budget=12_000)
    for number in range(10):
        cache.put(str(number), b"x" * 1_000)
    cache.get("0")
    cache.put("10", b"x" * 1_000)
    cache.put("11", b"x" * 1_000)
    assert cache.size <= 12_000
    assert cache.get("0") is not None
    assert cache.get("1") is None
    assert cache.get("11") is not None
    cache.put("large", b"x" * 1_300)
    assert cache.get("large") is None
    cache.close()


def test_damage_and_another_key(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    cache = Cache(path, KEY)
    cache.put("a", b"x" * 100)
    cache.put("b", b"y" * 100)
    cache.close()
    with sqlite3.connect(path) as db:
        db.execute("UPDATE pictures SET sealed = zeroblob(140) WHERE name = 'a'")
    db.close()
    cache = Cache(path, KEY)
    assert (cache.get("a"), cache.get("b")) == (None, b"y" * 100)
    cache.close()
    cache = Cache(path, b"o" * 32)
    assert cache.get("b") is None
    cache.close()
    path.write_bytes(b"not a database" * 1000)
    cache = Cache(path, KEY)
    assert cache.size == 0
    cache.close()
