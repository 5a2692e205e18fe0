"""Queues of background work, which an importer pauses while it sends. Here nothing of the kind runs: every queue is empty, and what is asked of one
is accepted without effect (docs/bridge.md)."""

from __future__ import annotations

from typing import Any

from litestar import get, post, put
from litestar.params import FromPath, JSONBody

from ..serving.problems import Problem

QUEUES = (
    "thumbnailGeneration", "metadataExtraction", "videoConversion", "faceDetection", "facialRecognition", "smartSearch", "duplicateDetection",
    "backgroundTask", "storageTemplateMigration", "migration", "search", "sidecar", "library", "notifications", "backupDatabase", "ocr",
    "workflow", "integrityCheck", "editor",
)  # fmt: skip
COMMANDS = ("start", "pause", "resume", "empty", "clear-failed")
EMPTY = {
    "jobCounts": {"active": 0, "completed": 0, "failed": 0, "delayed": 0, "waiting": 0, "paused": 0},
    "queueStatus": {"isActive": False, "isPaused": False},
}


@get("/api/jobs", permission="job.read", sync_to_thread=False)
def queues() -> dict[str, Any]:
    return dict.fromkeys(QUEUES, EMPTY)


@post("/api/jobs", permission="job.create", status_code=204)
async def create(data: JSONBody[dict[str, Any]]) -> None:
    """Cleaning up and the like: there is nothing to do."""


@put("/api/jobs/{name:str}", permission="job.create")
async def command(name: FromPath[str], data: JSONBody[dict[str, Any]]) -> dict[str, Any]:
    if name not in QUEUES:
        raise Problem(400, "There is no queue of this name")
    if data.get("command") not in COMMANDS:
        raise Problem(400, f"command must be one of {', '.join(COMMANDS)}")
    return EMPTY


HANDLERS = [queues, create, command]
