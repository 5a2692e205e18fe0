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
