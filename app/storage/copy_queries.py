"""SQL of copies, passes and the operator's word on stores: one function a statement.

These look after every account's objects at once; nothing reachable over HTTP may use them. Of the table `objects`, whose writer is
`app.objects`, only the column `store` changes here, of rows that are locked.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from ..db import Tx

GOOD = ("stored", "leaving")


@dataclass(frozen=True, slots=True)
class Copy:
    """An object in one store, as `object_copies` has it."""

    state: str
    takes_home: bool = False
    digest: str | None = None
    verified_at: int | None = None  # µs; read and compared


@dataclass(frozen=True, slots=True)
class Facts:
    """An object and everywhere it is or should be. `home`: where reads go first. `original`: a photo's own bytes, no thumbnail."""

    object_id: int
    key: str
    size: int
    md5: str | None
    state: str
    home: str
    created_at: int
    original: bool = False
    copies: Mapping[str, Copy] = field(default_factory=dict)

    @property
    def digest(self) -> str | None:
        return next((c.digest for c in self.copies.values() if c.digest and c.state in GOOD), None)

    @property
    def good(self) -> list[str]:
        """Stores that should have good bytes, home first: unless somebody found them wanting."""
        at_home = [self.home] if self.home not in self.copies or self.copies[self.home].state in GOOD else []
        return at_home + [s for s, c in self.copies.items() if s != self.home and c.state in GOOD]


@dataclass(frozen=True, slots=True)
class Work:
    """A claimed copy."""

    object_id: int
    store: str
    state: str
    takes_home: bool
    attempts: int
    lease: int  # µs; a copy whose row has another is no longer ours


_FACTS = (
    "SELECT o.object_id, o.object_key, o.size, o.md5, o.state, o.store, o.created_at, "
    "EXISTS (SELECT 1 FROM files f WHERE f.file_object_id = o.object_id) FROM objects o "
)


def _with_copies(tx: Tx, rows: Sequence[tuple[object, ...]]) -> list[Facts]:
    found: dict[int, dict[str, Copy]] = {}
    ids = [row[0] for row in rows]
    sql = "SELECT object_id, store, state, takes_home, digest, verified_at FROM object_copies WHERE object_id IN (:ids[]) ORDER BY object_id, store"
    for object_id, store, state, takes_home, digest, verified_at in tx.all(sql, ids=ids) if ids else ():
        found.setdefault(object_id, {})[store] = Copy(state, bool(takes_home), digest, verified_at)
    return [
        Facts(i, key, size, md5, state, home, created, bool(original), found.get(i, {}))  # type: ignore[arg-type,call-overload]  # a row's values
        for i, key, size, md5, state, home, created, original in rows
    ]


def facts(tx: Tx, object_id: int, *, lock: bool = False) -> Facts | None:
    """`lock`: the object's row until COMMIT."""
    if lock:
        tx.lock("SELECT object_id FROM objects WHERE object_id = :object_id FOR UPDATE", object_id=object_id)
    found = _with_copies(tx, tx.all(_FACTS + "WHERE o.object_id = :object_id", object_id=object_id))
    return found[0] if found else None


def by_key(tx: Tx, key: str) -> Facts | None:
    found = _with_copies(tx, tx.all(_FACTS + "WHERE o.object_key = :key", key=key))
    return found[0] if found else None


_PAGE = _FACTS + "WHERE o.object_id > :after ORDER BY o.object_id LIMIT :limit"


def page(tx: Tx, after: int, limit: int) -> list[Facts]:
    """Objects with an id above `after`, in the order of their ids."""
    return _with_copies(tx, tx.all(_PAGE, after=after, limit=limit))


def locked_page(tx: Tx, after: int, limit: int) -> list[Facts]:
    """As `page`, their rows locked until COMMIT."""
    return _with_copies(tx, tx.all(_PAGE + " FOR UPDATE OF o", after=after, limit=limit))


def last_id(tx: Tx) -> int:
    return int(tx.value("SELECT COALESCE(MAX(object_id), 0) FROM objects"))


# --- where else
def places(tx: Tx, key: str) -> list[str]:
    """Stores that have good bytes of a key, home first."""
    found = by_key(tx, key)
    return [] if found is None else found.good


def others(tx: Tx, object_ids: Collection[int]) -> list[tuple[int, str]]:
    """(object, store) wherever bytes of these objects may lie beside their homes."""
    rows = tx.all("SELECT object_id, store FROM object_copies WHERE object_id IN (:ids[]) ORDER BY object_id, store", ids=sorted(object_ids))
    return [(object_id, store) for object_id, store in rows]


def states_of(tx: Tx, object_ids: Collection[int]) -> list[tuple[int, str, str]]:
    """(object, store, state of its bytes there) as far as that is written down."""
    rows = tx.all("SELECT object_id, store, state FROM object_copies WHERE object_id IN (:ids[]) ORDER BY object_id, store", ids=sorted(object_ids))
    return [(object_id, store, state) for object_id, store, state in rows]


def leased(tx: Tx, object_ids: Collection[int], now: int) -> set[int]:
    """Which of these objects somebody is copying at this moment."""
    rows = tx.all("SELECT object_id FROM object_copies WHERE object_id IN (:ids[]) AND leased_until > :now", ids=sorted(object_ids), now=now)
    return {object_id for (object_id,) in rows}


def forget(tx: Tx, object_ids: Collection[int]) -> None:
    tx.run("DELETE FROM object_copies WHERE object_id IN (:ids[])", ids=sorted(object_ids))


def discard(tx: Tx, key: str, store: str, now: int) -> None:
    tx.run(
        "INSERT INTO object_copies (object_id, store, state, retry_at) SELECT object_id, :store, 'deleting', :now FROM objects "
        "WHERE object_key = :key ON CONFLICT (object_id, store) DO NOTHING",
        key=key,
        store=store,
        now=now,
    )


def misplaced(tx: Tx, store: str, keys: Collection[str]) -> list[str]:
    """Which of these keys are objects that should not be in a store: neither at home there nor copied."""
    rows = tx.all(
        "SELECT o.object_key FROM objects o WHERE o.object_key IN (:keys[]) AND o.store <> :store AND o.state <> 'deleting' "
        "AND NOT EXISTS (SELECT 1 FROM object_copies c WHERE c.object_id = o.object_id AND c.store = :store)",
        store=store,
        keys=sorted(keys),
    )
    return [key for (key,) in rows]


# --- the queue
def is_due(tx: Tx, now: int) -> bool:
    return tx.value("SELECT 1 FROM object_copies WHERE state IN ('pending', 'deleting') AND retry_at <= :now LIMIT 1", now=now) is not None


def claim(tx: Tx, now: int, lease: int) -> Work | None:
    """Take the copy that is due first and nobody else's, until `lease`."""
    row = tx.one(
        "UPDATE object_copies SET leased_until = :lease, retry_at = :lease, attempts = attempts + 1 WHERE (object_id, store) IN "
        "(SELECT c.object_id, c.store FROM object_copies c WHERE c.state IN ('pending', 'deleting') AND c.retry_at <= :now "
        "ORDER BY c.retry_at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING object_id, store, state, takes_home, attempts",
        now=now,
        lease=lease,
    )
    return None if row is None else Work(row[0], row[1], row[2], bool(row[3]), row[4], lease)


def renew(tx: Tx, work: Work, lease: int) -> bool:
    """Whether it was still ours."""
    return bool(
        tx.run(
            "UPDATE object_copies SET leased_until = :until, retry_at = :until "
            "WHERE object_id = :object_id AND store = :store AND leased_until = :lease",
            of=work,
            until=lease,
        )
    )


def release(tx: Tx, work: Work, retry_at: int, *, state: str, attempts: int, problem: str) -> None:
    """Give a claimed copy back, to be tried again at a time, or `dead`."""
    tx.run(
        "UPDATE object_copies SET leased_until = 0, retry_at = :retry_at, state = :to, attempts = :tried, problem = :problem "
        "WHERE object_id = :object_id AND store = :store AND leased_until = :lease",
        of=work,
        retry_at=retry_at,
        to=state,
        tried=attempts,
        problem=problem[:500],
    )


def remove(tx: Tx, object_id: int, store: str) -> None:
    tx.run("DELETE FROM object_copies WHERE object_id = :object_id AND store = :store", object_id=object_id, store=store)


def want(tx: Tx, object_id: int, store: str, now: int, *, takes_home: bool = False, problem: str = "") -> None:
    """Bytes are to come to this store, or what lies there is to be looked at and mended."""
    tx.run(
        "INSERT INTO object_copies (object_id, store, state, takes_home, retry_at, problem) "
        "VALUES (:object_id, :store, 'pending', :takes_home, :now, :problem) ON CONFLICT (object_id, store) DO UPDATE SET "
        "state = 'pending', takes_home = excluded.takes_home, retry_at = excluded.retry_at, attempts = 0, problem = excluded.problem "
        "WHERE object_copies.state NOT IN ('deleting', 'pending') OR object_copies.leased_until <= :now",
        object_id=object_id,
        store=store,
        now=now,
        takes_home=takes_home,
        problem=problem[:500],
    )


def note_stored(tx: Tx, object_id: int, store: str, digest: str | None, now: int | None, state: str = "stored") -> None:
    """Good bytes lie here: read and compared at `now`, or never."""
    tx.run(
        "INSERT INTO object_copies (object_id, store, state, digest, verified_at) VALUES (:object_id, :store, :state, :digest, :now) "
        "ON CONFLICT (object_id, store) DO UPDATE SET state = excluded.state, digest = COALESCE(excluded.digest, object_copies.digest), "
        "verified_at = COALESCE(excluded.verified_at, object_copies.verified_at), takes_home = FALSE, attempts = 0, leased_until = 0, problem = ''",
        object_id=object_id,
        store=store,
        state=state,
        digest=digest,
        now=now,
    )


def verified(tx: Tx, object_id: int, store: str, digest: str, now: int) -> None:
    """As `note_stored`, of bytes that were good before: a copy that is pending or leaving stays so."""
    tx.run(
        "INSERT INTO object_copies (object_id, store, state, digest, verified_at) SELECT o.object_id, :store, 'stored', :digest, :now FROM objects o "
        "WHERE o.object_id = :object_id AND o.state = 'stored' "
        "ON CONFLICT (object_id, store) DO UPDATE SET digest = excluded.digest, verified_at = excluded.verified_at "
        "WHERE object_copies.state IN ('stored', 'leaving')",
        object_id=object_id,
        store=store,
        digest=digest,
        now=now,
    )


def set_state(tx: Tx, object_id: int, store: str, state: str, now: int, *, at: int | None = None) -> None:
    """Of a copy that nobody is writing. `at`: when its work is due, if not now."""
    tx.run(
        "UPDATE object_copies SET state = :state, retry_at = :at, attempts = 0, takes_home = FALSE "
        "WHERE object_id = :object_id AND store = :store AND leased_until <= :now",
        object_id=object_id,
        store=store,
        state=state,
        now=now,
        at=now if at is None else at,
    )


def set_home(tx: Tx, object_id: int, store: str) -> None:
    tx.run("UPDATE objects SET store = :store WHERE object_id = :object_id AND state = 'stored'", object_id=object_id, store=store)


# --- figures
def in_stores(tx: Tx) -> dict[str, tuple[int, int]]:
    """store → (objects, bytes) of everything that lies in it."""
    rows = tx.all(
        "SELECT p.store, COUNT(*), CAST(SUM(p.size) AS BIGINT) FROM (SELECT o.store, o.size FROM objects o WHERE o.state <> 'deleting' UNION ALL "
        "SELECT c.store, o.size FROM object_copies c JOIN objects o ON o.object_id = c.object_id "
        "WHERE c.state IN ('stored', 'leaving', 'deleting') AND c.store <> o.store) p GROUP BY p.store"
    )
    return {store: (n, int(size)) for store, n, size in rows}


def states(tx: Tx) -> dict[tuple[str, str], int]:
    """(store, state) → copies of what is stored; what is wanted of uploads that are no file yet is nobody's worry."""
    rows = tx.all(
        "SELECT c.store, c.state, COUNT(*) FROM object_copies c JOIN objects o ON o.object_id = c.object_id WHERE o.state = 'stored' "
        "GROUP BY c.store, c.state"
    )
    return {(store, state): n for store, state, n in rows}


def dead(tx: Tx, limit: int) -> list[tuple[str, str, str]]:
    """(key, store, problem) of copies that were given up."""
    rows = tx.all(
        "SELECT o.object_key, c.store, c.problem FROM object_copies c JOIN objects o ON o.object_id = c.object_id WHERE c.state = 'dead' "
        "ORDER BY c.object_id, c.store LIMIT :limit",
        limit=limit,
    )
    return [(key, store, problem) for key, store, problem in rows]


def revive(tx: Tx, store: str, now: int) -> int:
    """Try given-up copies of a store again."""
    return tx.run(
        "UPDATE object_copies SET state = 'pending', attempts = 0, retry_at = :now WHERE store = :store AND state = 'dead'", store=store, now=now
    )


# --- the operator's word
def said(tx: Tx) -> dict[str, str]:
    """store → state."""
    return dict(tx.all("SELECT name, state FROM storage_stores"))


def say(tx: Tx, name: str, state: str, now: int) -> None:
    tx.run(
        "INSERT INTO storage_stores (name, state, changed_at) VALUES (:name, :state, :now) "
        "ON CONFLICT (name) DO UPDATE SET state = excluded.state, changed_at = excluded.changed_at",
        name=name,
        state=state,
        now=now,
    )


# --- passes
@dataclass(frozen=True, slots=True)
class Sweep:
    """A pass over all objects, up to `cursor`."""

    name: str
    kind: str
    store: str
    target: str
    cursor: int
    objects: int
    bytes: int
    problems: int
    started_at: int
    finished_at: int | None


_SWEEP = "SELECT name, kind, store, target, cursor, objects, bytes, problems, started_at, finished_at FROM storage_sweeps "


def sweep(tx: Tx, name: str) -> Sweep | None:
    row = tx.one(_SWEEP + "WHERE name = :name", name=name)
    return None if row is None else Sweep(*row)


def sweeps(tx: Tx) -> list[Sweep]:
    return [Sweep(*row) for row in tx.all(_SWEEP + "ORDER BY started_at, name")]


def begin_sweep(tx: Tx, name: str, kind: str, store: str, target: str, now: int) -> None:
    """Start, or start again from the first object."""
    tx.run(
        "INSERT INTO storage_sweeps (name, kind, store, target, started_at) VALUES (:name, :kind, :store, :target, :now) "
        "ON CONFLICT (name) DO UPDATE SET target = excluded.target, cursor = 0, objects = 0, bytes = 0, problems = 0, "
        "started_at = excluded.started_at, finished_at = NULL",
        name=name,
        kind=kind,
        store=store,
        target=target,
        now=now,
    )


def advance(tx: Tx, was: Sweep, cursor: int, objects: int, size: int, problems: int) -> None:
    """Unless another process was faster."""
    tx.run(
        "UPDATE storage_sweeps SET cursor = :to, objects = objects + :n, bytes = bytes + :size, problems = problems + :bad "
        "WHERE name = :name AND cursor = :cursor AND started_at = :started_at",
        of=was,
        to=cursor,
        n=objects,
        size=size,
        bad=problems,
    )


def finish_sweep(tx: Tx, was: Sweep, now: int) -> None:
    tx.run("UPDATE storage_sweeps SET finished_at = :now WHERE name = :name AND started_at = :started_at AND finished_at IS NULL", of=was, now=now)


def set_fingerprint(tx: Tx, name: str, fingerprint: str) -> None:
    tx.run("UPDATE storage_sweeps SET target = :fingerprint WHERE name = :name", name=name, fingerprint=fingerprint)
