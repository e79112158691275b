"""An output belongs to the camera that stands where it fires."""

from __future__ import annotations

from dataclasses import replace

import pytest

from inspector.domain.numbers import BITS_32
from inspector.domain.outputs import owner_of
from inspector.domain.snapshot import PlcSnapshot
from tests.factory import Factory

AT = {"top": 200, "side": 400}


def fired(view: str, *, at: int, eye: int = 1000, part: int = 7) -> PlcSnapshot:
    """Return a read in which a view's output fired `at` counts behind the eye for a part."""
    entry = {part: ((eye + at) % BITS_32, 1)}
    rings = {one: entry if one == view else {} for one in AT}
    return replace(Factory().snapshot(), triggers={7: (eye, 0)}, fired=rings)


@pytest.mark.parametrize(
    ("at", "owner"), [(200, "top"), (290, "top"), (300, "top"), (310, "side"), (900, "side")]
)
def test_the_nearest_camera_owns_an_output_and_its_own_view_in_doubt(at: int, owner: str) -> None:
    assert owner_of("top", fired("top", at=at), AT) == owner


def test_an_encoder_that_wraps_between_eye_and_camera_changes_nothing() -> None:
    assert owner_of("side", fired("side", at=400, eye=BITS_32 - 100), AT) == "side"
    assert owner_of("side", fired("side", at=200, eye=BITS_32 - 100), AT) == "top"


def test_where_nothing_shows_another_the_view_owns_its_output() -> None:
    assert owner_of("top", fired("side", at=400), AT) == "top", "it has not fired"
    assert owner_of("top", fired("top", at=400, part=8), AT) == "top", "for another part"
    assert owner_of("top", fired("top", at=400), {}) == "top", "nobody knows where cameras stand"
    assert owner_of("top", fired("top", at=400), {"top": 200}) == "top", "there is no other"
