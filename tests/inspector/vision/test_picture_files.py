"""A file is a picture we accept, or refused in one sentence before it costs anything."""

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from inspector.errors import PictureRefused
from inspector.vision.picture_files import decoded, read_picture
from tests.inspector.vision import tiny

PICTURE = np.random.default_rng(1).integers(0, 255, (20, 30, 3), np.uint8)


@pytest.mark.parametrize("suffix", [".png", ".bmp"])
def test_a_picture_is_read_as_it_was_stored(suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f"picture{suffix}"
    cv2.imwrite(str(file), PICTURE)
    assert np.array_equal(read_picture(file), PICTURE)


def test_a_jpeg_is_read(tmp_path: Path) -> None:
    file = tmp_path / "picture.jpg"
    cv2.imwrite(str(file), PICTURE)
    assert read_picture(file).shape == (20, 30, 3)


def test_a_grey_picture_has_three_equal_planes(tmp_path: Path) -> None:
    file = tmp_path / "grey.png"
    cv2.imwrite(str(file), PICTURE[..., 0])
    assert np.array_equal(read_picture(file), np.repeat(PICTURE[..., :1], 3, axis=2))


def chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk of a PNG file."""
    tail = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + tail


def bomb(width_px: int, height_px: int) -> bytes:
    """Return a whole PNG of one colour, with a byte for a thousand pixels."""
    head = struct.pack(">IIBBBBB", width_px, height_px, 8, 0, 0, 0, 0)
    packer, row = zlib.compressobj(9), bytes(width_px + 1)
    pixels = b"".join(packer.compress(row) for _ in range(height_px)) + packer.flush()
    chunks = ((b"IHDR", head), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*one) for one in chunks)


def jpeg_said_to_be(width_px: int, height_px: int, *, first: bytes = b"") -> bytes:
    """Return a JPEG with another size in its header, and something before that header."""
    whole = cv2.imencode(".jpg", PICTURE)[1].tobytes()
    at = whole.index(b"\xff\xc0")
    size = struct.pack(">HH", height_px, width_px)
    return whole[:2] + first + whole[2 : at + 5] + size + whole[at + 9 :]


THUMBNAIL = b"\xff\xe1" + struct.pack(">H", 9) + b"\xff\xc0" + struct.pack(">HBH", 9, 8, 4)
BOMB = bomb(20_000, 20_000)
BMP = cv2.imencode(".bmp", PICTURE)[1].tobytes()

REFUSED = {
    "nothing": (b"", "empty, 0 bytes"),
    "text": (b"hello, this is no picture", "not a PNG, JPEG or BMP"),
    "a GIF": (b"GIF89a" + bytes(100), "not a PNG, JPEG or BMP"),
    "400 megapixels (A30)": (tiny.png_header(20_000, 20_000), "20000 x 20000 pixels"),
    "400 megapixels, all of them there (A30)": (BOMB, "20000 x 20000 pixels"),
    "a JPEG of 3600 megapixels": (jpeg_said_to_be(60_000, 60_000), "60000 x 60000 pixels"),
    "a JPEG with a small one in its notes": (
        jpeg_said_to_be(60_000, 60_000, first=THUMBNAIL),
        "60000 x 60000 pixels",
    ),
    "a BMP of 400 megapixels": (
        BMP[:18] + struct.pack("<ii", 20_000, 20_000) + BMP[26:],
        "20000 x 20000 pixels",
    ),
    "a PNG that is small first and large then": (
        tiny.png(PICTURE)[:33] + tiny.png_header(20_000, 20_000)[8:] + tiny.png(PICTURE)[33:],
        "damaged",
    ),
    "no pixels": (tiny.png_header(0, 10), "0 x 10 pixels"),
    "half a PNG": (tiny.png(PICTURE)[:60], "damaged"),
    "the beginning of a JPEG": (b"\xff\xd8\xff\xe0", "not a PNG, JPEG or BMP"),
    "a BMP of negative size": (b"BM" + bytes(16) + b"\xff" * 8 + bytes(30), "damaged"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_is_refused_that_is(name: str) -> None:
    content, says = REFUSED[name]
    with pytest.raises(PictureRefused, match=r"file\.png: ") as caught:
        decoded(content, name="file.png")
    assert says in str(caught.value)


def test_a_bomb_is_refused_before_a_pixel_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    decodes: list[object] = []
    monkeypatch.setattr(cv2, "imdecode", lambda *given: decodes.append(given))
    with pytest.raises(PictureRefused):
        decoded(BOMB, name="bomb.png")
    assert not decodes


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PictureRefused, match=r"gone.png: cannot be read"):
        read_picture(tmp_path / "gone.png")
