"""Tests against a real server process over a socket."""
