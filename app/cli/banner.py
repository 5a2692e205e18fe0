"""What a starting server says on standard output: its address, what an operator needs to know, the dangers."""

from __future__ import annotations

import logging
import sys

from ..kernel.config import Config

log = logging.getLogger("darkroom.serve")


REGISTRATION = {
    "first": "open until there is an account, then by `darkroom user invite EMAIL`",
    "open": "open to everybody",
    "invite": "by `darkroom user invite EMAIL`",
    "closed": "closed",
}


def origin(config: Config) -> str:
    """The address that people and apps use, as far as the configuration knows it."""
    host = f"[{config.http.listen}]" if ":" in config.http.listen else config.http.listen
    return config.public_url or f"{config.http.scheme}://{host}:{config.http.port}"


def announce(config: Config, state: str = "ready", setup: str = "") -> None:
    """What an operator needs to know, on standard output; the dangers, in the log too. `setup`: path of the link that sets up an empty server."""
    from ..web import links  # with Litestar behind it, which commands that only want `origin` need not load

    registration = REGISTRATION[config.registration.mode]
    if config.registration.domains and config.registration.mode in ("first", "invite"):
        registration += f", and for {', '.join(config.registration.domains)}"
    code = (
        f"by mail through {config.mail.host}"
        if config.mail.host
        else "no mail is sent: codes appear in this log, and `darkroom ott EMAIL` shows them"
    )
    lines = [
        f"Darkroom is {state} at {origin(config)}",
        f"  data folder   {config.data_dir.expanduser().absolute()}",
        f"  registration  {registration}",
        *([f"  set up here   {origin(config)}{setup}   (opens once, within a day)"] if setup else []),
        f"  first code    {code}",
    ]
    if config.http.listen in ("127.0.0.1", "::1", "localhost"):
        lines.append("  other devices `darkroom serve --listen 0.0.0.0` listens on every interface (put HTTPS in front of it)")
    notes = links.notes(config)
    lines += [f"  links         {notes[0]}", *(f"                {note}" for note in notes[1:])] if notes else []
    danger = [f"otp.fixed is set: ANYBODY can log in as ANY address ending in {suffix}. For tests only." for suffix in config.otp.fixed]
    try:
        print("\n".join([*lines, *(f"  !! DANGER !! {text}" for text in danger)]), flush=True)
    except OSError as e:
        log.warning("cannot write to the standard output: %s", e.strerror)
        sys.stdout = None  # Python's own flush at the exit would fail too
    for text in danger:
        log.warning("DANGER: %s", text)
