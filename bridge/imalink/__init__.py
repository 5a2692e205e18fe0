"""The face for tools of another API; empty until its modules are there."""
