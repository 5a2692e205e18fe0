"""What guests may bring through one link in a day: bytes, files, text about them, and what they upload and never commit.

Everything is counted in the database (`kernel.limits.count`): over restarts, and for all processes together. Uploads count from the moment
their URL is given out until they are committed. One network may have as many open as a link takes in a day, all networks together twice
that, so that one guest who only asks for URLs does not shut out the others.
"""

from __future__ import annotations

from ..db import Tx
from ..files.wire import Committed, NewFile
from ..kernel import limits
from ..kernel.clock import DAY
from ..kernel.config import Links
from ..kernel.errors import StorageFull

TEXT = 32 << 20
"""Characters of encrypted metadata and keys: they lie in the database, where nothing else bounds them. Apps write about a thousand a file."""
_OBJECTS = 2  # of a file: itself and its thumbnail
_ALL = 2  # times what one network may have open


def ask(tx: Tx, links: Links, link_id: int, network: str, size: int, now: int) -> None:
    """Count an upload that is about to begin; StorageFull when the link has brought enough today, or has enough open."""
    for what, by, bound, most in (("bytes", size, links.collect_limit, links.collect_limit), ("files", 1, links.collect_files, _objects(links))):
        if not bound:
            continue
        if limits.standing(tx, _brought(what, link_id), now, DAY) >= bound:
            raise StorageFull(log=f"link {link_id} has brought {bound} {what} today")
        near, total = _open(what, link_id, network)
        if limits.count(tx, near, now, DAY, by) > most or limits.count(tx, total, now, DAY, by) > _ALL * most:
            raise StorageFull(log=f"link {link_id} has too many uploads open ({what})")


def bring(tx: Tx, links: Links, link_id: int, network: str, ask: NewFile, made: Committed, now: int) -> None:
    """Count a file that is being committed, and its objects no longer as open; StorageFull beyond what a day may bring."""
    size = made.file.size + made.thumbnail.size
    for what, by, gone, bound in (
        ("bytes", size, size, links.collect_limit),
        ("files", 1, _OBJECTS, links.collect_files),
        ("text", _text(ask), 0, TEXT),
    ):
        for bucket in _open(what, link_id, network) if gone else ():
            limits.give_back(tx, bucket, gone)
        if bound and limits.count(tx, _brought(what, link_id), now, DAY, by) > bound:
            raise StorageFull(log=f"link {link_id} brought more than {bound} ({what}) in a day")


def _text(ask: NewFile) -> int:
    """Characters that the database keeps of a file."""
    texts = [ask.encrypted_key, ask.key_decryption_nonce, ask.metadata.encrypted_data, ask.metadata.decryption_header]
    texts += [o.decryption_header for o in (ask.file, ask.thumbnail)]
    texts += [text for magic in (ask.magic_metadata, ask.pub_magic_metadata) if magic for text in (magic.data, magic.header)]
    return sum(map(len, texts))


def _objects(links: Links) -> int:
    return _OBJECTS * links.collect_files


def _brought(what: str, link_id: int) -> str:
    return f"collect:{link_id}" if what == "bytes" else f"collect:{what} {link_id}"


def _open(what: str, link_id: int, network: str) -> tuple[str, str]:
    """The counters of what is open: (of this network, of all)."""
    return f"collect:open {what} {link_id} from {network}", f"collect:open {what} {link_id}"
