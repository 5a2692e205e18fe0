"""PostgreSQL as an engine. Imported only where it is configured: it needs `darkroom[postgres]`."""
