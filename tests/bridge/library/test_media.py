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


def film(**metadata: str) -> bytes:
    """Two seconds that begin black."""
    av = pytest.importorskip("av")
    np = pytest.importorskip("numpy")
    held = io.BytesIO()
    with av.open(held, "w", format="mp4") as container:
        container.metadata.update(metadata)
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(20):
            shade = np.full((48, 64, 3), 0 if number < 3 else 120, dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shade, format="rgb24")))
        container.mux(stream.encode())
    return held.getvalue()


def test_a_video() -> None:
    found = media.look(io.BytesIO(film(creation_time="2023-08-23T18:03:00Z", location="+48.5-004.5/")), "a.mp4")
    assert (found.taken, found.place, found.duration, found.public) == (1_692_813_780_000_000, (48.5, -4.5), 2.0, {"w": 64, "h": 48})
    assert not found.static_thumbnail
    assert Image.open(io.BytesIO(found.thumbnail)).getpixel((5, 5)) != (0, 0, 0)


def test_no_video_opens_another_file() -> None:
    playlist = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n"
    for name in ("a.mp4", "a.mkv", "a.ts", "a.avi", "a.wmv", "a.mpg"):
        assert media.look(io.BytesIO(playlist), name).static_thumbnail


def test_heic() -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    held = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "Leica"
    pillow_heif.from_pillow(Image.new("RGB", (640, 480), (10, 200, 30))).save(held, exif=exif.tobytes())
    found = media.look(io.BytesIO(held.getvalue()), "a.HEIC")
    assert (found.public, found.static_thumbnail) == ({"w": 640, "h": 480, "cameraMake": "Leica"}, False)
    assert Image.open(io.BytesIO(media.show(io.BytesIO(held.getvalue()), "a.heic", 100))).size == (100, 75)


def test_raw_that_is_none() -> None:
    assert media.look(io.BytesIO(b"II*\0garbage" * 100), "a.dng").static_thumbnail
    with pytest.raises(media.Unreadable):
        media.show(io.BytesIO(b"x"), "a.nef", 100)


def test_details() -> None:
    held = io.BytesIO()
    exif = Image.Exif()
    exif.get_ifd(0x8769).update({0xA434: "Summicron", 0x829D: 2.8, 0x920A: 35.0, 0x829A: 0.004, 0x8827: 400, 0x9286: "junk"})
    Image.new("RGB", (8, 8)).save(held, "JPEG", exif=exif)
    found = media.look(io.BytesIO(held.getvalue()), "a.jpg")
    assert found.details == {"lensModel": "Summicron", "fNumber": 2.8, "focalLength": 35.0, "exposureTime": 0.004, "iso": 400}
