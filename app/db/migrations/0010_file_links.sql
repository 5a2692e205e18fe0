-- Links to a single file (files.md §7). The secrets are encrypted by clients; `encrypted_share_key` lets the owner's other devices rebuild the address.
CREATE TABLE file_links (
  link_id TEXT PRIMARY KEY,                   -- pft_…
  file_id INTEGER NOT NULL REFERENCES files(file_id),
  owner_id INTEGER NOT NULL REFERENCES users(user_id),
  app TEXT NOT NULL,
  token_hash TEXT NOT NULL UNIQUE,            -- keyed hash; the token itself encrypted beside it, because its owner is shown it again
  token_cipher BLOB NOT NULL,
  token_nonce BLOB NOT NULL,
  is_disabled BOOLEAN NOT NULL DEFAULT FALSE,
  valid_till INTEGER NOT NULL DEFAULT 0,
  device_limit INTEGER NOT NULL DEFAULT 0,
  pass_hash TEXT,
  pass_nonce TEXT,
  mem_limit INTEGER,
  ops_limit INTEGER,
  enable_download BOOLEAN NOT NULL DEFAULT TRUE,
  encrypted_file_key TEXT,
  encrypted_file_key_nonce TEXT,
  kdf_nonce TEXT,
  kdf_mem_limit INTEGER,
  kdf_ops_limit INTEGER,
  encrypted_share_key TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX file_links_live ON file_links (file_id) WHERE NOT is_disabled;
CREATE INDEX file_links_of_owner ON file_links (owner_id, app, created_at);

-- Devices that opened a file's link.
CREATE TABLE file_link_devices (
  link_id TEXT NOT NULL REFERENCES file_links(link_id),
  ip TEXT NOT NULL,
  user_agent TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (link_id, ip, user_agent)
);
