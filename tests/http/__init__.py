"""The HTTP layer: what every request passes, how routes are found, how handlers are filled."""
