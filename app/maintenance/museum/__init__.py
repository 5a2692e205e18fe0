"""Coming over from museum, Ente's own server: its database is read, its objects adopted or copied, and nobody has to log in again."""
