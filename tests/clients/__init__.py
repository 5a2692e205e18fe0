"""A client of its own with the real cryptography, and the contract it holds every answer to."""
