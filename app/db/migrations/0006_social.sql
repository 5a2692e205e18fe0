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
