"""A file is a picture we accept, or refused in one sentence before it costs anything."""

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


REFUSED = {
    "nothing": (b"", "empty, 0 bytes"),
    "text": (b"hello, this is no picture", "not a PNG, JPEG or BMP"),
    "a GIF": (b"GIF89a" + bytes(100), "not a PNG, JPEG or BMP"),
    "400 megapixels (A30)": (tiny.png_header(20_000, 20_000), "20000 x 20000 pixels"),
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


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PictureRefused, match=r"gone.png: cannot be read"):
        read_picture(tmp_path / "gone.png")
