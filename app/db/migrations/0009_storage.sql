ALTER TABLE users ADD COLUMN bonus INTEGER NOT NULL DEFAULT 0;  -- bytes on top of the limit, given by an administrator

-- Where an object's bytes lie, or should lie, beside what objects.store says; of its own store too, once that was looked at or found wanting.
-- With one store and no scrub there are no rows. pending (bytes are to come; retried at retry_at), stored (they were read and compared),
-- deleting (they are to go, then the row), dead (tried often enough, or nothing good is left: an operator has to look).
CREATE TABLE object_copies (
  object_id INTEGER NOT NULL REFERENCES objects(object_id),
  store TEXT NOT NULL,
  state TEXT NOT NULL,
  takes_home BOOLEAN NOT NULL DEFAULT FALSE,  -- once stored, reads go here: objects.store changes
  digest TEXT,                                -- BLAKE2b-256 in hex
  verified_at INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0,
  retry_at INTEGER NOT NULL DEFAULT 0,
  leased_until INTEGER NOT NULL DEFAULT 0,    -- somebody is writing these bytes
  problem TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (object_id, store)
);
CREATE INDEX object_copies_due ON object_copies (retry_at) WHERE state IN ('pending', 'deleting');
CREATE INDEX object_copies_states ON object_copies (store, state);

-- What an operator said of a store: active, draining (gives its objects to others, takes none), retired (holds nothing). Without a row: active.
CREATE TABLE storage_stores (
  name TEXT PRIMARY KEY,
  state TEXT NOT NULL,
  changed_at INTEGER NOT NULL
);

-- Passes over all objects in the order of their ids, which a killed process resumes: plan, scrub, drain, resync, verify, move.
CREATE TABLE storage_sweeps (
  name TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  store TEXT NOT NULL DEFAULT '',
  target TEXT NOT NULL DEFAULT '',
  cursor INTEGER NOT NULL DEFAULT 0,          -- the last object id that was looked at
  objects INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0,
  problems INTEGER NOT NULL DEFAULT 0,
  started_at INTEGER NOT NULL,
  finished_at INTEGER
);
