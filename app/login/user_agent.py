"""A readable name of a device from its User-Agent, for the list of sessions (accounts.md §5.6). Any readable text will do there."""

from __future__ import annotations

import re

UNKNOWN = "Unknown Device"
_BROWSERS = (  # the first that matches; those that also call themselves Chrome or Safari come first
    ("Edg(?:e|A|iOS)?/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/|FxiOS/", "Firefox"),
    ("Electron/", "Desktop App"),
    ("Chrome/|CriOS/", "Chrome"),
    ("Version/.*Safari/", "Safari"),
)
_SYSTEMS = (
    ("Windows NT", "Windows"),
    ("iPhone|iPod", "iOS"),
    ("iPad", "iPadOS"),
    ("CrOS", "Chrome OS"),
    ("Macintosh|Mac OS X", "Mac OS X"),
    ("Linux|X11", "Linux"),
)
_ANDROID = re.compile(r"Android (\d+(?:\.\d+)*)(?:; [a-z]{2}-[A-Za-z]{2})?(?:; ([^;)]+?))?(?: Build/[^;)]*)?[;)]")
_TOOL = re.compile(r"^([A-Za-z][\w.-]{0,39})/([\w.-]{1,24})")


def _first(table: tuple[tuple[str, str], ...], agent: str) -> str:
    return next((name for pattern, name in table if re.search(pattern, agent)), "")


def pretty(agent: str | None) -> str:
    """`Chrome, Mac OS X`, `Pixel 8, Android 15`, `ente 1.2` …; `Unknown Device` for nothing."""
    agent = (agent or "").strip()
    if not agent:
        return UNKNOWN
    browser = _first(_BROWSERS, agent)
    if m := _ANDROID.search(agent):
        model = m[2] if m[2] and m[2] not in ("K", "wv", "Mobile", "Tablet") else browser or "Phone"
        return f"{model}, Android {m[1]}"
    if "CFNetwork" in agent:
        return "iPhone, iOS" if "iPhone" in agent else "Apple device"
    system = _first(_SYSTEMS, agent)
    if browser:
        return f"{browser}, {system}" if system else browser
    if m := _TOOL.match(agent):
        return f"{m[1]} {m[2]}" + (f", {system}" if system else "")
    return system or agent[:80]
