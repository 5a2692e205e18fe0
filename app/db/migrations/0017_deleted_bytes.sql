-- Whose bytes wait for their deletion, and how many are still there: what an account has deleted takes up room until they are gone.
ALTER TABLE deletions ADD COLUMN owner_id INTEGER NOT NULL DEFAULT 0; -- who let go of them; a copy's bytes may have been another's upload
ALTER TABLE deletions ADD COLUMN held INTEGER NOT NULL DEFAULT 0;     -- bytes; 0 once they are gone and only the key is kept
UPDATE deletions SET
  owner_id = (SELECT o.owner_id FROM objects o WHERE o.object_id = deletions.object_id),
  held = (SELECT CASE WHEN o.state = 'deleting' THEN 0 ELSE o.size END FROM objects o WHERE o.object_id = deletions.object_id);
CREATE INDEX deletions_of_owner ON deletions (owner_id, due_at, held);
