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
