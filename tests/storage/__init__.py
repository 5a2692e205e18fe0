"""Tests of `storage_backends`."""
