"""What is found in pictures, and that none of them stops an upload."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from bridge.client.shapes import IMAGE, VIDEO
from bridge.library import media
from tests.bridge.library.pictures import jpeg


def test_it_works() -> None:
    exif = {0x010F: "Leica", 0x0110: "M6\0", 0x0132: "2023:08:23 18:03:00"}
    found = media.look(io.BytesIO(jpeg(size=(1600, 1200), exif=exif)), "a.jpg")
    assert found.public == {"w": 1600, "h": 1200, "cameraMake": "Leica", "cameraModel": "M6", "dateTime": "2023-08-23T18:03:00.000"}
    assert (found.taken, found.static_thumbnail) == (1_692_813_780_000_000, False)
    assert Image.open(io.BytesIO(found.thumbnail)).size == (720, 540)
    assert len(found.thumbnail) < 4 * media.MOST


def test_a_picture_that_lies_on_its_side() -> None:
    found = media.look(io.BytesIO(jpeg(size=(64, 48), orientation=6)), "a.jpg")
    assert (found.public["w"], found.public["h"]) == (48, 64)
    assert Image.open(io.BytesIO(found.thumbnail)).size == (48, 64)


def test_transparency_becomes_white() -> None:
    held = io.BytesIO()
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(held, "PNG")
    found = media.look(held, "a.png")
    assert min(Image.open(io.BytesIO(found.thumbnail)).getpixel((5, 5))) > 250  # type: ignore[type-var,arg-type]


@pytest.mark.parametrize("content", [b"", b"no picture", jpeg()[:200], jpeg()[:-900]], ids=["empty", "text", "head", "cut"])
def test_a_corrupt_picture_gets_a_placeholder(content: bytes) -> None:
    found = media.look(io.BytesIO(content), "IMG_20200102_030405.jpg")
    assert Image.open(io.BytesIO(found.thumbnail)).format == "JPEG"
    assert (found.static_thumbnail, found.taken) == (True, 1_577_934_245_000_000)


@pytest.mark.parametrize(
    "name,kind", [("a.JPG", IMAGE), ("a.heic", IMAGE), ("a.MOV", VIDEO), ("a.json", None), ("jpg", None)], ids=lambda v: str(v)
)  # fmt: skip
def test_kinds(name: str, kind: int | None) -> None:
    assert media.kind_of(name) == kind


def test_dates_in_names() -> None:
    assert media.date_in("2020-01-02.jpg") == 1_577_923_200_000_000
    for name in ("a.jpg", "20201399.jpg", "2099-01-01.jpg", "12345678901234.jpg", "20200102_993000.jpg"):
        assert media.date_in(name) in (0, media.date_in("2020-01-02.jpg"))
