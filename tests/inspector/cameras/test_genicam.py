"""What only GigE Vision cameras do, with Aravis' fake one; the rest is in tests/contracts."""

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from inspector.cameras import aravis as aravis_layer
from inspector.cameras.genicam import GenicamCamera, carried_on
from inspector.cameras.genicam_connection import Wanted
from inspector.cameras.genicam_features import Value
from inspector.errors import CameraLost, CameraTimeout
from tests.contracts.camera_benches import handles
from tests.gige import ADDRESS, SMALL, FakeGige, fake_gige

WAIT_S = 5.0


@pytest.fixture
def fake() -> Iterator[FakeGige]:
    with fake_gige() as camera:
        yield camera


def camera_with(**features: Value) -> GenicamCamera:
    return GenicamCamera(Wanted(ADDRESS, features={**SMALL, **features}), "top")


@pytest.mark.parametrize(
    ("features", "said"),
    [
        ({"Exposure": 100.0}, "it has no feature Exposure"),
        ({"GainRaw": 99}, "its feature GainRaw goes from 0 to 10, not to 99"),
        ({"ExposureTimeAbs": 0.5}, "its feature ExposureTimeAbs goes from 10 to 1e+07, not to 0.5"),
        ({"PixelFormat": "Mono9"}, 'Mono8, RGB8, Mono16, not "Mono9"'),
        ({"GainRaw": "high"}, 'its feature GainRaw takes a whole number, not "high"'),
        ({"GainRaw": True}, "its feature GainRaw takes a whole number, not true"),
        ({"TestBoolean": 1}, "its feature TestBoolean takes true or false, not 1"),
        ({"PixelFormat": 17}, "its feature PixelFormat takes a text, not 17"),
        ({"Root": 1}, "its feature Root is none that can be written"),
    ],
)
@pytest.mark.usefixtures("fake")
def test_a_feature_that_the_camera_does_not_take_is_one_sentence(
    features: dict[str, Value], said: str
) -> None:
    camera = camera_with(**features)
    with pytest.raises(CameraLost) as lost:
        camera.open()
    text = str(lost.value)
    assert text.startswith(f"camera of view top: the camera at {ADDRESS}: it")
    assert said in text
    assert "\n" not in text
    again = camera_with()
    again.open()  # nothing was left that holds the camera
    again.close()


@pytest.mark.usefixtures("fake")
def test_features_are_what_the_camera_does() -> None:
    camera = camera_with(Width=128, Height=32, PixelFormat="RGB8", GevSCPSPacketSize=1000)
    camera.open()
    assert camera.frame(WAIT_S).image.shape == (32, 128, 3)
    camera.close()


@pytest.mark.usefixtures("fake")
def test_a_value_that_the_camera_changes_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    library = aravis_layer.aravis()
    attempt = library.attempt

    def rounded(name: str, *given: object) -> object:
        if name == "arv_device_set_integer_feature_value" and given[1] == b"GainRaw":
            given = (*given[:2], 4)
        return attempt(name, *given)

    monkeypatch.setattr(library, "attempt", rounded)
    with pytest.raises(CameraLost, match="its feature GainRaw is 4 after 5 was written"):
        camera_with(GainRaw=5).open()


def test_another_camera_than_the_station_names_is_refused(fake: FakeGige) -> None:
    for wanted, said in (
        (Wanted(ADDRESS, serial="21"), f"it has serial number {fake.serial}, not 21"),
        (Wanted(ADDRESS, model="acA640"), "it has model Fake, not acA640"),
    ):
        with pytest.raises(CameraLost, match=said):
            GenicamCamera(wanted, "top").open()
    right = GenicamCamera(Wanted(ADDRESS, fake.serial, "Fake", SMALL), "top")
    right.open()
    right.close()


@pytest.mark.slow
@pytest.mark.usefixtures("fake")
def test_a_second_master_is_refused_and_the_first_goes_on() -> None:
    first, second = camera_with(), camera_with()
    first.open()
    with pytest.raises(CameraLost, match="another program has control of it"):
        second.open()
    first.frame(WAIT_S)
    first.close()
    second.open()
    second.close()


@pytest.mark.slow
@pytest.mark.usefixtures("fake")
def test_a_camera_whose_program_was_killed_is_had_again_once_it_has_noticed() -> None:
    holds = (
        "from tests.inspector.cameras.test_genicam import camera_with; camera = camera_with();"
        "camera.open(); camera.frame(5); print('has it', flush=True); input()"
    )
    command = [sys.executable, "-c", holds]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdout.readline() == b"has it\n"
        other.kill()
    camera = camera_with()
    opened(camera, within_s=30)
    camera.frame(WAIT_S)
    camera.close()


def opened(camera: GenicamCamera, within_s: float) -> None:
    """Open as the gateway does, until it comes to pass."""
    ends_s = time.monotonic() + within_s
    while True:
        try:
            return camera.open()
        except CameraLost:
            assert time.monotonic() < ends_s


@pytest.mark.usefixtures("fake")
def test_with_a_hardware_trigger_no_picture_comes_without_it() -> None:
    wired = {"TriggerSelector": "FrameStart", "TriggerMode": "On", "TriggerSource": "Line0"}
    camera = GenicamCamera(Wanted(ADDRESS, features={**SMALL, **wired}), "top")
    camera.open()
    with pytest.raises(CameraTimeout):
        camera.frame(0.5)
    camera.close()


@pytest.mark.parametrize("way", ["hang", "kill"])
def test_a_camera_that_went_away_is_lost_within_a_second_and_a_half(
    fake: FakeGige, way: str
) -> None:
    camera = camera_with()
    camera.open()
    camera.frame(WAIT_S)
    getattr(fake, way)()
    began_s = time.monotonic()
    with pytest.raises(CameraLost, match="it does not answer any more"):
        until_lost(camera)
    assert time.monotonic() - began_s < 1.5 + 0.5  # on a computer that has other things to do
    fake.kill()
    fake.start()
    camera.close()


def until_lost(camera: GenicamCamera) -> None:
    while True:
        try:
            camera.frame(0.2)
        except CameraTimeout:
            continue


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.usefixtures("fake")
def test_a_thousand_reconnects_leave_nothing_open() -> None:
    camera = camera_with()
    camera.open()
    camera.close()
    before = handles()
    for number in range(1000):
        camera.open()
        if number % 10 == 0:
            camera.frame(WAIT_S)
        camera.close()
    assert handles() <= before
    assert camera.session == 1001


@pytest.mark.usefixtures("fake")
def test_a_camera_that_has_nothing_to_take_is_still_there() -> None:
    camera = GenicamCamera(
        Wanted(ADDRESS, features=SMALL | {"TriggerMode": "On"}, waits=True), "top"
    )
    camera.open()
    ends_s = time.monotonic() + 2.0
    while time.monotonic() < ends_s:
        with pytest.raises(CameraTimeout):
            camera.frame(0.2)
    camera.close()


def test_incomplete_frames_are_counted_and_not_delivered() -> None:
    with fake_gige(lost_per_thousand=100):
        camera = camera_with(AcquisitionFrameRate=100.0)
        camera.open()
        frames = [camera.frame(WAIT_S) for _ in range(20)]
        gaps = frames[-1].counter - frames[0].counter - 19
        assert gaps > 0
        assert camera.losses()["incomplete"] >= gaps > 0
        camera.close()


@pytest.mark.usefixtures("fake")
def test_frames_are_counted_on_where_the_cameras_16_bits_end() -> None:
    camera = camera_with(AcquisitionFrameRate=250.0)
    camera.open()
    counters = [camera.frame(WAIT_S).counter]  # the fake one begins shortly before
    while counters[-1] < 0x10000 + 10:
        counters.append(camera.frame(WAIT_S).counter)
    assert counters == list(range(counters[0], counters[0] + len(counters)))
    camera.close()


def test_a_frames_number_goes_on_over_the_end_of_16_bits_and_never_back() -> None:
    assert carried_on(None, 7) == 7
    assert carried_on(7, 9) == 9
    assert carried_on(65535, 1) == 65536
    assert carried_on(65534, 2) == 65537
    assert carried_on(65536 + 65534, 1) == 2 * 65535 + 1
    assert carried_on(1 << 40, (1 << 40) + 1) == (1 << 40) + 1
    assert carried_on(9, 9) is None
    assert carried_on(40_000, 1) is None


def test_without_the_library_its_debian_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aravis_layer, "LIBRARIES", ("libaravis-of-no-such-version.so",))
    aravis_layer.aravis.cache_clear()
    with pytest.raises(CameraLost, match=r"the Debian package libaravis-0\.8-0 is missing"):
        GenicamCamera(Wanted(ADDRESS), "top").open()
    aravis_layer.aravis.cache_clear()
