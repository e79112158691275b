"""Blue-green-red pictures of the formats in which cameras deliver them.

The numbers are those of the GenICam Pixel Format Naming Convention, which a frame carries. A
picture of an 8-bit format is copied once, by its conversion.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from inspector.domain.frame import BgrImage

MONO: Final = cv2.COLOR_GRAY2BGR
# PFNC names the first row's first two pixels; OpenCV's names with four letters are the same.
GR, RG = cv2.COLOR_BayerGRBG2BGR, cv2.COLOR_BayerRGGB2BGR
GB, BG = cv2.COLOR_BayerGBRG2BGR, cv2.COLOR_BayerBGGR2BGR
AS_IT_IS: Final = -1

# number: (name, channels, bits that carry the picture, how OpenCV makes BGR of it)
FORMATS: Final[dict[int, tuple[str, int, int, int]]] = {
    0x01080001: ("Mono8", 1, 8, MONO),
    0x01100003: ("Mono10", 1, 10, MONO),
    0x01100005: ("Mono12", 1, 12, MONO),
    0x01100025: ("Mono14", 1, 14, MONO),
    0x01100007: ("Mono16", 1, 16, MONO),
    0x01080008: ("BayerGR8", 1, 8, GR),
    0x01080009: ("BayerRG8", 1, 8, RG),
    0x0108000A: ("BayerGB8", 1, 8, GB),
    0x0108000B: ("BayerBG8", 1, 8, BG),
    0x0110000C: ("BayerGR10", 1, 10, GR),
    0x0110000D: ("BayerRG10", 1, 10, RG),
    0x0110000E: ("BayerGB10", 1, 10, GB),
    0x0110000F: ("BayerBG10", 1, 10, BG),
    0x01100010: ("BayerGR12", 1, 12, GR),
    0x01100011: ("BayerRG12", 1, 12, RG),
    0x01100012: ("BayerGB12", 1, 12, GB),
    0x01100013: ("BayerBG12", 1, 12, BG),
    0x0110002E: ("BayerGR16", 1, 16, GR),
    0x0110002F: ("BayerRG16", 1, 16, RG),
    0x01100030: ("BayerGB16", 1, 16, GB),
    0x01100031: ("BayerBG16", 1, 16, BG),
    0x02180014: ("RGB8", 3, 8, cv2.COLOR_RGB2BGR),
    0x02180015: ("BGR8", 3, 8, AS_IT_IS),
    0x0210001F: ("YUV422_8_UYVY", 2, 8, cv2.COLOR_YUV2BGR_UYVY),
    0x02100032: ("YUV422_8", 2, 8, cv2.COLOR_YUV2BGR_YUYV),
}


def bgr_of(
    raw: npt.NDArray[np.uint8], pixel_format: int, *, width: int, height: int, padding: int = 0
) -> BgrImage:
    """Return a picture of its own of a camera's bytes.

    Args:
        raw: The bytes, at least as many as the picture has; not kept.
        pixel_format: Its number; raises `KeyError` when it is none of `FORMATS`.
        width: In pixels.
        height: In pixels.
        padding: Bytes at the end of each row that are no pixels.
    """
    _, channels, bits, conversion = FORMATS[pixel_format]
    row = width * channels * (1 if bits == 8 else 2)
    pixels = raw[: height * (row + padding)].reshape(height, row + padding)[:, :row]
    if bits > 8:
        pixels = _eight_bits(np.ascontiguousarray(pixels).view("<u2"), bits)
    shaped = pixels.reshape(height, width, channels) if channels > 1 else pixels
    if conversion == AS_IT_IS:
        return shaped.copy()
    return cv2.cvtColor(shaped, conversion).astype(np.uint8, copy=False)


def _eight_bits(pixels: npt.NDArray[np.uint16], bits: int) -> npt.NDArray[np.uint8]:
    return (pixels >> (bits - 8)).astype(np.uint8)
