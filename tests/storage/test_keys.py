"""No key leaves the folder, and every key finds its file and back again."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage_backends import BadKey, FilesystemStore, InvalidPart, check_key
from storage_backends.keys import check_parts, fan, file_name, key_of, md5_of, parts_etag

SEGMENT = st.from_regex(r"[0-9A-Za-z._-]{1,12}", fullmatch=True).filter(lambda text: text not in {".", ".."})
KEYS = st.lists(SEGMENT, min_size=1, max_size=15).map("/".join)
ANYTHING = st.text(max_size=250) | st.lists(st.sampled_from(["..", ".", "", "a", "%2F", "\\", "\0", "%2e%2e"]), max_size=6).map("/".join)


@settings(derandomize=True)
@given(KEYS)
def test_a_good_key_has_one_file_of_its_own(key: str) -> None:
    assert check_key(key) == key
    name = file_name(key)
    assert "/" not in name
    assert name not in {".", ".."}
    assert len(name.encode()) <= 255
    assert key_of(name) == key
    assert len(fan(key)) == 2


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys").resolve()


@pytest.fixture(scope="module")
def store(root: Path) -> FilesystemStore:
    return FilesystemStore("fs", root)


@settings(derandomize=True, max_examples=500)
@given(key=ANYTHING)
def test_whatever_is_asked_stays_inside(store: FilesystemStore, root: Path, key: str) -> None:
    objects = root / "objects"
    with contextlib.suppress(BadKey):
        path = store.path(key)
        assert path.resolve().relative_to(objects).parts[0] == fan(key)
        assert path.parent.parent == objects
        assert path.parts[-1] not in {"", ".", ".."}


@settings(derandomize=True)
@given(st.text(max_size=60))
def test_a_name_is_ours_or_nobodys(name: str) -> None:
    key = key_of(name)
    assert key is None or file_name(key) == name


@given(st.lists(st.tuples(st.integers(-5, 10_010), st.text(max_size=40)), max_size=5))
@settings(derandomize=True)
def test_part_lists_are_clean_or_refused(parts: list[tuple[int, str]]) -> None:
    try:
        bare = check_parts(parts)
    except InvalidPart:
        return
    numbers = [number for number, _ in bare]
    assert numbers == sorted(set(numbers))
    assert all(1 <= number <= 10_000 for number in numbers)
    assert all(etag.replace("-", "").isalnum() and etag.isascii() for _, etag in bare)


def test_etags() -> None:
    one, two = "5d41402abc4b2a76b9719d911017c592", "7d793037a0760186574b0282f2f435e7"
    assert check_parts([(1, f' "{one}"\n'), (7, two)]) == ((1, one), (7, two))
    assert parts_etag([one, two]) == hashlib.md5(bytes.fromhex(one + two), usedforsecurity=False).hexdigest() + "-2"
    assert parts_etag([one, "encrypted-etag"]) == ""
    assert md5_of(one) == bytes.fromhex(one)
    assert md5_of(one + "-1") is None
