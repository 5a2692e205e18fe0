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
