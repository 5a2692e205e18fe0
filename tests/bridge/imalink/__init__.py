"""The face for ImaLink."""
