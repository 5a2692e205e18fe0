-- What administrators did: one row an act, written with it. Names of accounts are numbers, so that it keeps no address of who has left.
CREATE TABLE admin_acts (
  act_id {identity 1},
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,                        -- command, page, user 17
  act TEXT NOT NULL,                          -- account.quota
  user_id INTEGER,                            -- whom it is about
  detail TEXT NOT NULL DEFAULT ''
);
CREATE INDEX admin_acts_by_user ON admin_acts (user_id, act_id) WHERE user_id IS NOT NULL;
-- Ways into the administration page: links that are used once, and sessions. Only the SHA-256 of a secret is kept.
CREATE TABLE admin_entries (
  secret_hash BLOB PRIMARY KEY,
  kind TEXT NOT NULL,                         -- link, session
  created_at INTEGER NOT NULL,
  last_used_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  ip TEXT NOT NULL DEFAULT ''
);
CREATE INDEX admin_entries_expiry ON admin_entries (expires_at);
-- When each background job ran last, and how it went.
CREATE TABLE job_runs (
  name TEXT PRIMARY KEY,
  began_at INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  succeeded_at INTEGER,                       -- null: never yet
  problem TEXT NOT NULL DEFAULT ''            -- of the last run: the kind of the error
);
-- The address that a waiting code was asked for, sealed: a server without mail shows its administrator whom the code is for.
ALTER TABLE otts ADD COLUMN email_cipher BLOB;
ALTER TABLE otts ADD COLUMN email_nonce BLOB;
-- The address of an invitation, sealed, for the list of them.
ALTER TABLE invites ADD COLUMN email_cipher BLOB;
ALTER TABLE invites ADD COLUMN email_nonce BLOB;
