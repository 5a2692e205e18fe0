-- Which installation this database is one part of; the others are secrets.toml and the stores. One row, written at the first start.
CREATE TABLE instance (
  id TEXT PRIMARY KEY,                        -- follows from the secrets
  created_at INTEGER NOT NULL,
  probed_at INTEGER NOT NULL                  -- written by health probes: whether a write works
);

-- Stores that carry the mark of this installation.
CREATE TABLE instance_stores (
  name TEXT PRIMARY KEY,
  marked_at INTEGER NOT NULL
);

-- Multipart uploads that were begun and neither completed nor given up, and what their parts hold.
CREATE TABLE multiparts (
  upload_id TEXT PRIMARY KEY,
  object_key TEXT NOT NULL,
  owner_id INTEGER NOT NULL REFERENCES users(user_id),
  store TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  touched_at INTEGER NOT NULL
);
CREATE INDEX multiparts_by_owner ON multiparts (owner_id, touched_at);
CREATE INDEX multiparts_by_age ON multiparts (touched_at);

ALTER TABLE users ADD COLUMN former_hash TEXT;     -- of a deleted account: its address's hash, as long as its data is kept
ALTER TABLE users ADD COLUMN purged_at INTEGER;    -- of a deleted account: when its data went
CREATE INDEX users_by_former_hash ON users (former_hash) WHERE former_hash IS NOT NULL;
CREATE INDEX users_to_purge ON users (deleted_at) WHERE deleted_at IS NOT NULL AND purged_at IS NULL;

ALTER TABLE invites ADD COLUMN used_at INTEGER;    -- an invitation brings one account
