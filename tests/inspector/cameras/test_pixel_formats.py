"""Every format that a camera sends becomes the same blue-green-red picture."""

import cv2
import numpy as np
import pytest

from inspector.cameras.pixel_formats import FORMATS, bgr_of

COLOUR = np.array([40, 120, 200], np.uint8)  # blue, green, red
WIDTH, HEIGHT = 16, 12
PLAIN = np.full((HEIGHT, WIDTH, 3), COLOUR, np.uint8)
BLUE, GREEN, RED = 0, 1, 2
# by PFNC: the first two pixels of the first row, then those of the second
PATTERNS = {
    "GR": ((GREEN, RED), (BLUE, GREEN)),
    "RG": ((RED, GREEN), (GREEN, BLUE)),
    "GB": ((GREEN, BLUE), (RED, GREEN)),
    "BG": ((BLUE, GREEN), (GREEN, RED)),
}
NUMBERS = {name: number for number, (name, *_) in FORMATS.items()}
BAYER = [name for name in NUMBERS if name.startswith("Bayer")]
MONO = [name for name in NUMBERS if name.startswith("Mono")]


def as_sent(values: np.ndarray, bits: int) -> np.ndarray:
    """Return 8-bit values as a camera with more bits sends them, in two bytes each."""
    if bits == 8:
        return values.reshape(-1)
    return (values.astype("<u2") << (bits - 8)).view(np.uint8).reshape(-1)


def bits_of(name: str) -> int:
    return FORMATS[NUMBERS[name]][2]


@pytest.mark.parametrize("name", BAYER)
def test_a_bayer_picture_has_the_colours_of_the_scene(name: str) -> None:
    pattern = np.array(PATTERNS[name[5:7]])
    sensor = COLOUR[np.tile(pattern, (HEIGHT // 2, WIDTH // 2))]
    raw = as_sent(sensor, bits_of(name))
    assert np.array_equal(bgr_of(raw, NUMBERS[name], width=WIDTH, height=HEIGHT), PLAIN)


@pytest.mark.parametrize("name", MONO)
def test_a_mono_picture_is_grey(name: str) -> None:
    grey = np.arange(WIDTH * HEIGHT, dtype=np.uint8).reshape(HEIGHT, WIDTH)
    image = bgr_of(as_sent(grey, bits_of(name)), NUMBERS[name], width=WIDTH, height=HEIGHT)
    assert np.array_equal(image, np.stack([grey] * 3, axis=-1))


def test_colour_formats_keep_their_colours() -> None:
    sent = {"BGR8": PLAIN, "RGB8": PLAIN[..., ::-1]}
    for name, picture in sent.items():
        raw = np.ascontiguousarray(picture).reshape(-1)
        assert np.array_equal(bgr_of(raw, NUMBERS[name], width=WIDTH, height=HEIGHT), PLAIN)
    luma, blue, red = cv2.cvtColor(PLAIN, cv2.COLOR_BGR2YUV)[0, 0]
    for name, order in {"YUV422_8": (luma, blue), "YUV422_8_UYVY": (blue, luma)}.items():
        four = [*order, *(red if part is blue else part for part in order)]
        raw = np.tile(np.array(four, np.uint8), WIDTH * HEIGHT // 2)
        image = bgr_of(raw, NUMBERS[name], width=WIDTH, height=HEIGHT)
        assert np.abs(image.astype(int) - PLAIN).max() < 40, name  # video range, not full range
        assert image[0, 0].argmax() == RED


def test_what_fills_up_a_row_is_no_pixel() -> None:
    rows = np.zeros((HEIGHT, WIDTH + 4), np.uint8)
    rows[:, :WIDTH] = 77
    raw = rows.reshape(-1)
    image = bgr_of(raw, NUMBERS["Mono8"], width=WIDTH, height=HEIGHT, padding=4)
    assert image.shape == (HEIGHT, WIDTH, 3)
    assert np.all(image == 77)


@pytest.mark.parametrize("name", ["Mono8", "BayerRG8", "BGR8", "Mono12"])
def test_a_picture_stays_when_the_cameras_memory_is_filled_again(name: str) -> None:
    channels, bits = FORMATS[NUMBERS[name]][1:3]
    raw = np.full(WIDTH * HEIGHT * channels * (1 if bits == 8 else 2), 3, np.uint8)
    image = bgr_of(raw, NUMBERS[name], width=WIDTH, height=HEIGHT)
    before = image.copy()
    raw[:] = 0
    assert np.array_equal(image, before)
