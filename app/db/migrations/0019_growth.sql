-- What the server held on each day, for the chart of the administration page: one row a day, the last look of the day.
CREATE TABLE growth (
  day INTEGER PRIMARY KEY,                    -- since 1970-01-01, UTC
  accounts INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  files INTEGER NOT NULL
);
-- Whose passkey opened a session of the administration page; null: a link did.
ALTER TABLE admin_entries ADD COLUMN user_id INTEGER;
