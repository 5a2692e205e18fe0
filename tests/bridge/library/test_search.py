"""Facts and questions about them, without a server."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest

from bridge.client.shapes import Album, File, Magic
from bridge.library.facts import TRASH, Fact, Facts, fact_of, local_time
from bridge.library.search import OLDEST, Search, Wanted, moment, month_span

ME, BOB = 1, 2
MAY = 1_682_935_200_000_000  # 2023-05-01 10:00:00 UTC
DAY = 86_400_000_000
ALBUM, HIDDEN_ALBUM, FAVOURITES, LOOSE = 1, 2, 3, 4


def file(number: int, taken: int = MAY, owner: int = ME, updated: int = 10, private: dict[str, Any] | None = None, **public: Any) -> File:
    metadata = {"title": public.pop("title", f"{number}.jpg"), "fileType": public.pop("kind", 0), "creationTime": taken, "hash": f"hash-{number}"}
    header = bytes([number]) * 24
    return File(number, ALBUM, owner, b"k" * 32, metadata, Magic(private or {}, 1), Magic(public, 1), header, b"", 1017, updated)


def album(number: int, kind: str = "album", *, hidden: bool = False) -> Album:
    return Album(number, b"k" * 32, f"album {number}", kind, ME, 1, Magic({"visibility": 2} if hidden else {}), Magic())


def facts(*rows: tuple[int, File], trashed: tuple[File, ...] = ()) -> Facts:
    made = Facts()
    for one in (album(ALBUM), album(HIDDEN_ALBUM, hidden=True), album(FAVOURITES, "favorites"), album(LOOSE, "uncategorized")):
        made.album(one, own=True)
    stored = [(album_id, fact_of(one)) for album_id, one in rows] + [(TRASH, fact_of(one, trashed=77)) for one in trashed]
    made.load(sorted(stored, key=lambda row: (row[1].id, row[0])))
    return made


def ids(made: Facts, wanted: Wanted | None = None) -> list[int]:
    return Search(made).ids(wanted or Wanted(), order=OLDEST)


def test_it_works() -> None:
    own = {
        "brg": {"id": "4E0A4E2C-0A5B-4D53-8F0B-0F8C26A1C001", "sha1": "ab" * 20, "rating": 4, "tags": ["sea/boats", 5], "stack": "s"},
        "visibility": 1,
    }
    said = {"caption": "at the quay", "cameraMake": "Leica", "cameraModel": "M6", "w": 640, "h": 480, "dateTime": "2023-05-01T12:00:00.000"}
    made = facts((ALBUM, file(1, private=own, **said)), (FAVOURITES, file(1, private=own, **said)))
    (entry,) = Search(made).entries(Wanted())
    assert (entry.title, entry.caption, entry.make, entry.model, entry.width, entry.size) == ("1.jpg", "at the quay", "Leica", "M6", 640, 1000)
    assert (entry.uuid, entry.sha1, entry.rating, entry.stack) == ("4e0a4e2c-0a5b-4d53-8f0b-0f8c26a1c001", b"\xab" * 20, 4, "s")
    assert (entry.favourite, entry.visibility, entry.local - entry.taken) == (True, 1, 7_200_000_000)
    assert Search(made).tags_of([1]) == {1: ["sea/boats"]}
    assert (made.by_hash("hash-1", ME), made.by_hash("hash-1", BOB), made.by_sha1("AB" * 20, ME)) == (1, None, 1)
    assert (made.by_uuid(entry.uuid or ""), made.albums_of(1), len(made), 1 in made, 2 in made) == (1, [ALBUM, FAVOURITES], 1, True, False)


def test_filters() -> None:
    made = facts(
        (ALBUM, file(1, title="Straße_1.jpg", cameraMake="Leica", lat=48.5, long=-4.5)),
        (ALBUM, file(2, taken=MAY + DAY, kind=1, caption="100% blue", private={"visibility": 1})),
        (LOOSE, file(3, taken=MAY + 2 * DAY, owner=BOB)),
        (FAVOURITES, file(4, private={"brg": {"tags": ["sea/boats"], "rating": 3}}, lat=0.5, long=179.5)),
    )
    made.set_persons([("carol", 1), ("carol", 2)])
    cases: list[tuple[list[int], Wanted]] = [
        ([1, 4, 2, 3], Wanted()),
        ([1], Wanted(title="STRASSE"[:3])),
        ([1], Wanted(title="straße_")),
        ([1], Wanted(text="leica 1.jpg")),
        ([], Wanted(text="leica 2.jpg")),
        ([4], Wanted(text="boats")),
        ([2], Wanted(caption="100%")),
        ([], Wanted(caption="1_0%")),
        ([2], Wanted(kinds=(1,))),
        ([2], Wanted(archived=True)),
        ([1, 4, 3], Wanted(archived=False)),
        ([4], Wanted(favourite=True)),
        ([3, 4], Wanted(in_album=False, ids=[3, 4])),
        ([1, 2], Wanted(in_album=True)),
        ([3], Wanted(owner=BOB)),
        ([4], Wanted(tags=("sea",))),
        ([4], Wanted(tags=("sea/boats",))),
        ([], Wanted(tags=("se",))),
        ([4], Wanted(rating=3)),
        ([1, 2, 3], Wanted(unrated=True)),
        ([1, 2], Wanted(persons=("carol",))),
        ([1, 2], Wanted(albums=(ALBUM,))),
        ([2, 3], Wanted(times={"taken": (MAY + 1, None)})),
        ([1, 4], Wanted(times={"taken": (None, MAY)})),
        ([1], Wanted(exact={"make": "leica"})),
        ([4, 2, 3], Wanted(exact={"make": ""})),
        ([1, 4], Wanted(located=True)),
        ([1], Wanted(box=(-5.0, 48.0, -4.0, 49.0))),
        ([4], Wanted(box=(170.0, 0.0, -170.0, 1.0))),
    ]
    for expected, wanted in cases:
        assert sorted(ids(made, wanted)) == sorted(expected), wanted
    assert Search(made).count(Wanted()) == 4
    assert Search(made).count_kinds(Wanted()) == {0: 3, 1: 1}
    assert {entry.id for entry in Search(made).random(Wanted(), 3)} <= {1, 2, 3, 4}
    assert Search(made).distinct("make") == ["Leica"]
    assert Search(made).all_tags() == ["sea/boats"]


def test_what_is_hidden_is_in_no_answer() -> None:
    made = facts(
        (ALBUM, file(1)), (ALBUM, file(2, private={"visibility": 2, "brg": {"tags": ["secret"]}})), (ALBUM, file(3)), (HIDDEN_ALBUM, file(3))
    )
    assert ids(made) == [1]
    assert Search(made).entry(2) is None
    assert (Search(made).all_tags(), made.shown([1, 2, 3])) == ([], {1})
    assert sum(count for _, count in Search(made).months(Wanted())) == 1
    made.album(album(ALBUM, hidden=True), own=True)
    made.settle()
    assert ids(made) == []


def test_changes_and_the_trash() -> None:
    made = facts((ALBUM, file(1)), (FAVOURITES, file(1)), trashed=(file(9),))
    assert (ids(made), ids(made, Wanted(trash=True)), made.trashed_ids(), made.by_hash("hash-9", ME)) == ([1], [9], [9], None)
    made.add(ALBUM, fact_of(file(1, updated=20, title="new.jpg")))
    made.add(ALBUM, fact_of(file(1, updated=15, title="late.jpg")))
    assert [entry.title for entry in Search(made).entries(Wanted())] == ["new.jpg"]
    made.drop(1, FAVOURITES)
    made.settle([1])
    assert [entry.favourite for entry in Search(made).entries(Wanted())] == [False]
    made.drop(1, ALBUM)
    made.add(TRASH, fact_of(file(1, updated=20), trashed=88))
    assert (ids(made), ids(made, Wanted(trash=True)), len(made)) == ([], [1, 9], 0)
    made.add(ALBUM, fact_of(file(1, updated=20)))
    made.drop_trashed(1)
    assert (ids(made), made.in_album(ALBUM)) == ([1], [1])
    made.drop_trashed(9)
    assert made.trashed_ids() == []


def test_months_and_this_day() -> None:
    made = facts((ALBUM, file(1)), (ALBUM, file(2, taken=MAY - DAY)), (ALBUM, file(3, taken=-DAY)), (ALBUM, file(4, offsetTime="-11:00")))
    search = Search(made)
    assert search.months(Wanted()) == [(date(2023, 5, 1), 1), (date(2023, 4, 1), 2), (date(1969, 12, 1), 1)]
    assert search.ids(Wanted(times={"local": month_span(date(2023, 4, 1))})) == [4, 2]
    assert [(year, [e.id for e in entries]) for year, entries in search.this_day(date(2026, 5, 1), Wanted())] == [(2023, [1])]
    assert search.this_day(date(2024, 2, 29), Wanted()) == []
    assert month_span(date(2023, 12, 5))[1] + 1 == month_span(date(2024, 1, 1))[0]


@pytest.mark.parametrize("taken", [2**62, -(2**62)])
def test_times_that_no_calendar_has(taken: int) -> None:
    made = facts((ALBUM, file(1, taken=taken)))
    assert len(Search(made).months(Wanted())) == 1
    assert Search(made).this_day(date(2023, 5, 1), Wanted()) is not None
    assert moment(taken).year in (1, 9999)


def test_nonsense_of_other_clients() -> None:
    odd = file(1, w="wide", h=float("nan"), cameraMake=7, dateTime="yesterday", offsetTime="+99", lat="x", long=1)
    fact = fact_of(msgspec.structs.replace(odd) if isinstance(odd, msgspec.Struct) else odd)
    assert (fact.width, fact.height, fact.make, fact.lat, local_time(odd)) == (0, 0, "", None, MAY)
    for own in ("text", {"rating": "5", "tags": "a", "sha1": "zz", "id": "x", "stack": 5}, {"rating": True, "sha1": 1}):
        fact = fact_of(file(1, private={"brg": own, "visibility": "2"}))
        assert (fact.rating, fact.tags, fact.sha1, fact.uuid, fact.stack, fact.visibility) == (None, [], None, None, None, 0)


def test_a_dump_comes_back() -> None:
    made = facts((ALBUM, file(1, private={"brg": {"tags": ["a"]}})), trashed=(file(9),))
    other = Facts()
    other.album(album(ALBUM), own=True)
    assert other.restore(made.dump())
    assert (ids(other), other.trashed_ids(), Search(other).all_tags()) == ([1], [9], ["a"])
    broken = Facts()
    broken.album(album(ALBUM), own=True)
    assert not broken.restore(b"no database" * 1000)
    broken.load([(ALBUM, fact_of(file(1)))])
    assert ids(broken) == [1]


def test_live_photos_are_found_by_either_half() -> None:
    live = File(1, ALBUM, ME, b"", {"title": "a", "fileType": 2, "creationTime": 1, "hash": "img:vid"}, Magic(), Magic(), b"", b"", 0, 1)
    made = facts((ALBUM, live))
    assert [made.by_hash(text, ME) for text in ("img:vid", "img", "vid", "other", "")] == [1, 1, 1, None, None]
    assert isinstance(fact_of(live), Fact)
