"""Asking GigE Vision cameras who they are."""

import pytest

from inspector.cameras.gvcp import ADDRESS_AT, END, HEADER, MODEL_AT, SERIAL_AT, Asker, Found, read
from tests.gige import ADDRESS, fake_gige


def answer(*, status: int = 0, kind: int = 3) -> bytes:
    said = bytearray(END)
    said[ADDRESS_AT : ADDRESS_AT + 4] = bytes([192, 168, 7, 5])
    said[MODEL_AT : MODEL_AT + 6] = b"acA640"
    said[SERIAL_AT : SERIAL_AT + 16] = b"1234567890123456"  # fills its field: no zero at its end
    return HEADER.pack(status, kind, END, 1) + bytes(said)


def test_an_answer_says_who_the_camera_is() -> None:
    assert read(answer()) == Found("192.168.7.5", "", "acA640", "1234567890123456", "")


@pytest.mark.parametrize(
    "other", [b"", answer()[:-1], answer(status=0x8006), answer(kind=0x81)], ids=len
)
def test_what_is_no_answer_is_nobody(other: bytes) -> None:
    assert read(other) is None


def test_a_camera_answers_with_its_names_and_nobody_after_it_is_gone() -> None:
    with fake_gige() as camera:
        asker = Asker(ADDRESS)
        asker.ask()
        assert asker.answer(5) == Found(ADDRESS, "Aravis", "Fake", camera.serial, "")
        camera.kill()
        asker.ask()
        assert asker.answer(0.1) is None
        asker.close()
