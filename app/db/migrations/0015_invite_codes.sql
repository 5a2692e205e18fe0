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
