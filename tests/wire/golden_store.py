"""The object-store side of a replay: made-up bytes with their MD5s, and which URL of this run a recorded one stands for.

Recorded URLs are shortened, so several may look alike; parts are told apart by their MD5, the rest by golden_tables.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from tests.clients.crypto import b64, completion_xml, unb64
from tests.wire import golden_tables as tables
from tests.wire.golden_map import SHORTENED, Mapping

Step = dict[str, Any]


class Store:
    def __init__(self, case: str, base_url: str, steps: list[Step], mapping: Mapping) -> None:
        self.case, self.base_url, self.steps, self.map = case, base_url, steps, mapping
        self.etags: dict[str, str] = {}
        self._lengths: dict[str, int] = {}
        self._known: list[bytes] = [step["body"].encode() for step in steps if isinstance(step.get("body"), str)]
        self._uploads: list[dict[str, Any]] = []
        self._learn_sums()

    # -- bytes ----------------------------------------------------------------------------------

    def _learn_sums(self) -> None:
        """Every recorded MD5 gets bytes of the declared length, and so an MD5 of this run."""
        for step in self.steps:
            body = step.get("body")
            if isinstance(body, dict) and isinstance(body.get("contentMD5"), str):
                self._declare(body["contentMD5"], body.get("contentLength"))
            if isinstance(body, dict) and isinstance(body.get("partMd5s"), list):
                self._declare_parts(body)
        for step in self.steps:
            body = step.get("body")
            if isinstance(body, dict) and isinstance(body.get("bytes"), int) and "content-md5" in step["headers"]:
                self._declare(step["headers"]["content-md5"], body["bytes"])

    def _declare_parts(self, body: dict[str, Any]) -> None:
        left, size = body.get("contentLength"), body.get("partLength")
        if isinstance(left, int) and isinstance(size, int):
            for number, md5 in enumerate(body["partMd5s"]):
                self._declare(md5, max(min(size, left - number * size), 0))

    def _declare(self, md5: Any, length: Any) -> None:
        try:
            whole = len(unb64(md5.strip())) == 16 and isinstance(length, int) and 0 <= length < 1 << 27
        except (ValueError, AttributeError):
            return
        if whole and md5.strip() not in self._lengths:
            self._lengths[md5.strip()] = length
            fresh = b64(hashlib.md5(self.blob(md5.strip(), length)).digest())
            self.map.texts[md5.strip()] = fresh
            self.map.texts[md5] = md5.replace(md5.strip(), fresh)

    def blob(self, name: str, length: int) -> bytes:
        """The bytes of a recorded MD5: the true ones where the recording shows them."""
        for known in self._known:
            if b64(hashlib.md5(known).digest()) == name:
                return known
        seed = hashlib.sha512(name.encode()).digest()
        return (seed * (length // 64 + 1))[:length]

    # -- object store ---------------------------------------------------------------------------

    def url_of(self, number: int, step: Step) -> str:
        forged = tables.FORGED_KEYS.get((self.case, number))
        if forged:
            first, second = (self._issued(at) for at in forged)
            return str(first["url"]).replace(first["key"], second["key"])
        if not SHORTENED.match(step["url"]):
            for issued in self._uploads:
                if issued["golden_key"] in step["url"]:
                    return str(issued["url"]).partition("?")[0]
            return self.base_url + "/unknown"
        choices = self.map.urls.get(step["url"], [self.base_url + "/never-issued"])
        return choices[self._choice(number, step, len(choices))]

    def _choice(self, number: int, step: Step, among: int) -> int:
        if (self.case, number) in tables.PART_INDEXES:
            return min(tables.PART_INDEXES[self.case, number], among - 1)
        md5 = step["headers"].get("content-md5")
        for other in self.steps:
            sums = (other.get("body") or {}).get("partMd5s") if isinstance(other.get("body"), dict) else None
            if sums and md5 in sums:
                return min(int(sums.index(md5)), among - 1)
        return among - 1

    def _issued(self, at: int) -> dict[str, Any]:
        return next(row for row in self._uploads if row["step"] == at)

    def body_of(self, number: int, step: Step, url: str) -> bytes | None:
        body, method = step["body"], step["method"]
        if isinstance(body, str) and SHORTENED.match(body) and "<" in body:
            return self._completion(url).replace("<Part", "\n  <Part").replace('"', "").encode()
        if isinstance(body, str):
            return self.map.text(body).encode() if "<" not in body else self._with_etags(body).encode()
        if method == "POST" and step["status"] == 200:
            return self._completion(url).encode()
        if not isinstance(body, dict):
            return None
        md5 = step["headers"].get("content-md5", "")
        length = body["bytes"] if isinstance(body["bytes"], int) else self._lengths.get(md5)
        length = tables.RAW_LENGTHS.get((self.case, number), length)
        assert length is not None, f"{self.case}: step {number}: length of the upload is not known"
        if step["status"] == 400 or length != self._lengths.get(md5, length):
            return self.blob(f"other {md5}", length)
        return self.blob(md5 or step["reply_headers"].get("etag", url), length)

    def _completion(self, url: str) -> str:
        """The XML whose recording was lost, from this run's ETags."""
        parts = next(row["parts"] for row in self._uploads if row.get("complete") == url)
        return completion_xml([self.etags[part] for part in parts])

    def _with_etags(self, xml: str) -> str:
        for golden, actual in self.map.texts.items():
            if re.fullmatch(r"[0-9a-f]{32}(-\d+)?", golden):
                xml = xml.replace(golden, actual)
        return xml

    def remember(self, number_of: Step, golden: Any, actual: Any) -> None:
        """Upload URLs of this run, in the shapes of the four upload-URL calls."""
        number = next(at for at, step in enumerate(self.steps) if step is number_of)
        for old, new in zip(_targets(golden), _targets(actual), strict=False):
            row = {"step": number, "golden_key": old["objectKey"], "key": new["objectKey"], "url": new.get("url", "")}
            self._uploads.append({**row, "parts": new.get("partURLs", []), "complete": new.get("completeURL")})


def _targets(reply: Any) -> list[dict[str, Any]]:
    if not isinstance(reply, dict):
        return []
    urls = reply.get("urls")
    if isinstance(urls, list):
        return [row for row in urls if isinstance(row, dict)]
    found = urls if isinstance(urls, dict) else reply
    return [found] if "objectKey" in found and ("url" in found or "partURLs" in found) else []
