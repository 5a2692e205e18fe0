"""Public links of albums: the owner's side, visitors' side, and joining through a link (collections.md §5.4, §6, §7).

Other features import `links.service` only. `collections.service` is one of them, and this package imports it in turn: so nothing here
may need an attribute of `collections.service` while it is being imported.
"""

from .routes import ROUTES

__all__ = ["ROUTES"]
