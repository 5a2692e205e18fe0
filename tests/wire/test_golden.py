"""Every recorded exchange with the original server, replayed: the same statuses, shapes, codes and headers."""

from __future__ import annotations

import pytest

from tests.wire.golden import Replay, case_names
from tests.wire.golden_tables import ALLOWED, AREAS_LANDED, NOT_REPLAYED
from tests.wire.process import RunningServer

CASES = [name for name in case_names(AREAS_LANDED) if name not in NOT_REPLAYED]


@pytest.mark.parametrize("case", CASES)
def test_golden(case: str, server: RunningServer) -> None:
    Replay(case, server.url).run()


def test_the_tables_name_existing_cases() -> None:
    every = set(case_names(AREAS_LANDED))
    assert every
    assert every >= set(ALLOWED) | {case for case in NOT_REPLAYED if case.split("/")[0] in AREAS_LANDED}
