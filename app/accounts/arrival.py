"""What a person is told when somebody logs in to their account."""

from __future__ import annotations

from ..http.client import Client
from ..kernel.parts import Kernel
from ..mail import service as mail


async def tell(kernel: Kernel, user_id: int, client: Client) -> None:
    """By mail where mail is sent; beside the request."""
    where = f"Somebody logged in to your account in the {client.app} app, from the address {client.ip}."
    what = "If that was you, there is nothing to do. If not, change your password in the app, which ends all other sessions."
    await mail.post_to(kernel, user_id, mail.Mail("New login to your account", (where, what)))
