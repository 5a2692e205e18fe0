-- Notes that are read once, then gone (collections.md §12.1). Opaque but for the times.
CREATE TABLE pastes (
  token_hash TEXT PRIMARY KEY,                -- keyed hash: who reads the database opens no paste
  encrypted_data TEXT NOT NULL,
  decryption_header TEXT NOT NULL,
  encrypted_key TEXT NOT NULL,
  key_nonce TEXT NOT NULL,
  kdf_nonce TEXT NOT NULL,
  kdf_mem_limit INTEGER NOT NULL,
  kdf_ops_limit INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
);
CREATE INDEX pastes_by_expiry ON pastes (expires_at);
