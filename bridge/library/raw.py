"""RAW files: the preview that the camera put into them, else a quick development. Needs rawpy (extra `bridge`); without it they are not looked into."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO

from PIL import Image

if TYPE_CHECKING:
    from .media import Found


def preview(content: BinaryIO, found: Found) -> Image.Image:
    """Raises `media.BROKEN`."""
    from . import media

    try:
        import rawpy
    except ImportError:
        raise media.Unreadable("rawpy is not installed") from None
    try:
        with rawpy.imread(content) as opened:
            sizes = opened.sizes
            width, height = sizes.iwidth, sizes.iheight
            try:
                thumbnail = opened.extract_thumb()
                if thumbnail.format == rawpy.ThumbFormat.JPEG:
                    made = Image.open(io.BytesIO(bytes(thumbnail.data)))
                    media.read_exif(made, found)
                else:
                    made = Image.fromarray(thumbnail.data)
            except (rawpy.LibRawNoThumbnailError, rawpy.LibRawUnsupportedThumbnailError):
                made = Image.fromarray(opened.postprocess(half_size=True, use_camera_wb=True))
            if width * height > media.PIXELS:
                raise media.Unreadable("too large")
            found.public |= {"w": width, "h": height}
    except rawpy.LibRawError as e:
        raise media.Unreadable(str(e)) from None
    return made
