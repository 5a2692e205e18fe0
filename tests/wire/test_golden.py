"""Every recorded exchange with the original server, replayed: the same statuses, shapes, codes and headers."""

from __future__ import annotations

import httpx
import pytest

from tests.wire.golden import Replay, case_names
from tests.wire.golden_tables import ALLOWED, AREAS_LANDED, NOT_REPLAYED, WAITING_FOR
from tests.wire.process import RunningServer

CASES = [name for name in case_names(AREAS_LANDED) if name not in NOT_REPLAYED]


@pytest.mark.parametrize("case", CASES)
def test_golden(case: str, server: RunningServer) -> None:
    if case in WAITING_FOR and not knows(server, *WAITING_FOR[case]):
        pytest.skip(f"the server has no {' '.join(WAITING_FOR[case])} yet")
    Replay(case, server.url).run()


def knows(server: RunningServer, method: str, path: str) -> bool:
    """Whether the route exists: one that does not is a 404 in plain text."""
    answer = httpx.request(method, server.url + path, trust_env=False)
    return answer.status_code != 404 or "json" in answer.headers.get("content-type", "")


def test_the_tables_name_existing_cases() -> None:
    every = set(case_names(AREAS_LANDED))
    assert every
    assert every >= set(ALLOWED) | set(WAITING_FOR) | {case for case in NOT_REPLAYED if case.split("/")[0] in AREAS_LANDED}
