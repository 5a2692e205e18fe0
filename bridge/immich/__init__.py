"""The face for tools that speak Immich's API (version 3.3.5): decodes, asks the library, encodes. Facts of the wire: docs/bridge.md."""

from __future__ import annotations

import uuid
from typing import Any

from ..serving.face import Face
from ..serving.problems import Problem

VERSION = (3, 3, 5)
"""The one that is spoken, advertised and tested."""


def problem(found: Problem) -> dict[str, Any]:
    return {"message": found.message, "error": found.phrase, "statusCode": found.status, "correlationId": uuid.uuid4().hex}


FACE = Face("/", problem)
