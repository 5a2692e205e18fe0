"""A tool whose every answer is checked against Immich's models."""

from __future__ import annotations

import pytest

from tests.bridge.conftest import Tool
from tests.bridge.immich import models


@pytest.fixture
def immich(tool: Tool) -> Tool:
    tool.event_hooks["response"].append(models.check)
    return tool
