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
