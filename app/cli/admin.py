"""What the administrative commands do, given a kernel: run by the serving process for `admin_socket`, or by the command itself.

Arguments and results are JSON values, so that both ways are the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ..kernel import Kernel


class Refused(Exception):
    """The command cannot be done as asked; the text is for the operator."""


COMMANDS: dict[str, Callable[..., Awaitable[Any]]] = {}


async def run(kernel: Kernel, command: str, args: dict[str, Any]) -> Any:
    """The result of a command by name; Refused for one that does not exist."""
    if command not in COMMANDS:
        raise Refused(f"this server knows no command {command}")
    return await COMMANDS[command](kernel, **args)
