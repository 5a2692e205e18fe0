"""Ente's protocol for Python: log-in, keys, sync, uploads that resume, downloads with random access (docs/protocol/client.md)."""
