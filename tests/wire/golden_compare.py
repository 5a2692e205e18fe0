"""Compares a reply with the recorded one: keys, JSON types, null / [] / absent, code, named headers; and teaches the mapping.

Values that must be equal: booleans, counts, sizes, words, everything a client sent, and every value met before.
"""

from __future__ import annotations

import re
from typing import Any

import httpx

from tests.wire.golden_map import SHORTENED, Mapping, Where, is_opaque, kind_of

MINUTE = 60_000_000  # µs
BLANK = "-"
"""Stands for the contents of what was deleted for good: at once here, only after weeks when the exchanges were recorded."""
FREE_TEXT = frozenset({"message", "ua", "prettyUA", "ip", "error"})
PRODUCT = ("subscription", "productID")
"""museum says "free", for which the apps show what one could buy; here the plan has another name, which tests/plans checks."""
MADE = (("accessToken",), ("deviceCode",))
"""Short codes, which look like words."""
IDENTITIES = ("id", "email", "token", "fileID")


def type_name(value: Any) -> str:
    if value is None:
        return "null"
    names = {bool: "bool", int: "int", float: "float", str: "string", list: "array", dict: "object"}
    return names[type(value)]


class Comparison:
    """`problems` collects one line a difference."""

    def __init__(self, mapping: Mapping) -> None:
        self.map = mapping
        self.problems: list[str] = []
        self._purged = False

    def _note(self, where: Where, text: str) -> None:
        self.problems.append(f"${''.join(f'.{key}' if isinstance(key, str) else f'[{key}]' for key in where)}: {text}")

    def json(self, golden: Any, actual: Any, where: Where = ()) -> None:
        if type_name(golden) != type_name(actual):
            self._note(where, f"{type_name(golden)} recorded, {type_name(actual)} came: {str(golden)[:60]!r} / {str(actual)[:60]!r}")
        elif isinstance(golden, dict):
            self._objects(golden, actual, where)
        elif isinstance(golden, list):
            self._lists(golden, actual, where)
        elif isinstance(golden, str):
            self._texts(golden, actual, where)
        elif isinstance(golden, int) and not isinstance(golden, bool):
            self._numbers(golden, actual, where)
        elif golden != actual:
            self._note(where, f"{golden} recorded, {actual} came")

    def _objects(self, golden: dict[str, Any], actual: dict[str, Any], where: Where) -> None:
        if golden and all(key.isdigit() for key in golden) and len(golden) == len(actual):
            for (old, below), (new, above) in zip(golden.items(), actual.items(), strict=True):
                self._numbers(int(old), int(new), (*where, "fileID"))
                self.json(below, above, (*where, old))
            return
        missing, extra = sorted(golden.keys() - actual.keys()), sorted(actual.keys() - golden.keys())
        if missing:
            self._note(where, f"keys missing: {missing}")
        if extra:
            self._note(where, f"keys not recorded: {extra}")
        before, self._purged = self._purged, self._purged or golden.get("isDeleted") is True
        for key in golden.keys() & actual.keys():
            self.json(golden[key], actual[key], (*where, key))
        self._purged = before

    def _lists(self, golden: list[Any], actual: list[Any], where: Where) -> None:
        cut = bool(golden) and isinstance(golden[-1], str) and re.search(r"…\(\d+ items\)", golden[-1])
        if cut:
            golden = golden[:-1]
        elif len(golden) != len(actual):
            self._note(where, f"{len(golden)} items recorded, {len(actual)} came")
        if where and where[-1] == "diff":
            self._ascending(actual, where)
        for at, (below, above) in enumerate(zip(golden, self._in_recorded_order(golden, actual), strict=False)):
            self.json(below, above, (*where, at))

    def _in_recorded_order(self, golden: list[Any], actual: list[Any]) -> list[Any]:
        """Rows with a known identity go beside the recorded ones; the order of a listing means nothing to clients."""
        left, found = list(actual), []
        for row in golden:
            known = self._known(row)
            match = next((other for other in left if isinstance(other, dict) and known and known.items() <= _names(other).items()), None)
            found.append(match)
            if match is not None:
                left.remove(match)
        return [match if match is not None else (left.pop(0) if left else None) for match in found][: len(actual)]

    def _known(self, row: Any) -> dict[str, Any]:
        """This run's values of what names a recorded row, as far as they were met before."""
        known: dict[str, Any] = {}
        for name, value in _names(row).items() if isinstance(row, dict) else ():
            found: Any
            if isinstance(value, str):
                found = self.map.texts.get(value, value if name == "email" else None)
            else:
                kinds = ("album", "person") if "encryptedKey" in row and "collectionID" not in row else ("person",)
                choices = [self.map.numbers.get((kind, value)) for kind in ("file", *kinds, "other")]
                found = next((choice for choice in choices if choice is not None), None)
            if found is not None:
                known[name] = found
        return known

    def _ascending(self, actual: list[Any], where: Where) -> None:
        for name in ("updationTime", "updatedAt"):
            times = [row[name] for row in actual if isinstance(row, dict) and name in row]
            if times != sorted(times):
                self._note(where, f"not ascending by {name}")

    def _texts(self, golden: str, actual: str, where: Where) -> None:
        if where and (where[-1] in FREE_TEXT or where[-2:] == PRODUCT):
            return
        if self._purged and actual == BLANK and where[-1] in ("decryptionHeader", "encryptedData"):
            return
        if golden.startswith("https://s3.example.org/"):
            if not actual.startswith("http"):
                self._note(where, f"a URL was recorded, {actual[:60]!r} came")
            self.map.learn_text(golden, actual)
        elif where[:1] == ("sessions",) and where[-1] == "token" and self.map.texts.get(golden) != actual:
            self.map.handles[golden] = actual  # only the asking session is named by its own token, others by a handle
        elif golden in self.map.texts:
            if self.map.texts[golden] != actual:
                self._note(where, f"{self.map.texts[golden][:60]!r} expected as before, {actual[:60]!r} came")
        elif (is_opaque(golden) or where[-1:] in MADE) and "@" not in golden:
            if is_opaque(actual) or SHORTENED.match(golden) or where[-1:] in MADE:
                self.map.learn_text(golden, actual)
            else:
                self._note(where, f"something like {golden[:40]!r} recorded, {actual[:60]!r} came")
        elif golden != actual and where != ("id",):
            self._note(where, f"{golden[:60]!r} recorded, {actual[:60]!r} came")

    def _numbers(self, golden: int, actual: int, where: Where) -> None:
        kind = kind_of(golden, where)
        if kind is None:
            if where[-1:] == ("waitTill",) and golden and abs(golden - actual) < MINUTE:
                return  # what is left of a waiting time, which goes by
            if golden != actual and not (golden > 2 * 10**15 and actual > 2 * 10**15):
                self._note(where, f"{golden} recorded, {actual} came")
            return
        known = self.map.numbers.get((kind, golden))
        if kind == "stamp" and not 10**15 < actual < 10**16:
            self._note(where, f"a time in µs was recorded, {actual} came")
        elif kind != "stamp" and known is not None and known != actual:
            self._note(where, f"{kind} {known} expected as before, {actual} came")
            return
        self.map.learn_number(kind, golden, actual)

    def headers(self, step: dict[str, Any], actual: httpx.Headers) -> None:
        golden, at_object = step["reply_headers"], step["url"].startswith("http")
        for name, recorded in golden.items():
            value = actual.get(name)
            if name in ("etag", "location", "x-ente-link-device-token", "set-cookie"):
                if not value:
                    self.problems.append(f"header {name} is missing")
            elif name == "content-type":
                same = _media_type(recorded) == _media_type(value or "")
                if not same and not 300 <= step["status"] < 400:
                    self.problems.append(f"content-type {recorded!r} recorded, {value!r} came")
            elif name.startswith("access-control-"):
                self._cors(name, recorded, value, preflight=step["method"] == "OPTIONS")
            elif (name == "content-range" or (name == "cache-control" and not at_object)) and value != recorded:
                self.problems.append(f"header {name}: {recorded!r} recorded, {value!r} came")
        for name in ("etag", "location", "x-ente-link-device-token"):
            if name in golden and actual.get(name):
                self._learn_header(name, golden[name], actual[name])

    def _learn_header(self, name: str, golden: str, actual: str) -> None:
        if name == "etag":
            self.map.texts[golden.strip('"')] = actual.strip('"')
        else:
            self.map.learn_text(golden, actual)

    def _cors(self, name: str, recorded: str, value: str | None, *, preflight: bool) -> None:
        """What browsers read: allowed headers and methods on a preflight, exposed headers on the rest; more is fine."""
        if name.startswith("access-control-allow-") and name != "access-control-allow-origin" and not preflight:
            return
        if name == "access-control-expose-headers" and preflight:
            return
        if name == "access-control-allow-origin":
            if value not in (recorded, "*"):
                self.problems.append(f"{name}: {recorded!r} recorded, {value!r} came")
            return
        whole, cut, _ = recorded.partition("…")
        words = whole.split(",")[:-1] if cut else whole.split(",")  # the recording cuts long values, mostly within a word
        wanted = {word.strip().lower() for word in words}
        if name == "access-control-expose-headers" and "etag" in wanted:
            wanted = {"etag"}
        given = {word.strip().lower() for word in (value or "").split(",")}
        if not wanted <= given:
            self.problems.append(f"{name} lacks {sorted(wanted - given)}")


def _names(row: dict[str, Any]) -> dict[str, Any]:
    """What names a row of a listing; a trash row is named by its file."""
    inner = row["file"] if isinstance(row.get("file"), dict) and "id" in row["file"] else row
    return {name: inner[name] for name in IDENTITIES if inner.get(name)}


def _media_type(value: str) -> str:
    """Stores call unnamed bytes binary/octet-stream or application/octet-stream."""
    return value.partition(";")[0].replace("binary/", "application/")
