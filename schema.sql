-- The whole schema as it stands: what app/db/migrations/ adds up to, and a test keeps it so. To be read; the server does not.
--
-- Written for SQLite. PostgreSQL gets the same with its own types (app/db/dialect.py): INTEGER is BIGINT, BLOB is BYTEA.
-- {identity N} is a table's id: given out by the database, rising, the first one being N.

-- Times are µs since 1970 UTC. `stamp`-like columns (updation_time, updated_at) come from app/kernel/sync.py only.
-- Encrypted texts are stored exactly as the client sent them.

-- Accounts. A deleted account keeps its row: email null, email_hash "deleted+<id>".
CREATE TABLE users (
  user_id {identity 1580559962386438},
  email_cipher BLOB,
  email_nonce BLOB,
  email_hash TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  source TEXT,
  email_mfa BOOLEAN NOT NULL DEFAULT FALSE,
  totp_enabled BOOLEAN NOT NULL DEFAULT FALSE,
  quota INTEGER,                              -- bytes; null: the configured default; 0: unlimited
  plan_ends_at INTEGER,                       -- null: never; past: uploads answer 402
  delete_feedback TEXT,
  deleted_at INTEGER,
  former_hash TEXT, -- of a deleted account: its address's hash, as long as its data is kept
  purged_at INTEGER, -- of a deleted account: when its data went
  bonus INTEGER NOT NULL DEFAULT 0            -- bytes on top of the limit, given by an administrator
);

-- What a client needs to unlock its keys with the password. Opaque but for public_key.
CREATE TABLE key_attributes (
  user_id INTEGER PRIMARY KEY REFERENCES users(user_id),
  kek_salt TEXT NOT NULL,
  kek_hash TEXT NOT NULL DEFAULT '',
  encrypted_key TEXT NOT NULL,
  key_nonce TEXT NOT NULL,
  public_key TEXT NOT NULL,
  encrypted_secret_key TEXT NOT NULL,
  secret_key_nonce TEXT NOT NULL,
  mem_limit INTEGER NOT NULL,
  ops_limit INTEGER NOT NULL,
  master_by_recovery TEXT NOT NULL DEFAULT '',
  master_by_recovery_nonce TEXT NOT NULL DEFAULT '',
  recovery_by_master TEXT NOT NULL DEFAULT '',
  recovery_by_master_nonce TEXT NOT NULL DEFAULT ''
);

-- Password verifiers (SRP); srp_user_id is the client's UUID text, returned exactly.
CREATE TABLE srp_auth (
  user_id INTEGER PRIMARY KEY REFERENCES users(user_id),
  srp_user_id TEXT NOT NULL UNIQUE,
  salt TEXT NOT NULL,
  verifier TEXT NOT NULL,
  updated_at INTEGER NOT NULL
);

-- Open SRP exchanges: logins (user known by srp_user_id, or nobody: is_fake) and enrolments (new_salt, new_verifier set).
CREATE TABLE srp_sessions (
  session_id TEXT PRIMARY KEY,
  srp_user_id TEXT NOT NULL,
  user_id INTEGER REFERENCES users(user_id),
  server_secret BLOB NOT NULL,
  client_public BLOB NOT NULL,
  new_salt TEXT,
  new_verifier TEXT,
  is_fake BOOLEAN NOT NULL DEFAULT FALSE,
  verified_at INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  network TEXT NOT NULL DEFAULT ''
);
CREATE INDEX srp_sessions_open ON srp_sessions (srp_user_id, created_at);
CREATE INDEX srp_sessions_age ON srp_sessions (created_at);

-- Codes sent by e-mail, per address and app. code_cipher is sealed so that `darkroom ott` can show it; nothing is stored in clear.
CREATE TABLE otts (
  email_hash TEXT NOT NULL,
  app TEXT NOT NULL,
  code_hash TEXT NOT NULL,
  code_cipher BLOB NOT NULL,
  code_nonce BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  network TEXT NOT NULL DEFAULT '',
  email_cipher BLOB,
  email_nonce BLOB,
  PRIMARY KEY (email_hash, app, code_hash)
);
CREATE INDEX otts_expiry ON otts (expires_at);

-- Addresses that may sign up while registration is by invitation.
CREATE TABLE invites (
  email_hash TEXT PRIMARY KEY,
  created_at INTEGER NOT NULL,
  used_at INTEGER, -- an invitation brings one account
  expires_at INTEGER, -- null: never
  quota INTEGER, -- bytes that the new account gets, as users.quota; null: the configured default
  email_cipher BLOB,
  email_nonce BLOB
);

-- Sessions: only the SHA-256 of a token is kept.
CREATE TABLE sessions (
  token_hash BLOB PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users(user_id),
  app TEXT NOT NULL,
  handle TEXT NOT NULL,                       -- its name in other devices' listings
  ip TEXT,
  user_agent TEXT,
  created_at INTEGER NOT NULL,
  last_used_at INTEGER NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id, app);

-- Fixed-window counters of the limits that outlive a process.
CREATE TABLE rate_counters (
  bucket TEXT PRIMARY KEY,
  window_start INTEGER NOT NULL,
  hits INTEGER NOT NULL
);
CREATE INDEX rate_counters_age ON rate_counters (window_start);

-- The greatest stamp any of a person's cursors can have met (design.md §4, Feeds).
CREATE TABLE feeds (
  user_id INTEGER PRIMARY KEY REFERENCES users(user_id),
  stamp INTEGER NOT NULL
);

-- The ledger: bytes and files (live and trashed) per account and app, kept in the transaction that changes them.
CREATE TABLE usage (
  user_id INTEGER NOT NULL REFERENCES users(user_id),
  app TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  files INTEGER NOT NULL,
  PRIMARY KEY (user_id, app)
);

-- Small settings of a user (feature switches, custom domain).
CREATE TABLE remote_store (
  user_id INTEGER NOT NULL REFERENCES users(user_id),
  key_name TEXT NOT NULL,
  key_value TEXT NOT NULL,
  claim TEXT UNIQUE,                          -- customDomain: its ASCII form in lower case, which only one account may have
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, key_name)
);

-- End-to-end-encrypted records by type (locations, people, …) and the key of each type.
CREATE TABLE entity_keys (
  user_id INTEGER NOT NULL REFERENCES users(user_id),
  type TEXT NOT NULL,
  encrypted_key TEXT NOT NULL,
  header TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, type)
);

-- The records themselves: opaque, synced by updated_at; a deleted one stays as a tombstone.
CREATE TABLE entities (
  user_id INTEGER NOT NULL REFERENCES users(user_id),
  id TEXT NOT NULL,
  type TEXT NOT NULL,
  encrypted_data TEXT,
  header TEXT,
  is_deleted BOOLEAN NOT NULL DEFAULT FALSE,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, id)
);
CREATE INDEX entities_feed ON entities (user_id, type, updated_at);

-- Ente Auth: the key and the codes.
CREATE TABLE authenticator_keys (
  user_id INTEGER PRIMARY KEY REFERENCES users(user_id),
  encrypted_key TEXT NOT NULL,
  header TEXT NOT NULL,
  created_at INTEGER NOT NULL
);

-- Codes of the Auth app, encrypted with that key; a deleted one stays as a tombstone.
CREATE TABLE authenticator_entities (
  id TEXT PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users(user_id),
  encrypted_data TEXT,
  header TEXT,
  is_deleted BOOLEAN NOT NULL DEFAULT FALSE,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);
CREATE INDEX authenticator_entities_feed ON authenticator_entities (user_id, updated_at);

-- Devices that want to be woken.
CREATE TABLE push_tokens (
  fcm_token TEXT PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users(user_id),
  apns_token TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);
CREATE INDEX push_tokens_user ON push_tokens (user_id);

-- What the apps report about installs and logins; first write wins.
CREATE TABLE events (
  id TEXT NOT NULL,
  event TEXT NOT NULL,
  app TEXT NOT NULL,
  platform TEXT NOT NULL,
  data TEXT NOT NULL,
  user_id INTEGER REFERENCES users(user_id),
  created_at INTEGER NOT NULL,
  PRIMARY KEY (id, event)
);

-- Albums. updation_time >= that of every collection_files row. Magic metadata are the client's JSON objects as text.
CREATE TABLE collections (
  collection_id {identity 1580559962386438},
  owner_id INTEGER NOT NULL REFERENCES users(user_id),
  app TEXT NOT NULL,
  type TEXT NOT NULL,
  encrypted_key TEXT NOT NULL,
  key_nonce TEXT NOT NULL,
  name TEXT NOT NULL DEFAULT '',
  encrypted_name TEXT NOT NULL DEFAULT '',
  name_nonce TEXT NOT NULL DEFAULT '',
  attributes TEXT NOT NULL,
  magic_metadata TEXT,
  pub_magic_metadata TEXT,
  is_deleted BOOLEAN NOT NULL DEFAULT FALSE,
  created_at INTEGER NOT NULL,
  updation_time INTEGER NOT NULL
);
CREATE INDEX collections_feed ON collections (owner_id, updation_time);
CREATE UNIQUE INDEX collections_special ON collections (owner_id, app, type) WHERE type IN ('favorites', 'uncategorized');

-- Who else sees an album. is_deleted rows are tombstones that show the album as it was when the share ended: the name and the
-- metadata of that moment, because the album's later name is none of a former sharee's business.
CREATE TABLE collection_shares (
  collection_id INTEGER NOT NULL REFERENCES collections(collection_id),
  to_user_id INTEGER NOT NULL REFERENCES users(user_id),
  encrypted_key TEXT NOT NULL,
  role TEXT NOT NULL,
  magic_metadata TEXT,
  last_seen TEXT,                             -- JSON of name, encryptedName, nameDecryptionNonce, pubMagicMetadata at the end of the share
  shared_at INTEGER NOT NULL,
  is_deleted BOOLEAN NOT NULL DEFAULT FALSE,
  updation_time INTEGER NOT NULL,
  PRIMARY KEY (collection_id, to_user_id)
);
CREATE INDEX collection_shares_to ON collection_shares (to_user_id, updation_time);

-- Stored bytes: pending (uploaded, nobody's file yet), writing (pending, its bytes are being replaced), stored (named by a file, preview
-- or data row), deleting (bytes gone or going; the key stays unusable until its upload URLs have expired), and gone when the row is gone.
CREATE TABLE objects (
  object_id {identity 1},
  object_key TEXT NOT NULL UNIQUE,
  owner_id INTEGER NOT NULL REFERENCES users(user_id),
  store TEXT NOT NULL,
  size INTEGER NOT NULL,
  md5 TEXT,                                   -- hex, when known
  state TEXT NOT NULL,
  created_at INTEGER NOT NULL
);
CREATE INDEX objects_pending ON objects (owner_id, state, created_at, size) WHERE state <> 'stored';
CREATE INDEX objects_pending_age ON objects (created_at) WHERE state <> 'stored';

-- Files. The rows of deleted ones stay as tombstones, their metadata blanked. A meta file (Locker) has no objects.
CREATE TABLE files (
  file_id {identity 10000000},
  owner_id INTEGER NOT NULL REFERENCES users(user_id),
  app TEXT NOT NULL,
  file_object_id INTEGER REFERENCES objects(object_id),
  thumb_object_id INTEGER REFERENCES objects(object_id),
  file_size INTEGER NOT NULL DEFAULT 0,
  thumb_size INTEGER NOT NULL DEFAULT 0,
  file_header TEXT NOT NULL DEFAULT '',
  thumb_header TEXT NOT NULL DEFAULT '',
  metadata_header TEXT NOT NULL,
  encrypted_metadata TEXT NOT NULL,
  magic_metadata TEXT,
  magic_version INTEGER NOT NULL DEFAULT 0,
  magic_count INTEGER NOT NULL DEFAULT 0,
  pub_magic_metadata TEXT,
  pub_magic_version INTEGER NOT NULL DEFAULT 0,
  pub_magic_count INTEGER NOT NULL DEFAULT 0,
  has_info BOOLEAN NOT NULL DEFAULT TRUE,
  copied_from INTEGER,
  is_deleted BOOLEAN NOT NULL DEFAULT FALSE,  -- for good
  scrubbed_at INTEGER,
  created_at INTEGER NOT NULL,
  updation_time INTEGER NOT NULL
);
CREATE INDEX files_owner ON files (owner_id, app);
CREATE INDEX files_object ON files (file_object_id);
CREATE INDEX files_thumb ON files (thumb_object_id);
CREATE INDEX files_unscrubbed ON files (updation_time) WHERE is_deleted AND scrubbed_at IS NULL;

-- Which file is in which album. is_deleted rows are tombstones.
CREATE TABLE collection_files (
  collection_id INTEGER NOT NULL REFERENCES collections(collection_id),
  file_id INTEGER NOT NULL REFERENCES files(file_id),
  owner_id INTEGER NOT NULL,                  -- of the file
  encrypted_key TEXT NOT NULL,
  key_nonce TEXT NOT NULL,
  is_deleted BOOLEAN NOT NULL DEFAULT FALSE,
  action TEXT,                                -- REMOVE: an admin asked the album's owner to take it out
  action_user INTEGER,
  added_at INTEGER NOT NULL,
  updation_time INTEGER NOT NULL,
  PRIMARY KEY (collection_id, file_id)
) WITHOUT ROWID;
CREATE INDEX collection_files_feed ON collection_files (collection_id, updation_time, file_id);
CREATE INDEX collection_files_file ON collection_files (file_id, collection_id);

-- Requests between the people of an album: REMOVE (to its owner), DELETE_SUGGESTED (to the file's owner).
CREATE TABLE collection_actions (
  id TEXT PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users(user_id),
  actor_id INTEGER NOT NULL,
  collection_id INTEGER NOT NULL,
  file_id INTEGER NOT NULL,
  action TEXT NOT NULL,
  is_pending BOOLEAN NOT NULL DEFAULT TRUE,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);
CREATE INDEX collection_actions_feed ON collection_actions (user_id, action, updated_at) WHERE is_pending;
CREATE UNIQUE INDEX collection_actions_one ON collection_actions (user_id, collection_id, file_id, action) WHERE is_pending;

-- Public links of albums, one live one per album; a disabled one keeps its row, so that its token is never given out again.
-- The owner is shown the token for ever: it is sealed; visitors are found by its keyed hash. So is what they send for the password.
CREATE TABLE album_links (
  link_id {identity 1},
  collection_id INTEGER NOT NULL REFERENCES collections(collection_id),
  token_hash TEXT NOT NULL UNIQUE,
  token_cipher BLOB NOT NULL,
  token_nonce BLOB NOT NULL,
  is_disabled BOOLEAN NOT NULL DEFAULT FALSE,
  valid_till INTEGER NOT NULL DEFAULT 0,      -- 0: for ever
  device_limit INTEGER NOT NULL DEFAULT 0,    -- 0: none
  pass_hash TEXT,
  pass_nonce TEXT,
  mem_limit INTEGER,
  ops_limit INTEGER,
  enable_download BOOLEAN NOT NULL DEFAULT TRUE,
  enable_collect BOOLEAN NOT NULL DEFAULT FALSE,
  enable_comment BOOLEAN NOT NULL DEFAULT FALSE,
  enable_join BOOLEAN NOT NULL DEFAULT TRUE,
  min_role TEXT,                              -- sharees below it are not shown the link
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX album_links_live ON album_links (collection_id) WHERE NOT is_disabled;

-- Devices that have opened a link, for its device limit; they go when the link ends.
CREATE TABLE album_link_devices (
  link_id INTEGER NOT NULL REFERENCES album_links(link_id),
  ip TEXT NOT NULL,
  user_agent TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (link_id, ip, user_agent)
) WITHOUT ROWID;

-- The trash. One row per file that ever was in it.
CREATE TABLE trash (
  file_id INTEGER PRIMARY KEY REFERENCES files(file_id),
  user_id INTEGER NOT NULL REFERENCES users(user_id),
  app TEXT NOT NULL,
  collection_id INTEGER NOT NULL REFERENCES collections(collection_id),
  is_deleted BOOLEAN NOT NULL DEFAULT FALSE,
  is_restored BOOLEAN NOT NULL DEFAULT FALSE,
  delete_by INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);
CREATE INDEX trash_feed ON trash (user_id, updated_at);
CREATE INDEX trash_live ON trash (user_id, updated_at) WHERE NOT is_deleted AND NOT is_restored;
CREATE INDEX trash_due ON trash (delete_by, file_id) WHERE NOT is_deleted AND NOT is_restored;

-- Derived data of a file: mldata (an object), vid_preview (a blob and a playlist).
CREATE TABLE file_data (
  file_id INTEGER NOT NULL REFERENCES files(file_id),
  type TEXT NOT NULL,
  user_id INTEGER NOT NULL REFERENCES users(user_id),
  object_id INTEGER REFERENCES objects(object_id),    -- the JSON (mldata, playlist)
  preview_name TEXT,                                  -- pv_…: the name clients know the blob by
  preview_object_id INTEGER REFERENCES objects(object_id),
  size INTEGER NOT NULL,
  is_deleted BOOLEAN NOT NULL DEFAULT FALSE,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (file_id, type)
);
CREATE INDEX file_data_feed ON file_data (user_id, updated_at);
CREATE INDEX file_data_object ON file_data (object_id) WHERE object_id IS NOT NULL;
CREATE INDEX file_data_preview ON file_data (preview_object_id) WHERE preview_object_id IS NOT NULL;

-- Bytes to be removed from a store once they are due and nothing names them any more.
CREATE TABLE deletions (
  object_id INTEGER PRIMARY KEY REFERENCES objects(object_id),
  due_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  owner_id INTEGER NOT NULL DEFAULT 0, -- who let go of them; a copy's bytes may have been another's upload
  held INTEGER NOT NULL DEFAULT 0             -- bytes; 0 once they are gone and only the key is kept
);
CREATE INDEX deletions_due ON deletions (due_at);

-- Jobs that only one process may run at a time.
CREATE TABLE leases (
  name TEXT PRIMARY KEY,
  holder TEXT NOT NULL,
  expires_at INTEGER NOT NULL
);

-- Codes of an authenticator app (TOTP): one secret a person, sealed; its keyed hash is what recovery is compared with.
-- encrypted_secret is the client's own copy under the recovery key. Whether it is asked for stands in users.totp_enabled.
CREATE TABLE totp (
  user_id INTEGER PRIMARY KEY REFERENCES users(user_id),
  secret_cipher BLOB NOT NULL,
  secret_nonce BLOB NOT NULL,
  secret_hash TEXT NOT NULL,
  encrypted_secret TEXT NOT NULL,
  encrypted_secret_nonce TEXT NOT NULL,
  enabled_at INTEGER NOT NULL
);

-- Secrets that were shown and not yet proved by a code.
CREATE TABLE totp_pending (
  user_id INTEGER NOT NULL REFERENCES users(user_id),
  secret_hash TEXT NOT NULL,
  secret_cipher BLOB NOT NULL,
  secret_nonce BLOB NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, secret_hash)
);
CREATE INDEX totp_pending_expiry ON totp_pending (expires_at);

-- Time steps (of 30 s) whose code was used: a code is good once.
CREATE TABLE totp_used (
  user_id INTEGER NOT NULL REFERENCES users(user_id),
  step INTEGER NOT NULL,
  PRIMARY KEY (user_id, step)
);
CREATE INDEX totp_used_step ON totp_used (step);

-- Log-ins that still owe a code, by the SHA-256 of what the client holds. A row goes with its success.
CREATE TABLE totp_logins (
  session_hash BLOB PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users(user_id),
  attempts INTEGER NOT NULL DEFAULT 0,
  expires_at INTEGER NOT NULL
);
CREATE INDEX totp_logins_user ON totp_logins (user_id);
CREATE INDEX totp_logins_expiry ON totp_logins (expires_at);

-- Passkeys: the public half, as COSE. transports is JSON, for the browser.
CREATE TABLE passkeys (
  passkey_id TEXT PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users(user_id),
  name TEXT NOT NULL,
  credential_id BLOB NOT NULL,
  public_key BLOB NOT NULL,
  transports TEXT NOT NULL,
  created_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX passkeys_user ON passkeys (user_id, credential_id);

-- Challenges given to a browser, each answered once. login_hash is the log-in it belongs to, empty for a registration.
CREATE TABLE passkey_ceremonies (
  ceremony_id TEXT PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users(user_id),
  login_hash BLOB NOT NULL,
  challenge BLOB NOT NULL,
  expires_at INTEGER NOT NULL
);
CREATE INDEX passkey_ceremonies_login ON passkey_ceremonies (user_id, login_hash, expires_at);
CREATE INDEX passkey_ceremonies_expiry ON passkey_ceremonies (expires_at);

-- Log-ins that still owe a passkey, by the SHA-256 of what the client holds. answer (the token in it is sealed) waits for the app to fetch it.
CREATE TABLE passkey_logins (
  session_hash BLOB PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users(user_id),
  expires_at INTEGER NOT NULL,
  verified_at INTEGER,
  answer TEXT,
  fetches INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX passkey_logins_user ON passkey_logins (user_id);
CREATE INDEX passkey_logins_expiry ON passkey_logins (expires_at);

-- The way past a lost passkey: a keyed hash of the secret, and the client's own copy under the recovery key.
CREATE TABLE passkey_recovery (
  user_id INTEGER PRIMARY KEY REFERENCES users(user_id),
  secret_hash TEXT NOT NULL,
  user_cipher TEXT NOT NULL,
  user_nonce TEXT NOT NULL,
  created_at INTEGER NOT NULL
);

-- People whom a person keeps as contacts. The server reads neither name nor picture.
CREATE TABLE contacts (
  id TEXT PRIMARY KEY,                        -- ct_…
  user_id INTEGER NOT NULL REFERENCES users(user_id),
  contact_user_id INTEGER NOT NULL REFERENCES users(user_id),
  encrypted_key TEXT NOT NULL,                -- never changes, so that a deleted contact can come back
  encrypted_data TEXT,                        -- null: deleted
  picture_id TEXT,                            -- ua_…: the name clients know the picture by
  picture_object_id INTEGER REFERENCES objects(object_id),
  picture_size INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (user_id, contact_user_id)
);
CREATE INDEX contacts_feed ON contacts (user_id, updated_at);
CREATE INDEX contacts_person ON contacts (contact_user_id);
CREATE INDEX contacts_picture ON contacts (picture_object_id) WHERE picture_object_id IS NOT NULL;

-- Who may recover whose account ("Legacy"): the owner's recovery key sealed to the trusted person. Ended trust keeps its row, without the key.
CREATE TABLE emergency_contacts (
  user_id INTEGER NOT NULL REFERENCES users(user_id),
  contact_id INTEGER NOT NULL REFERENCES users(user_id),
  state TEXT NOT NULL,                        -- INVITED, ACCEPTED, REVOKED, CONTACT_LEFT, CONTACT_DENIED
  notice_days INTEGER NOT NULL,
  encrypted_key TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, contact_id)
);
CREATE INDEX emergency_contacts_other ON emergency_contacts (contact_id);

-- The last recovery of an account by each trusted person; a new one takes the row of one that ended.
CREATE TABLE emergency_recoveries (
  id TEXT PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users(user_id),
  contact_id INTEGER NOT NULL REFERENCES users(user_id),
  status TEXT NOT NULL,                       -- WAITING, READY; ended: STOPPED, REJECTED, RECOVERED
  wait_till INTEGER NOT NULL,                 -- a WAITING one is as good as READY from here on
  remind_at INTEGER NOT NULL,                 -- when the job looks at a WAITING one next
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (user_id, contact_id)
);
CREATE INDEX emergency_recoveries_other ON emergency_recoveries (contact_id);
CREATE INDEX emergency_recoveries_due ON emergency_recoveries (remind_at) WHERE status = 'WAITING';

-- Recovery kits on paper. What the parts of a kit open is its own secret; the server keeps what that secret decrypts, and its public key.
CREATE TABLE legacy_kits (
  id TEXT PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users(user_id),
  notice_hours INTEGER NOT NULL,
  recovery_blob TEXT,                         -- null: deleted
  owner_blob TEXT,
  auth_public_key TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  deleted_at INTEGER
);
CREATE INDEX legacy_kits_user ON legacy_kits (user_id);
CREATE INDEX legacy_kits_deleted ON legacy_kits (deleted_at) WHERE deleted_at IS NOT NULL;

-- Recoveries with a kit: one under way for each kit, and those that ended in the last weeks.
CREATE TABLE legacy_kit_sessions (
  id TEXT PRIMARY KEY,
  kit_id TEXT NOT NULL REFERENCES legacy_kits(id),
  status TEXT NOT NULL,                       -- WAITING, READY; ended: BLOCKED, RECOVERED
  wait_till INTEGER NOT NULL,
  remind_at INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX legacy_kit_sessions_active ON legacy_kit_sessions (kit_id) WHERE status IN ('WAITING', 'READY');
CREATE INDEX legacy_kit_sessions_kit ON legacy_kit_sessions (kit_id);
CREATE INDEX legacy_kit_sessions_due ON legacy_kit_sessions (remind_at) WHERE status = 'WAITING';

-- Each time a kit was opened: who came, the token they got, and the challenge that it used up.
CREATE TABLE legacy_kit_openings (
  token_hash BLOB PRIMARY KEY,
  session_id TEXT NOT NULL REFERENCES legacy_kit_sessions(id),
  challenge_hash BLOB NOT NULL UNIQUE,
  part_indexes TEXT NOT NULL,                 -- JSON list
  ip TEXT NOT NULL,
  user_agent TEXT NOT NULL,
  created_at INTEGER NOT NULL
);
CREATE INDEX legacy_kit_openings_session ON legacy_kit_openings (session_id, created_at);

-- Families (misc.md §8): who is in whose, and who is invited. At most one of a person's rows is SELF (its admin's own) or ACCEPTED.
CREATE TABLE family_members (
  id TEXT PRIMARY KEY,
  admin_id INTEGER NOT NULL REFERENCES users(user_id),
  member_id INTEGER NOT NULL REFERENCES users(user_id),
  status TEXT NOT NULL,                       -- SELF, INVITED, ACCEPTED; gone: DECLINED, REVOKED, REMOVED, LEFT
  storage_limit INTEGER,                      -- bytes of the family's storage that this member may take; null: all of it
  invited_at INTEGER NOT NULL,                -- the invitation's token is made from it, so a new one ends the old
  UNIQUE (admin_id, member_id)
);
CREATE UNIQUE INDEX family_members_one_family ON family_members (member_id) WHERE status IN ('SELF', 'ACCEPTED');
CREATE INDEX family_members_by_member ON family_members (member_id);

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

-- Comments on albums and their photos (collections.md §8). The text is encrypted with the album's key.
CREATE TABLE comments (
  comment_id TEXT PRIMARY KEY,
  collection_id INTEGER NOT NULL REFERENCES collections(collection_id),
  file_id INTEGER,                            -- null: on the album
  parent_id TEXT,
  user_id INTEGER,                            -- null: a visitor under a name of their own
  anon_id TEXT,
  cipher TEXT,                                -- null once deleted
  nonce TEXT,
  is_deleted BOOLEAN NOT NULL DEFAULT FALSE,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);
CREATE INDEX comments_by_change ON comments (collection_id, updated_at);

-- One reaction for each author and thing: `target` is the comment's id, the file's number, or '' for the album.
CREATE TABLE reactions (
  reaction_id TEXT PRIMARY KEY,
  collection_id INTEGER NOT NULL REFERENCES collections(collection_id),
  author TEXT NOT NULL,                       -- 'user <id>' or the visitor's id
  target TEXT NOT NULL,
  file_id INTEGER,
  comment_id TEXT,
  user_id INTEGER,
  anon_id TEXT,
  cipher TEXT,
  nonce TEXT,
  is_deleted BOOLEAN NOT NULL DEFAULT FALSE,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (collection_id, author, target)
);
CREATE INDEX reactions_by_change ON reactions (collection_id, updated_at);
CREATE INDEX reactions_by_comment ON reactions (comment_id) WHERE comment_id IS NOT NULL;

-- Names under which visitors of a link write: encrypted with the album's key.
CREATE TABLE anon_profiles (
  anon_id TEXT PRIMARY KEY,
  collection_id INTEGER NOT NULL REFERENCES collections(collection_id),
  cipher TEXT NOT NULL,
  nonce TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);
CREATE INDEX anon_profiles_by_album ON anon_profiles (collection_id, updated_at);

-- Screens that show an album (collections.md §10): a row is a code that a TV displays, and from the moment a phone answers it a session.
CREATE TABLE casts (
  cast_id TEXT PRIMARY KEY,                   -- UUID, which the phone's list of screens names
  code TEXT NOT NULL UNIQUE,
  public_key TEXT NOT NULL,
  pq_public_key TEXT,
  ip TEXT NOT NULL,
  device_name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  user_id INTEGER REFERENCES users(user_id),  -- null: nobody has answered the code yet
  collection_id INTEGER REFERENCES collections(collection_id),
  token_hash TEXT UNIQUE,
  payload TEXT,                               -- the album's key, encrypted for the TV
  claimed_at INTEGER,
  last_used_at INTEGER NOT NULL
);
CREATE INDEX casts_of_user ON casts (user_id, claimed_at);
CREATE INDEX casts_by_use ON casts (last_used_at);

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

CREATE INDEX users_by_former_hash ON users (former_hash) WHERE former_hash IS NOT NULL;
CREATE INDEX users_to_purge ON users (deleted_at) WHERE deleted_at IS NOT NULL AND purged_at IS NULL;

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
  ip TEXT NOT NULL DEFAULT '',
  user_id INTEGER
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

-- Invitations without an address: a code, as it is or in a link. Whoever has it names the address that may sign up; only a hash of it is kept.
CREATE TABLE invite_codes (
  code_id {identity 1},
  code_hash TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  quota INTEGER,                              -- bytes that the new account gets, as users.quota; null: the configured default
  email_hash TEXT,                            -- the address that was named last; null: none yet
  email_cipher BLOB,
  email_nonce BLOB,
  used_at INTEGER                             -- a code brings one account
);
CREATE INDEX invite_codes_email ON invite_codes (email_hash) WHERE email_hash IS NOT NULL;

-- Mail that goes along with something and has not been handed to the mail server yet: written first, removed once it is. Whom it goes to and
-- what it says are sealed together; after a day it is given up.
CREATE TABLE waiting_mail (
  mail_id {identity 1},
  cipher BLOB NOT NULL,
  nonce BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  tries INTEGER NOT NULL DEFAULT 0,           -- that failed
  next_try_at INTEGER NOT NULL                -- also who has taken it to send it now is before this time
);
CREATE INDEX waiting_mail_due ON waiting_mail (next_try_at);

UPDATE deletions SET
  owner_id = (SELECT o.owner_id FROM objects o WHERE o.object_id = deletions.object_id),
  held = (SELECT CASE WHEN o.state = 'deleting' THEN 0 ELSE o.size END FROM objects o WHERE o.object_id = deletions.object_id);
CREATE INDEX deletions_of_owner ON deletions (owner_id, due_at, held);

-- What an account's texts take up in the database, as counted when they come (never too low) and measured now and then.
CREATE TABLE texts (
  user_id INTEGER PRIMARY KEY REFERENCES users(user_id),
  bytes INTEGER NOT NULL,
  measured_at INTEGER NOT NULL DEFAULT 0      -- 0: not yet
);
CREATE INDEX comments_of_user ON comments (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX reactions_of_user ON reactions (user_id) WHERE user_id IS NOT NULL;

-- What the server held on each day, for the chart of the administration page: one row a day, the last look of the day.
CREATE TABLE growth (
  day INTEGER PRIMARY KEY,                    -- since 1970-01-01, UTC
  accounts INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  files INTEGER NOT NULL
);
