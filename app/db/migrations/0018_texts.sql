-- What an account's texts take up in the database, as counted when they come (never too low) and measured now and then.
CREATE TABLE texts (
  user_id INTEGER PRIMARY KEY REFERENCES users(user_id),
  bytes INTEGER NOT NULL,
  measured_at INTEGER NOT NULL DEFAULT 0      -- 0: not yet
);
CREATE INDEX comments_of_user ON comments (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX reactions_of_user ON reactions (user_id) WHERE user_id IS NOT NULL;
