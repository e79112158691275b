"""What the settings of an industrial camera refuse before anything is opened."""

import pytest
from pydantic import ValidationError

from inspector.config.genicam import GenicamCamera


def camera(**settings: object) -> GenicamCamera:
    return GenicamCamera.model_validate({"kind": "genicam", **settings})


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "give the address of a GigE Vision camera or the serial of a USB3 Vision one"),
        ({"address": "camera-7"}, "address"),
        ({"serial": "7", "features": {"Exposure Time": 1}}, "Exposure Time"),
        ({"serial": "7", "features": {"Gain": [1]}}, "features.Gain"),
        ({"serial": "7", "exposure": 3}, "exposure"),
    ],
)
def test_a_camera_is_refused_that_has(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        camera(**settings)


def test_features_keep_their_order_and_their_kinds() -> None:
    features = {"Width": 640, "Gain": 3.0, "ReverseX": True, "TriggerSource": "Line1", "Gamma": 1}
    kept = camera(address="192.168.7.5", features=features).features
    assert list(kept.items()) == list(features.items())
    assert [type(value) for value in kept.values()] == [int, float, bool, str, int]
