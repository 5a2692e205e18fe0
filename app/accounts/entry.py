"""What administrators see of an account, for the feature that shows it to them."""

from __future__ import annotations

from .details import details_of
from .queries import code_count, set_email_mfa

__all__ = ["code_count", "details_of", "set_email_mfa"]
