"""Small pictures within a page: as data, with what the model marked."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence

import cv2
import numpy as np

from inspector.domain.finding import Box
from inspector.errors import PictureRefused
from inspector.vision.picture_files import decoded

WIDE_PX = 200
_RED_BGR = (32, 0, 200)
_QUALITY = 80


def thumbnail(jpeg: bytes | None, boxes: Sequence[Box]) -> str:
    """Return the address of a small picture that lies within the page; "" where there is none.

    Args:
        jpeg: As it was kept; None: it was not.
        boxes: Drawn into it, in its pixels.
    """
    if jpeg is None:
        return ""
    try:
        image = decoded(jpeg, name="picture")
    except PictureRefused:
        return ""
    share = WIDE_PX / image.shape[1]
    size = WIDE_PX, max(1, round(image.shape[0] * share))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    for x, y, wide, high in boxes:
        corners = np.array([x, y, x + wide, y + high]) * share
        left, top, right, low = corners.round().astype(int).tolist()
        cv2.rectangle(small, (left - 2, top - 2), (right + 2, low + 2), _RED_BGR, 1)
    done, coded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return f"data:image/jpeg;base64,{b64encode(coded.tobytes()).decode()}" if done else ""
