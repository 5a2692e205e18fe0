"""Log lines: one per event, as text or JSON, and never a secret in one.

Owns the level NOTICE (what an operator should read: codes while no mail is sent, warnings about switches) and the last line of
defence: whatever looks like a query string or a session token is blanked, whoever logged it.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from typing import Any, TextIO

from .config import Log
from .log_file import LogFile

NOTICE = 25
"""Between INFO and WARNING."""

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "notice": NOTICE, "warning": logging.WARNING, "error": logging.ERROR}
_QUERY = re.compile(r"(/[^\s?'\"]*)\?[^\s'\"]+")
_TOKEN = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}=")
_NAMED = re.compile(r"(?i)\b([\w-]*(?:token|jwt|signature))(['\"]?\s*[=:]\s*['\"]?)[^\s&'\",]+")
_NEWLINE = " ⏎ "
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")  # would move the cursor of whoever reads the log in a terminal


REQUEST = "request"
"""Attribute of a record that is a request's line: its parts, for JSON."""
_PLAIN = re.compile(r"[\w.+@:/-]{1,320}")


def quoted(text: str) -> str:
    """A stranger's text as part of a line: as it is when it cannot be taken for anything else, else in quotes and escaped, cut at 320."""
    return text if _PLAIN.fullmatch(text) else ascii(text[:320])


def clean(text: str) -> str:
    """The text without query strings and tokens."""
    text = _QUERY.sub(r"\1?…", text)
    text = _NAMED.sub(r"\1\2…", text)
    return _TOKEN.sub("…", text)


class TextFormat(logging.Formatter):
    """`2026-01-31T12:00:00Z notice darkroom.ott: text`."""

    def format(self, record: logging.LogRecord) -> str:
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
        return f"{at} {record.levelname.lower()} {record.name}: {_one_line(self._message(record))}"

    def _message(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return clean(text)


class JsonFormat(TextFormat):
    """`{"time","level","logger","message"[,"exception"]}`; of a request "method", "path", "status", "ms" and "id" too."""

    def format(self, record: logging.LogRecord) -> str:
        event: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": clean(record.getMessage()),
        }
        event |= getattr(record, REQUEST, {})
        if record.exc_info:
            event["exception"] = clean(self.formatException(record.exc_info))
        return json.dumps(event, ensure_ascii=False)


def _one_line(text: str) -> str:
    return _CONTROL.sub("\ufffd", _NEWLINE.join(line.rstrip() for line in text.splitlines()))


def setup(level: str, style: str, stream: TextIO | None = None, *, handler: logging.Handler | None = None) -> None:
    """Send every logger's lines to `stream` (default stderr), or to `handler`. `level` and `style` as in `config.Log`. Replaces an earlier
    set-up."""
    logging.addLevelName(NOTICE, "NOTICE")
    handler = handler or logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormat() if style == "json" else TextFormat())
    root = logging.getLogger()
    for before in root.handlers:
        if isinstance(before, LogFile):
            before.close()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)  # other people's libraries
    logging.getLogger("darkroom").setLevel(_LEVELS[level])


def serve(wanted: Log) -> None:
    """The server's lines to where its configuration says; OSError when the file cannot be written."""
    if wanted.file is not None:
        setup(wanted.level, wanted.format, handler=LogFile(wanted.file.expanduser().absolute(), wanted.file_size, wanted.files))
    else:
        setup(wanted.level, wanted.format)
