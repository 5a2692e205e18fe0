"""Whether the address that apps are told leads to this server: asked from here, as an app would."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request

SECONDS = 10.0


async def try_address(address: str) -> str:
    """One sentence for a person."""
    return await asyncio.to_thread(_try, address)


def _try(address: str) -> str:
    request = urllib.request.Request(f"{address}/ping")  # noqa: S310  # the scheme is checked by who configured it
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            said = json.loads(answer.read(4096))
    except urllib.error.HTTPError as e:
        return f"{address} answers {e.code}: something else is there, or a proxy does not pass requests on."
    except (OSError, ValueError) as e:
        return f"{address} cannot be reached from here: {type(e).__name__}. Is the name right, and does a proxy listen there?"
    if not isinstance(said, dict) or said.get("message") != "pong":
        return f"At {address} is something else than this server."
    return f"{address} leads to this server, as seen from the server itself."
