"""What tests of commands share."""

from tests.buckets import moto_url

__all__ = ["moto_url"]
