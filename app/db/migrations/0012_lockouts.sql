-- Who asked: the network (an IPv4 address, the /64 of an IPv6 one) of a code or an exchange. Each network has its own few, so that
-- strangers' requests push out strangers'. Wrong guesses are counted in rate_counters now, by person and network.
ALTER TABLE otts ADD COLUMN network TEXT NOT NULL DEFAULT '';
ALTER TABLE otts DROP COLUMN wrong_attempts;
ALTER TABLE srp_sessions ADD COLUMN network TEXT NOT NULL DEFAULT '';
