"""The HTTP layer: one pure-ASGI path from the socket to a route's handler and back. Knows no feature."""
