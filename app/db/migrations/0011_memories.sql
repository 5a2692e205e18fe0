-- Memories shared by link (collections.md §11): some photos, not an album, for a week. Opaque but for ids, order and times.
CREATE TABLE memory_shares (
  memory_id {identity 1},
  user_id INTEGER NOT NULL REFERENCES users(user_id),
  type TEXT NOT NULL,
  memory_hash TEXT,
  metadata_cipher TEXT,
  metadata_nonce TEXT,
  encrypted_key TEXT NOT NULL,                -- the secret in the link, for the owner's other devices
  key_nonce TEXT NOT NULL,
  token_hash TEXT NOT NULL UNIQUE,
  token_cipher BLOB NOT NULL,
  token_nonce BLOB NOT NULL,
  is_deleted BOOLEAN NOT NULL DEFAULT FALSE,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);
CREATE INDEX memory_shares_of_user ON memory_shares (user_id, created_at);

-- The photos of a shared memory, in their order, with their keys for it.
CREATE TABLE memory_share_files (
  memory_id INTEGER NOT NULL REFERENCES memory_shares(memory_id),
  file_id INTEGER NOT NULL REFERENCES files(file_id),
  position INTEGER NOT NULL,
  encrypted_key TEXT NOT NULL,
  key_nonce TEXT NOT NULL,
  PRIMARY KEY (memory_id, file_id)
);
