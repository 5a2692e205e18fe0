"""What the visitors' routes answer where that is more than a body."""

from __future__ import annotations

from ..http.answer import Answer
from ..kernel.parts import Kernel
from ..kernel.wire import encode
from . import visiting
from .credentials import DEVICE_TOKEN, Device
from .guards import Visitor


async def info(kernel: Kernel, actor: Visitor, device: Device) -> Answer:
    """The album, and a device token under both of its names where there is a fresh one."""
    shown, fresh = await visiting.info(kernel, actor, device)
    return Answer(encode(shown), headers=[] if fresh is None else [(name, fresh.encode()) for name in DEVICE_TOKEN])
