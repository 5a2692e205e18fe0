"""The face for clients of ImaLink's API (version 2.1): photos by the hash of their small preview, their files, authors, import sessions, stacks.

Errors are `{"detail": …, "status_code": …}`; input that does not fit is a 400. Which of its ideas is what in the library: docs/bridge.md.
"""

from __future__ import annotations

from typing import Any

from ..serving.face import Face
from ..serving.problems import Problem

PREFIX = "/api/v1"


def problem(found: Problem) -> dict[str, Any]:
    return {"detail": found.message, "status_code": found.status}


FACE = Face(PREFIX + "/", problem)
