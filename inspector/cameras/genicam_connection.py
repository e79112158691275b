"""A connection to one industrial camera: found, checked, set up, started, and ended again."""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from inspector.cameras.aravis import Aravis, GenicamFailed, aravis
from inspector.cameras.genicam_features import Value, write_all
from inspector.cameras.gvcp import Asker, Found

ANSWER_S: Final = 0.3
ASKED_TIMES: Final = 3
SILENCE_S: Final = 1.0
"""A camera without a frame that answers no question for so long is gone."""
BUFFERS: Final = 8
SOCKET_BYTES: Final = 8 << 20
"""Asked of the computer, which gives up to net.core.rmem_max: two pictures of 4 megapixels."""
NO_PACKET_SOCKET: Final = 1  # ArvGvStreamOption; that socket takes a right which a service lacks
ADJUST_NEVER: Final = 0  # ArvGvPacketSizeAdjustment
FIXED: Final = 0  # ArvGvStreamSocketBuffer
COMPLETE, OTHER_SIZE = 0, 5  # ArvBufferStatus
PACKET_SIZE: Final = "GevSCPSPacketSize"
CONTINUOUS: Final = {"AcquisitionMode": "Continuous"}
BY_ORDER: Final = {
    "TriggerSelector": "FrameStart",
    "TriggerMode": "On",
    "TriggerSource": "Software",
}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which camera, and what it shall do.

    Attributes:
        address: Of a GigE Vision camera; empty: the USB3 Vision camera with this serial number.
        serial: The serial number that it must have; empty for GigE Vision: any.
        model: The model that it must be; empty: any.
        features: By their GenICam names, written in this order.
        waits: It takes a picture for each order and none without.
    """

    address: str = ""
    serial: str = ""
    model: str = ""
    features: Mapping[str, Value] = field(default_factory=dict)
    waits: bool = False

    @property
    def all_features(self) -> dict[str, Value]:
        """Return what is written; the station file has the last word."""
        return {**CONTINUOUS, **(BY_ORDER if self.waits else {}), **self.features}

    def __str__(self) -> str:
        """Return how people call it."""
        return f"the camera at {self.address}" if self.address else f"camera {self.serial}"


@dataclass(frozen=True, slots=True)
class Buffer:
    """A frame as it lies in Aravis' memory, which `pixels` is until it is given back."""

    handle: int
    status: int
    number: int
    taken_ns: int
    pixel_format: int = 0
    width: int = 0
    height: int = 0
    padding: int = 0
    pixels: npt.NDArray[np.uint8] = field(default_factory=lambda: np.empty(0, np.uint8))


class Connection:
    """A camera that delivers. What it raises is `GenicamFailed`, one clause about the camera."""

    def __init__(self, wanted: Wanted) -> None:
        """Connect, make the camera what is wanted, and start it."""
        self._wanted, self._library = wanted, aravis()
        self._asker: Asker | None = None
        self._asked_s: float | None = None
        self._device = self._stream = 0
        try:
            self._device = self._by_address() if wanted.address else self._by_serial()
            self._stop()  # whoever had it before may have died while it ran
            write_all(self._library, self._device, wanted.all_features)
            self._start()
        except GenicamFailed:
            self.close(stop=False)
            raise

    def next_buffer(self, timeout_s: float) -> Buffer | None:
        """Return the next frame, complete or not; it must be given back."""
        do = self._library.do
        wait_us = max(0, round(timeout_s * 1e6))
        handle = do("arv_stream_timeout_pop_buffer", self._stream, wait_us)
        if not handle:
            return None
        self._asked_s = None
        status = do("arv_buffer_get_status", handle)
        number = do("arv_buffer_get_frame_id", handle)
        taken_ns = do("arv_buffer_get_timestamp", handle)
        if status != COMPLETE:
            return Buffer(handle, status, number, taken_ns)
        size, pad_x, pad_y = ctypes.c_size_t(), ctypes.c_int(), ctypes.c_int()
        data = do("arv_buffer_get_image_data", handle, size)
        do("arv_buffer_get_image_padding", handle, pad_x, pad_y)
        return Buffer(
            handle,
            status,
            number,
            taken_ns,
            do("arv_buffer_get_image_pixel_format", handle),
            do("arv_buffer_get_image_width", handle),
            do("arv_buffer_get_image_height", handle),
            pad_x.value,
            np.frombuffer(memoryview((ctypes.c_uint8 * size.value).from_address(data)), np.uint8),
        )

    def give_back(self, buffer: Buffer) -> None:
        """Let a frame's memory be filled again."""
        self._library.do("arv_stream_push_buffer", self._stream, buffer.handle)

    def order(self) -> None:
        """Order one picture."""
        self._library.attempt("arv_device_execute_command", self._device, b"TriggerSoftware")

    def resent_packets(self) -> int:
        """Return how many packets were asked for again and came."""
        name = b"n_resent_packets"
        return int(self._library.do("arv_stream_get_info_uint64_by_name", self._stream, name))

    def must_be_there(self, now_s: float) -> None:
        """Ask the camera, without waiting; raise when it has been silent for too long."""
        if self._asker is None:
            self._read_something()
            return
        if not self._library.do("arv_gv_device_is_controller", self._device):
            msg = "control of it was lost"
            raise GenicamFailed(msg)
        if self._asker.answer(0):
            self._asked_s = None
        if self._asked_s is None:
            self._asked_s = now_s
        elif now_s - self._asked_s > SILENCE_S:
            msg = "it does not answer any more"
            raise GenicamFailed(msg)
        self._asker.ask()

    def close(self, *, stop: bool) -> None:
        """End it; `stop` tells the camera so, which takes seconds where it is gone."""
        if stop:
            self._stop()
        for thing in (self._stream, self._device):
            if thing:
                self._library.do("g_object_unref", thing)
        self._stream = self._device = 0
        if self._asker is not None:
            self._asker.close()
            self._asker = None

    def _stop(self) -> None:
        name = b"AcquisitionStop"
        try:
            self._library.attempt("arv_device_execute_command", self._device, name)
        except GenicamFailed as error:
            log.info("%s was not stopped: %s", self._wanted, error)

    def _by_address(self) -> int:
        self._asker = _asker(self._wanted.address)
        self._must_be_wanted(_answer(self._asker))
        ends = (self._asker.from_address, self._wanted.address)
        do = self._library.do
        here, there = (do("g_inet_address_new_from_string", end.encode()) for end in ends)
        try:
            device: int = self._library.attempt("arv_gv_device_new", here, there)
        finally:
            do("g_object_unref", here)
            do("g_object_unref", there)
        if not do("arv_gv_device_is_controller", device):
            do("g_object_unref", device)
            msg = "another program has control of it"
            raise GenicamFailed(msg)
        return device

    def _by_serial(self) -> int:
        for found, identity in usb3_cameras(self._library):
            if found.serial == self._wanted.serial:
                self._must_be_wanted(found)
                device: int = self._library.attempt("arv_open_device", identity)
                return device
        msg = "no USB3 Vision camera has this serial number"
        raise GenicamFailed(msg)

    def _must_be_wanted(self, found: Found) -> None:
        for what, wants, has in (
            ("model", self._wanted.model, found.model),
            ("serial number", self._wanted.serial, found.serial),
        ):
            if wants and wants != has:
                msg = f"it has {what} {has}, not {wants}"
                raise GenicamFailed(msg)

    def _start(self) -> None:
        do, attempt = self._library.do, self._library.attempt
        if self._asker is not None:
            do("arv_gv_device_set_stream_options", self._device, NO_PACKET_SOCKET)
            if PACKET_SIZE in self._wanted.features:
                do("arv_gv_device_set_packet_size_adjustment", self._device, ADJUST_NEVER)
        self._stream = attempt("arv_device_create_stream", self._device, None, None)
        if self._asker is not None:
            self._library.set_properties(
                ctypes.c_void_p(self._stream),
                *(b"socket-buffer", ctypes.c_int(FIXED)),
                *(b"socket-buffer-size", ctypes.c_int(SOCKET_BYTES)),
                None,
            )
        size = attempt("arv_device_get_integer_feature_value", self._device, b"PayloadSize")
        for _ in range(BUFFERS):
            do("arv_stream_push_buffer", self._stream, do("arv_buffer_new_allocate", size))
        attempt("arv_device_execute_command", self._device, b"AcquisitionStart")

    def _read_something(self) -> None:
        """Read the first register of a USB3 Vision camera: one that was pulled has none."""
        first = ctypes.c_uint32()
        self._library.attempt("arv_device_read_memory", self._device, 0, 4, ctypes.addressof(first))


def usb3_cameras(library: Aravis) -> Iterator[tuple[Found, bytes]]:
    """Yield the USB3 Vision cameras, and what Aravis calls each."""
    library.do("arv_disable_interface", b"GigEVision")  # it would ask every network
    library.do("arv_update_device_list")
    for number in range(library.do("arv_get_n_devices")):
        vendor, model, serial = (
            (library.do(f"arv_get_device_{what}", number) or b"").decode("utf-8", "replace")
            for what in ("vendor", "model", "serial_nbr")
        )
        yield Found("", vendor, model, serial, ""), library.do("arv_get_device_id", number)


def _asker(address: str) -> Asker:
    try:
        return Asker(address)
    except OSError as error:
        raise GenicamFailed(error.strerror or "no network leads there") from error


def _answer(asker: Asker) -> Found:
    for _ in range(ASKED_TIMES):
        asker.ask()
        found = asker.answer(ANSWER_S)
        if found is not None:
            return found
    msg = "no camera answers there"
    raise GenicamFailed(msg)
