"""Wire shapes of /files/share-url* (files.md §7.1)."""

from __future__ import annotations

from ..http.query import Query
from ..kernel.fields import Key, Word
from ..kernel.wire import Body, Lean, Needed, Reply


class NewFileLink(Body):
    """POST /files/share-url. The secrets are the clients' own scheme."""

    file_id: Needed[int]
    app: Needed[Word]
    encrypted_file_key: Key | None = None
    encrypted_file_key_nonce: Key | None = None
    kdf_nonce: Key | None = None
    kdf_mem_limit: int | None = None
    kdf_ops_limit: int | None = None
    encrypted_share_key: Key | None = None


class FileLinkChange(Body):
    """PUT /files/share-url: null leaves a value as it is."""

    link_id: Needed[Word]
    file_id: Needed[int]
    valid_till: int | None = None
    device_limit: int | None = None
    pass_hash: Key | None = None
    nonce: Key | None = None
    mem_limit: int | None = None
    ops_limit: int | None = None
    enable_download: bool | None = None
    disable_password: bool | None = None


class SinceQuery(Query):
    """GET /files/share-url; µs."""

    since_time: int
    limit: int = 500


class FileUrlRow(Lean, kw_only=True):
    """A link as its owner sees it. Times in µs; absent where there is none."""

    link_id: str
    url: str
    owner_id: int
    file_id: int
    is_disabled: bool
    valid_till: int
    device_limit: int
    password_enabled: bool
    nonce: str | None = None
    mem_limit: int | None = None
    ops_limit: int | None = None
    enable_download: bool
    created_at: int
    encrypted_file_key: str | None = None
    encrypted_file_key_nonce: str | None = None
    kdf_nonce: str | None = None
    kdf_mem_limit: int | None = None
    kdf_ops_limit: int | None = None
    encrypted_share_key: str | None = None


class OneFileUrl(Reply):
    result: FileUrlRow


class FileUrls(Reply):
    """null when there are none."""

    diff: list[FileUrlRow] | None
