"""The face for the connector."""
