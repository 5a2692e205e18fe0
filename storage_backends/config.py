"""What a store is made from. Reads no files and no environment: the application does."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class StoreConfig:
    """One configured store; `kind` is `filesystem` or `sqlite` (need `path`), `memory`, or `s3` (needs `endpoint`, `bucket` and the keys).

    `endpoint` is where this server reaches S3, `public_endpoint` (default: the same) where clients do. `proxy`: clients do not reach
    S3 at all and bytes travel over our origin. `tmp`: where bodies wait on their way to S3 (default: the system's folder). `prefix`: begins
    every key in the bucket, for a part of one (with `proxy` only: presigned URLs know nothing of it).
    """

    name: str
    kind: str
    path: Path | None = None
    endpoint: str = ""
    public_endpoint: str = ""
    bucket: str = ""
    region: str = "us-east-1"
    access_key: str = ""
    secret_key: str = field(default="", repr=False)
    path_style: bool = True
    proxy: bool = False
    prefix: str = ""
    tmp: Path | None = None
