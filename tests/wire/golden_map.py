"""Golden value -> value of this run, learnt by walking recorded and actual replies in parallel.

Kinds keep people and albums apart, whose ids start at the same number. Knows nothing of HTTP.
"""

from __future__ import annotations

import bisect
import re
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

SHORTENED = re.compile(r"^(.*)…\((\d+) chars\)$", re.DOTALL)
_OPAQUE = re.compile(r"[0-9_=/+.-]")
_PERSON = re.compile(r"(?<!\d)1580\d{12}(?!\d)")  # inside a text, as in ids that apps make
Where = tuple[str | int, ...]


def is_stamp(value: int) -> bool:
    """µs of these years; ids of people and albums lie below, made-up ids above."""
    return 1_700_000_000_000_000 < value < 2_000_000_000_000_000


def kind_of(value: int, where: Where, url_path: str = "") -> str | None:
    """None for a plain number (a size, a count, a version), which must be equal and is sent as it is."""
    keys = [key for key in where if isinstance(key, str)]
    name = keys[-1] if keys else ""
    if is_stamp(value):
        return "stamp"
    if 10_000_000 <= value < 12_000_000 and not name.lower().endswith(("size", "length", "usage", "limit")):
        return "file"
    if 1_580_000_000_000_000 <= value < 1_581_000_000_000_000:
        if name.lower().removesuffix("s").endswith("collectionid"):
            return "album"
        parent = keys[-2] if len(keys) > 1 else ""
        if name == "id" and (parent.startswith("collection") or url_path.startswith("/collections")) and parent not in ("owner", "sharees"):
            return "album"
        return "person"
    return "other" if name.lower().endswith("id") and 0 < value < 1_000_000 else None


def is_opaque(text: str) -> bool:
    """Looks like something a machine made: a token, an id, a key, a URL."""
    if SHORTENED.match(text):
        return True
    return len(text) >= 6 and " " not in text and (bool(_OPAQUE.search(text)) or len(text) >= 20)


class Mapping:
    def __init__(self) -> None:
        self.numbers: dict[tuple[str, int], int] = {}
        self.texts: dict[str, str] = {}
        self.urls: dict[str, list[str]] = {}
        self.handles: dict[str, str] = {}
        self._stamps: list[int] = []

    # -- learning -------------------------------------------------------------------------------

    def learn_number(self, kind: str, golden: int, actual: int) -> None:
        if kind == "stamp":
            known = self.numbers.get((kind, golden))
            if known is None:
                bisect.insort(self._stamps, golden)
            actual = max(actual, known or 0)
        self.numbers[kind, golden] = actual

    def learn_text(self, golden: str, actual: str) -> None:
        if golden.startswith("https://s3.example.org/"):
            found = self.urls.setdefault(golden, [])
            if actual not in found:
                found.append(actual)
            return
        self.texts[golden] = actual
        if golden.isupper() and golden.isalnum():
            self.texts[golden.lower()] = actual.lower()  # a code that may be typed in any case
        if golden.startswith("http") and actual.startswith("http"):
            self._learn_link(golden, actual)

    def _learn_link(self, golden: str, actual: str) -> None:
        """A link carries its access token in `t` or as its last path segment."""
        old, new = urlsplit(golden), urlsplit(actual)
        token, fresh = dict(parse_qsl(old.query)).get("t"), dict(parse_qsl(new.query)).get("t")
        if token and fresh:
            self.texts[token] = fresh
        last, fresh_last = old.path.rpartition("/")[2], new.path.rpartition("/")[2]
        if is_opaque(last) or len(last) >= 8:
            self.texts[last] = fresh_last

    # -- rewriting ------------------------------------------------------------------------------

    def number(self, value: int, where: Where = (), url_path: str = "") -> int:
        kind = kind_of(value, where, url_path)
        if kind is None:
            return value
        if (kind, value) in self.numbers:
            return self.numbers[kind, value]
        if kind == "stamp" and self._stamps:
            place = bisect.bisect_left(self._stamps, value)
            near = min(self._stamps[max(place - 1, 0) : place + 1], key=lambda known: abs(known - value))
            return self.numbers["stamp", near] + value - near
        return value

    def text(self, value: str) -> str:
        if value in self.texts:
            return self.texts[value]
        shortened = SHORTENED.match(value)
        if shortened:
            self.texts[value] = fill(shortened[1], int(shortened[2]))
            return self.texts[value]
        value = _PERSON.sub(lambda m: str(self.numbers.get(("person", int(m[0])), m[0])), value)
        for old, new in self.texts.items():
            if len(old) >= 30 and old in value:
                value = value.replace(old, new)
        return value

    def value(self, golden: Any, where: Where = (), url_path: str = "") -> Any:
        """A JSON value as it is to be sent."""
        if isinstance(golden, dict):
            return {self._key(key): self.value(item, (*where, key), url_path) for key, item in golden.items()}
        if isinstance(golden, list):
            return [self.value(item, (*where, at), url_path) for at, item in enumerate(whole(golden))]
        if isinstance(golden, str):
            return self.text(golden)
        if isinstance(golden, int) and not isinstance(golden, bool):
            return self.number(golden, where, url_path)
        return golden

    def _key(self, key: str) -> str:
        return str(self.number(int(key), ("fileID",))) if key.isdigit() else key

    def api_url(self, url: str) -> str:
        """Path and query of an API call."""
        path, _, query = url.partition("?")
        parts = [self._segment(part, path) for part in path.split("/")]
        if not query:
            return "/".join(parts) + ("?" if url.endswith("?") else "")
        pairs = [(name, self._parameter(path, name, value)) for name, value in parse_qsl(query, keep_blank_values=True)]
        return "/".join(parts) + "?" + urlencode(pairs, quote_via=quote)

    def _segment(self, part: str, path: str) -> str:
        if part.isdigit():
            return str(self.number(int(part), ("collectionID",) if path.startswith("/collections") else ("id",)))
        return quote(self.texts.get(unquote(part), unquote(part)), safe="@:'()[]")

    def _parameter(self, path: str, name: str, value: str) -> str:
        if path == "/users/session" and value in self.handles:
            return self.handles[value]
        if value.isdigit():
            return str(self.number(int(value), (name,)))
        return self.text(value)


def whole(items: list[Any]) -> list[Any]:
    """A list that was shortened to its first items and a count: the following numbers, in the same shape."""
    cut = re.fullmatch(r"…\((\d+) items\)", items[-1]) if items and isinstance(items[-1], str) else None
    if cut is None:
        return items
    numbers = range(len(items), int(cut[1]) + 1)
    if isinstance(items[0], dict):
        return items[:-1] + [{**items[0], "fileID": number} for number in numbers]
    return items[:-1] + list(numbers)


def fill(start: str, length: int) -> str:
    """A shortened base64 text made whole again: same start and length, other middle."""
    body = start + "A" * (length - len(start))
    return body[:-1] + "=" if length == 684 else body
