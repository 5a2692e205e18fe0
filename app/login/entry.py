"""Setting a new password for somebody who cannot log in: what the recovery of an account asks of log-in, once it has judged who may.

`begin(kernel, user_id, ask)` opens the exchange, `replace(kernel, user_id, ask, also=…)` finishes it.
"""

from __future__ import annotations

from .password import begin, replace

__all__ = ["begin", "replace"]
