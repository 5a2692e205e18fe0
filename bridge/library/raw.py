"""RAW files: the preview that the camera put into them, else a quick development. Without rawpy (extra `bridge`) they are not looked into."""

from __future__ import annotations

import io
from typing import Any, BinaryIO, cast

from PIL import Image

from .seen import PIXELS, Found, Unreadable, read_exif


def preview(content: BinaryIO, found: Found) -> Image.Image:
    """Raises `media.BROKEN`."""
    try:
        import rawpy
    except ImportError:
        raise Unreadable("rawpy is not installed") from None
    try:
        with rawpy.imread(content) as opened:
            sizes = opened.sizes
            width, height = sizes.iwidth, sizes.iheight
            try:
                thumbnail = opened.extract_thumb()
                if thumbnail.format == rawpy.ThumbFormat.JPEG:
                    made: Image.Image = Image.open(io.BytesIO(bytes(thumbnail.data)))
                    read_exif(made, found)
                else:
                    made = Image.fromarray(cast(Any, thumbnail.data))
            except (rawpy.LibRawNoThumbnailError, rawpy.LibRawUnsupportedThumbnailError):
                made = Image.fromarray(opened.postprocess(half_size=True, use_camera_wb=True))
            if width * height > PIXELS:
                raise Unreadable("too large")
            found.public |= {"w": width, "h": height}
    except rawpy.LibRawError as e:
        raise Unreadable(str(e)) from None
    return made
