"""Accounts: a person's keys, and what a person sees and changes of the own account (accounts.md §5.5, §5.11)."""

from .routes import ROUTES

__all__ = ["ROUTES"]
