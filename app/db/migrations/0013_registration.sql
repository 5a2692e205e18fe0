ALTER TABLE invites ADD COLUMN expires_at INTEGER;   -- null: never
ALTER TABLE invites ADD COLUMN quota INTEGER;        -- bytes that the new account gets, as users.quota; null: the configured default
