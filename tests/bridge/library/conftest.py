"""`Open` where these tests look for it."""

from tests.bridge.conftest import Open

__all__ = ["Open"]
