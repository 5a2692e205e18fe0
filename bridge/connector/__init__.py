"""The face for programs that read photos through the connector's `/api/immich/…`: ten operations with envelopes of their own around Immich's assets.

Answers are `{"status": "success", …, "data": …}`, errors `{"error": what failed, "message": why}`. A key is asked for, which the original did not do.
"""

from __future__ import annotations

from typing import Any

from ..serving.face import Face
from ..serving.problems import Problem

PREFIX = "/api/immich"


def problem(found: Problem) -> dict[str, Any]:
    return {"error": found.code or found.phrase, "message": found.message}


FACE = Face(PREFIX + "/", problem)
