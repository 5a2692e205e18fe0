"""Administration: what the operator and the administrators do to accounts, by command, by page and by the routes of Ente's own tools."""

from ..http.pages import Handler
from ..kernel.parts import Kernel
from .growth import JOBS
from .pages import Administration
from .passkey_pages import Passkeys
from .routes import ROUTES
from .upkeep_pages import Backups, Stores

__all__ = ["JOBS", "ROUTES", "make_pages"]


def make_pages(_: Kernel) -> list[Handler]:
    return [Administration, Stores, Backups, Passkeys]
