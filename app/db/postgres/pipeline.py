"""Several prepared statements in one exchange with a PostgreSQL server: libpq's pipeline mode, left again before anything else happens.

Knows neither SQL nor transactions. A statement that fails makes the server skip those behind it up to the end of the exchange.
"""

from __future__ import annotations

import select
from typing import Any

from psycopg import pq

Call = tuple[bytes, list[Any], list[int]]
"""(name of a prepared statement, its values, 1 for each that is in binary form)"""


def exchange(to: pq.abc.PGconn, calls: list[Call]) -> list[pq.abc.PGresult]:
    """One result a call, in order; failures are results too, as in libpq.

    When the server is lost there are fewer, or psycopg.OperationalError is raised.
    """
    to.enter_pipeline_mode()
    for name, values, formats in calls:
        to.send_query_prepared(name, values, formats)
    to.pipeline_sync()
    poll = select.poll()
    results: list[pq.abc.PGresult] = []
    while len(results) <= len(calls):  # one for the sync comes last
        result = _next(to, poll)
        if result is not None:  # libpq says with a None that a statement has no more results
            results.append(result)
        if to.status != pq.ConnStatus.OK:
            return results  # the server is lost, and nothing else will come
    to.exit_pipeline_mode()
    return results[:-1]


def _next(to: pq.abc.PGconn, poll: select.poll) -> pq.abc.PGresult | None:
    """libpq's own call would wait with the interpreter in its hands."""
    while True:
        unsent = to.flush()
        if not to.is_busy():
            return to.get_result()
        poll.register(to.socket, select.POLLIN | (select.POLLOUT if unsent else 0))
        poll.poll()
        to.consume_input()
