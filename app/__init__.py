"""Darkroom: a self-hosted server for Ente's end-to-end-encrypted apps. Packages below are one feature each, on a small kernel."""

__version__ = "0.1.0"
