"""Pictures from files: the size is known from the header before a single pixel is decoded."""

from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np

from inspector.domain.frame import BgrImage
from inspector.errors import PictureRefused
from inspector.vision.plain_files import content_of

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png")
MOST_FILE_BYTES = 256 << 20
MOST_PIXELS = 100_000_000
"""A 400-megapixel PNG of one colour has 49 kB and decodes to 1.2 GB."""


def read_picture(file: Path) -> BgrImage:
    """Return the picture in a PNG, JPEG or BMP file, as stored (an EXIF rotation is not applied).

    Raises:
        PictureRefused: One sentence that names the file.
    """
    return decoded(_content(file), name=str(file))


def picture_size(file: Path) -> tuple[int, int]:
    """Return width and height as the header states them; no pixel is decoded.

    Raises:
        PictureRefused: Empty, too large, or none of PNG, JPEG and BMP.
    """
    return _accepted_size(_content(file), str(file))


def decoded(content: bytes, *, name: str) -> BgrImage:
    """Return the picture that `content` is.

    Raises:
        PictureRefused: Empty, too large, damaged, or none of PNG, JPEG and BMP.
    """
    width, height = _accepted_size(content, name)
    return _pixels(content, name, (height, width, 3))


def _content(file: Path) -> bytes:
    try:
        return content_of(file, MOST_FILE_BYTES + 1)
    except OSError as error:
        raise PictureRefused(f"{file}: cannot be read: {error.strerror}") from error


def _accepted_size(content: bytes, name: str) -> tuple[int, int]:
    """Return width and height from the header; raises `PictureRefused`."""
    if not content:
        raise PictureRefused(f"{name}: empty, 0 bytes")
    if len(content) > MOST_FILE_BYTES:
        raise PictureRefused(f"{name}: larger than {MOST_FILE_BYTES >> 20} MB")
    size = _size(content)
    if size is None:
        raise PictureRefused(f"{name}: not a PNG, JPEG or BMP picture")
    width, height = size
    if not 0 < width * height <= MOST_PIXELS:
        most = MOST_PIXELS // 1_000_000
        raise PictureRefused(
            f"{name}: {width} x {height} pixels; from 1 to {most} million accepted"
        )
    return width, height


def _pixels(content: bytes, name: str, shape: tuple[int, int, int]) -> BgrImage:
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    except cv2.error as error:
        raise PictureRefused(f"{name}: damaged, cannot be decoded") from error
    if image is None or image.shape != shape:
        raise PictureRefused(f"{name}: damaged, cannot be decoded")
    return np.asarray(image, np.uint8)


def _size(content: bytes) -> tuple[int, int] | None:
    """Return (width, height) as the header states them, or None when it is no known picture."""
    try:
        if content.startswith(b"\x89PNG\r\n\x1a\n"):
            width, height = struct.unpack_from(">II", content, 16)
        elif content.startswith(b"\xff\xd8"):
            return _jpeg_size(content)
        elif content.startswith(b"BM"):
            width, height = map(abs, struct.unpack_from("<ii", content, 18))
        else:
            return None
    except (struct.error, IndexError):
        return None
    return width, height


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    """Return (width, height) from the first start-of-frame marker (ITU-T T.81, table B.1)."""
    at = 2
    while True:
        while content[at] == 0xFF and content[at + 1] == 0xFF:
            at += 1
        if content[at] != 0xFF:
            return None
        marker = content[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", content, at + 5)
            return width, height
        at += 2 + int(struct.unpack_from(">H", content, at + 2)[0])
