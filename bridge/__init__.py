"""The bridge: a client of an Ente-compatible server on its owner's machine. Knows the protocol, nothing of `app`."""
