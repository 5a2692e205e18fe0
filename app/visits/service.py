"""What other doors for people without an account build on: what they show, how a device is counted, and who a visitor of an album is."""

from __future__ import annotations

from .credentials import DEVICE_TOKEN, Device, NoProof, NoToken, Shown, access_proof, access_token
from .devices import Doorkeeper, admit
from .guards import Visitor, at_the_door, visitor

__all__ = [
    "DEVICE_TOKEN",
    "Device",
    "Doorkeeper",
    "NoProof",
    "NoToken",
    "Shown",
    "Visitor",
    "access_proof",
    "access_token",
    "admit",
    "at_the_door",
    "visitor",
]
