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
