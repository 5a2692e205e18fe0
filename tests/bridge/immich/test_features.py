"""What the documentation says of Immich's features and of tools, against the routes and the tests that there are."""

from __future__ import annotations

from bridge.serving import app
from tests.bridge.immich.features import PAGE, ROOT, STATES, page, rows, tools


def served() -> set[tuple[str, str]]:
    """Routes of the Immich face, as the documentation writes them."""
    handlers = [handler for face, modules in app.found() if face.prefix == "/" for m in modules for handler in getattr(m, "HANDLERS", [])]
    handlers.append(app.health)
    return {(method, path.replace(":str", "")) for h in handlers for path in h.paths for method in h.http_methods - {"OPTIONS"}}


def test_every_route_is_a_feature_and_every_feature_has_its_routes() -> None:
    named = [route for row in rows() for route in row.routes]
    assert sorted(set(named)) == sorted(named), "each route once"
    assert set(named) == served()


def test_every_row_says_how_or_why() -> None:
    features = [(row.area, row.feature) for row in rows()]
    assert len(set(features)) == len(features) > 70
    for row in rows():
        assert row.state in STATES, row
        assert row.why or row.state == "works" or row.feature.startswith(("Licenses", "Counts", "Notifications", "Places of", "Tags:")), row
        assert not row.routes or row.state in ("works", "inert") or row.feature.startswith("By content"), row


def test_the_tables_are_those_of_the_data() -> None:
    assert page(PAGE.read_text()) == PAGE.read_text(), "python -m tests.bridge.immich.features"


def test_every_program_is_tested_in_that_version() -> None:
    for tool in tools():
        assert (ROOT / tool.test).exists(), tool.name
        assert tool.pinned in (ROOT / tool.where).read_text(), tool.name
