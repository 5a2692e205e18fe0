"""Tests of the bridge, mirroring `bridge/`."""
