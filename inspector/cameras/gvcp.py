"""Asks GigE Vision cameras who they are, by their control protocol: one small question by UDP.

Aravis can do that too, but only of every network at once, and a camera that went away it notices
after seconds. Sources: GigE Vision 2.0, 15.2 "Discovery" and 27 "Bootstrap registers".
"""

from __future__ import annotations

import fcntl
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

PORT = 3956
GET_ADDRESS = 0x8915  # SIOCGIFADDR
LARGEST_ANSWER_BYTES = 1024
HEADER = struct.Struct(">HHHH")
ASK = 0x4201  # a command that wants an answer
ASK_EVERYBODY = 0x4211  # and the answer may be a broadcast: a camera of another subnet is heard
DISCOVERY, DISCOVERY_ANSWER = 0x0002, 0x0003
ADDRESS_AT, VENDOR_AT, MODEL_AT, SERIAL_AT, NAME_AT, END = 0x24, 0x48, 0x68, 0xD8, 0xE8, 0xF8


@dataclass(frozen=True, slots=True)
class Found:
    """What a camera says of itself."""

    address: str
    vendor: str
    model: str
    serial: str
    name: str


class Asker:
    """Asks one camera, over a socket that stays open; `close` ends it."""

    def __init__(self, address: str) -> None:
        """Raise `OSError` where no network leads to the address."""
        self._number = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.connect((address, PORT))
        except OSError:
            self._socket.close()
            raise
        self.from_address: str = self._socket.getsockname()[0]

    def ask(self) -> None:
        """Send the question; whoever is not there any more does not answer."""
        self._number = self._number % 0xFFFF + 1
        with suppress(OSError):
            self._socket.send(HEADER.pack(ASK, DISCOVERY, 0, self._number))

    def answer(self, timeout_s: float) -> Found | None:
        """Return an answer that has come, or comes in time."""
        self._socket.settimeout(timeout_s)
        with suppress(OSError):  # also the computer's word that nobody listens there
            return read(self._socket.recv(LARGEST_ANSWER_BYTES))
        return None

    def close(self) -> None:
        """End it."""
        self._socket.close()


def everybody(timeout_s: float, network: str) -> Iterator[Found]:
    """Yield the cameras of a network, `eth0` for one, that answer one broadcast in time.

    Raises:
        OSError: There is no such network, or this computer has no address there.
    """
    own = _own_address(network)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, network.encode())
        asking.bind((own, 0))  # else Linux may give the question another network's address
        asking.sendto(HEADER.pack(ASK_EVERYBODY, DISCOVERY, 0, 1), ("255.255.255.255", PORT))
        ends_s = time.monotonic() + timeout_s
        while (left_s := ends_s - time.monotonic()) > 0:
            asking.settimeout(left_s)
            with suppress(TimeoutError):
                found = read(asking.recv(LARGEST_ANSWER_BYTES))
                if found is not None:
                    yield found


def _own_address(network: str) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = struct.pack("256s", network.encode()[:15])
        said = fcntl.ioctl(any_socket, GET_ADDRESS, asked)
    return socket.inet_ntoa(said[20:24])


def read(answer: bytes) -> Found | None:
    """Return what an answer says, or None when it is none."""
    if len(answer) < HEADER.size + END:
        return None
    status, kind, _, _ = HEADER.unpack_from(answer)
    if (status, kind) != (0, DISCOVERY_ANSWER):
        return None
    said = answer[HEADER.size :]
    return Found(
        socket.inet_ntoa(said[ADDRESS_AT : ADDRESS_AT + 4]),
        _text(said[VENDOR_AT : VENDOR_AT + 32]),
        _text(said[MODEL_AT : MODEL_AT + 32]),
        _text(said[SERIAL_AT:NAME_AT]),
        _text(said[NAME_AT:END]),
    )


def _text(field: bytes) -> str:
    return field.split(b"\0")[0].decode("utf-8", "replace").strip()
