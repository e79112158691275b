"""A station's worker from camera to line, with a model that really runs."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Event, Thread
from typing import Literal

import numpy as np
import pytest

from inspector.config.plc_profile import PlcProfile
from inspector.config.site import Site, save_site
from inspector.config.station import (
    Belt,
    Device,
    FolderCamera,
    PictureLimits,
    SimulatedCamera,
    Station,
    View,
)
from inspector.domain.finding import ViewResult
from inspector.domain.frame import BgrImage
from inspector.errors import CameraLost, InspectorError, ModelFailed, PackageRefused, SettingsWrong
from inspector.gateway import view_reader, worker_process
from inspector.gateway.model_change import Asked, ask_for
from inspector.gateway.processor_clock import ProcessorClock
from inspector.gateway.station_model import station_model
from inspector.gateway.worker_process import StationWorker
from inspector.gateway.worker_words import device_alarms
from inspector.ipc import Message, Runtime, read_status
from inspector.ports import Camera
from inspector.simulator.parts import draw_part, make_part
from inspector.vision import worker
from inspector.vision.drift import BLOCK
from inspector.vision.likeness import look_as_text, look_of
from inspector.vision.manifest import open_package
from inspector.vision.onnx_engine import available_devices
from inspector.vision.runtime import Model
from inspector.vision.worker import picture_digest
from tests.inspector.gateway.worker_stand_ins import (
    PATIENCE_S,
    StandInCamera,
    StandInLine,
    picture,
)
from tests.inspector.vision import ir, tiny

RED = tiny.flat(51, 0, 204, 64)
RED[:8] = 90  # some contrast


def station(**changes: object) -> Station:
    belt = Belt(
        reject_at_counts=9000, answer_by_counts=3000, smallest_spacing_ms=80, counts_per_s=1000
    )
    camera = SimulatedCamera(kind="simulated")
    base = Station(
        name="ring",
        title="Rings",
        package="ring",
        plc="demo",
        prefix="ring",
        belt=belt,
        views=(View(name="top", at_counts=0, camera=camera),),
    )
    return base.model_copy(update=changes)


def site_of(folder: Path, one: Station) -> Site:
    return Site.model_construct(
        folder=str(folder), data=str(folder / "data"), stations=(one,), plcs=()
    )


class Running:
    """A worker in a thread, its camera and its line."""

    def __init__(self, folder: Path, model: Model, settings: Station | None = None) -> None:
        self.folder = folder
        self.runtime = Runtime(folder / "run").make()
        self.line = StandInLine(self.runtime.line_socket)
        self._model, self._settings = model, settings or station()
        self.cameras = {view.name: StandInCamera(view.name) for view in self._settings.views}
        self.camera = self.cameras["top"]
        self.stop = Event()
        self.raised: list[BaseException] = []
        self._thread = Thread(target=self._run, daemon=True)  # a failed test ends all the same

    def load(self, asked: Asked) -> Model:
        """Open another package, as the test will have it."""
        raise PackageRefused(f"models/{asked.package} is damaged")

    def start(self) -> "Running":
        self._thread.start()
        return self

    def _run(self) -> None:
        cameras: dict[str, Camera] = {**self.cameras}
        try:
            StationWorker(
                self._settings,
                self.runtime,
                pictures=self.folder / "pictures",
                model=self._model,
                cameras=cameras,
                load=self.load,
                elsewhere={},
            ).run(self.stop)
        except InspectorError as error:
            self.raised.append(error)

    def end(self) -> float:
        """Stop the worker and return the seconds it took."""
        asked_s = time.monotonic()
        self.stop.set()
        self._thread.join(PATIENCE_S)
        self.line.close()
        assert not self._thread.is_alive()
        return time.monotonic() - asked_s

    def wait_until(self, done: Callable[[], object]) -> None:
        limit_s = time.monotonic() + PATIENCE_S
        while not done():
            assert time.monotonic() < limit_s, "it did not come to pass"
            Event().wait(0.01)

    def status(self) -> Message:
        return read_status(self.runtime, "worker-ring") or {}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("site")
    tiny.write_package(folder / "models" / "ring")
    return station_model(site_of(folder, station()), station())


@pytest.fixture
def running(tmp_path: Path, model: Model) -> Iterator[Running]:
    one = Running(tmp_path, model).start()
    try:
        yield one
    finally:
        one.end()


def test_a_frame_is_told_at_once_and_then_what_was_seen(running: Running, model: Model) -> None:
    line = running.line.accept()
    assert line.next() == {"hello": "worker", "station": "ring"}
    told = line.until("model")
    assert (told["sha256"], told["device"], told["package"]) == (model.model_sha256, "CPU", "ring")
    camera = line.until("camera")
    assert (camera["view"], camera["session"], camera["up"], camera["why"]) == ("top", 1, True, "")
    running.camera.events.put(RED)
    frame, seen = line.next(), line.next()
    head = {"view": "top", "session": 1, "counter": 1, "taken_us": 1000, "ready_s": 1.5}
    assert frame == {"do": "frame", **head}
    assert seen["do"] == "seen"
    assert head.items() <= seen.items()
    assert (seen["missed"], seen["picture"]) == ("", picture_digest(RED))
    assert seen["findings"][0][0] == "red"  # type: ignore[index]
    assert set(seen["top_scores"]) == {"red", "blue"}  # type: ignore[call-overload]


def test_a_picture_is_held_and_then_kept_or_dropped_as_the_line_says(running: Running) -> None:
    line = running.line.accept()
    kept, dropped = picture(1), picture(2)
    for image in (kept, dropped):
        running.camera.events.put(image)
    held = running.runtime.held
    running.wait_until(lambda: len(list(held.glob("*.jpg"))) == 2)
    line.say(json.dumps({"do": "keep", "picture": picture_digest(kept)}))
    line.say(json.dumps({"do": "drop", "picture": picture_digest(dropped)}))
    running.wait_until(lambda: not list(held.glob("*.jpg")))
    files = list((running.folder / "pictures").rglob("*.jpg"))
    assert [file.stem for file in files] == [picture_digest(kept)]
    assert (running.runtime.latest / "ring.top.jpg").read_bytes()[:2] == b"\xff\xd8"


class Patient(Model):
    """A model whose first look takes until it is let go."""

    def __init__(self, real: Model, order: list[str]) -> None:
        self.__dict__.update(real.__dict__)
        self.order, self.go = order, Event()

    def look(self, view: str, image: BgrImage) -> ViewResult:
        self.go.wait(PATIENCE_S)
        self.order.append("looked")
        return super().look(view, image)


def test_all_views_of_a_part_are_looked_at_before_a_picture_is_encoded(
    tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []

    def encoded(image: BgrImage) -> bytes:
        order.append("encoded")
        return worker.encoded(image)

    monkeypatch.setattr(worker_process, "encoded", encoded)
    top = station().views[0]
    patient = Patient(model, order)
    two = station(views=(top, top.model_copy(update={"name": "side"})))
    one = Running(tmp_path, patient, two).start()
    line = one.line.accept()
    for seed, (view, camera) in enumerate(one.cameras.items()):
        camera.events.put(picture(seed))
        camera.events.put(CameraLost(view, "unplugged"))  # its frame waits in the queue by then
        line.until("camera", view=view, up=False)
    patient.go.set()
    one.wait_until(lambda: len(list(one.runtime.held.glob("*.jpg"))) == 2)
    assert order == ["looked", "looked", "encoded", "encoded"]
    one.end()


def test_a_name_that_is_no_digest_is_not_followed(running: Running) -> None:
    line = running.line.accept()
    outside = running.runtime.folder / "precious.jpg"
    outside.write_bytes(b"x")
    line.say(json.dumps({"do": "drop", "picture": "../precious"}))
    running.camera.events.put(RED)
    line.until("seen")
    assert outside.exists()


def test_a_picture_that_the_line_asks_for_is_ordered_from_that_views_camera(
    running: Running,
) -> None:
    line = running.line.accept()
    line.say(json.dumps({"do": "take", "view": "side"}))
    line.say(json.dumps({"do": "take", "view": "top"}))
    running.wait_until(lambda: running.camera.taken == 1)
    running.camera.events.put(RED)
    line.until("seen")
    assert running.camera.taken == 1


def test_a_frozen_camera_is_missed_with_the_cause(running: Running) -> None:
    line = running.line.accept()
    running.camera.events.put(RED)
    running.camera.events.put(RED)
    assert line.until("seen", counter=1)["missed"] == ""
    assert "frozen" in str(line.until("seen", counter=2)["missed"])


def test_a_dark_picture_is_missed_and_never_a_finding(running: Running) -> None:
    line = running.line.accept()
    running.camera.events.put(tiny.flat(1, 1, 1, 64))
    seen = line.until("seen")
    assert "too dark" in str(seen["missed"])
    assert seen["findings"] == []
    assert len(str(seen["picture"])) == 64


def test_another_camera_in_a_views_place_is_missed_and_a_failure_until_its_own_is_back(
    tmp_path: Path, model: Model
) -> None:
    own, other = (
        np.ascontiguousarray(draw_part(make_part("ring", 1, bad=False), view))
        for view in ("top", "side")
    )
    check = PictureLimits(looks_like=look_as_text(look_of(own)), least_likeness=0.8)
    (view,) = station().views
    wish = station(views=(view.model_copy(update={"check": check}),))
    one = Running(tmp_path, model, wish).start()
    line = one.line.accept()
    for grey in range(3):
        one.camera.events.put(other + np.uint8(grey))
        assert "another scene: likeness" in str(line.until("seen")["missed"])
    alarm = line.until("alarm", name="cameras")
    assert (alarm["on"], alarm["state"]) == (True, "failure")
    assert "view top shows another scene than its good pictures" in str(alarm["text"])
    one.camera.events.put(own)
    assert line.until("seen")["missed"] == ""
    assert line.until("alarm", name="cameras")["on"] is False

    def told() -> bool:  # the worker writes its state now and then
        return one.status()["views"]["top"]["picture"]["likeness"] > 0.9  # type: ignore[index, no-any-return]

    one.wait_until(told)
    one.end()


def test_pictures_that_drift_are_maintenance_and_their_parts_are_still_inspected(
    tmp_path: Path, model: Model
) -> None:
    (view,) = station().views
    check = PictureLimits(darkest_mean=90, usual_mean=140)
    one = Running(tmp_path, model, station(views=(view.model_copy(update={"check": check}),)))
    line = one.start().line.accept()
    for seed in range(BLOCK):
        one.camera.events.put(picture(seed))
        assert line.until("seen")["missed"] == ""
    alarm = line.until("alarm", name="drift top")
    assert (alarm["on"], alarm["state"]) == (True, "maintenance")
    assert "view top: its pictures become darker, mean grey 1" in str(alarm["text"])
    one.end()


def test_a_moved_camera_is_an_alarm(tmp_path: Path, model: Model) -> None:
    (view,) = station().views
    ring = np.ascontiguousarray(draw_part(make_part("ring", 1, bad=False), "top"))
    check = PictureLimits(looks_like=look_as_text(look_of(ring)), most_shift_px=8)
    one = Running(tmp_path, model, station(views=(view.model_copy(update={"check": check}),)))
    line = one.start().line.accept()
    for number in range(BLOCK):
        one.camera.events.put(np.roll(ring, 16, axis=1) + np.uint8(number % 2))
        assert line.until("seen")["missed"] == ""
    alarm = line.until("alarm", name="moved top")
    assert (alarm["on"], alarm["state"]) == (True, "out_of_specification")
    assert "px further right" in str(alarm["text"])
    one.end()


def test_a_camera_that_goes_away_is_told_and_comes_back_with_a_new_session(
    running: Running,
) -> None:
    line = running.line.accept()
    line.until("camera", up=True)
    running.camera.refuse_to_open = "no route to host"
    running.camera.events.put(CameraLost("top", "unplugged"))
    assert line.until("camera", up=False)["why"] == "unplugged"
    assert line.until("camera", up=False)["why"] == "no route to host"
    running.camera.refuse_to_open = ""
    assert line.until("camera", up=True)["session"] == 2
    running.camera.events.put(RED)
    assert line.until("seen")["session"] == 2


def test_a_line_that_comes_back_is_told_everything_again(running: Running) -> None:
    running.line.accept()
    running.line.until("camera", up=True)
    running.line.hang_up()
    line = running.line.accept()
    assert line.next() == {"hello": "worker", "station": "ring"}
    assert line.next()["do"] == "model"
    assert line.next()["do"] == "camera"
    running.camera.events.put(RED)
    assert line.until("seen")["missed"] == ""


def test_frames_without_a_line_are_counted_and_the_model_stays(running: Running) -> None:
    running.line.accept()
    running.line.until("camera")
    running.runtime.line_socket.unlink()
    running.line.close()
    running.wait_until(lambda: running.status().get("line_up") is False)
    running.camera.events.put(RED)
    running.wait_until(lambda: int(str(running.status()["unsent"])) >= 2)
    assert not list(running.runtime.held.glob("*.jpg"))
    with StandInLine(running.runtime.line_socket) as line:
        line.accept()
        assert line.until("model")["device"] == "CPU"
        running.camera.events.put(picture(3))
        line.until("seen")


def test_the_status_says_what_runs(running: Running, model: Model) -> None:
    running.camera.events.put(RED)
    running.wait_until(lambda: running.status().get("frames") == 1)
    status = running.status()
    assert status["device"] == "CPU"
    assert status["precision"] == model.ran.precision
    assert status["model_sha256"] == model.model_sha256
    assert status["model_ms"]["p99"] > 0  # type: ignore[index]
    assert status["views"]["top"]["up"] is True  # type: ignore[index]
    assert status["views"]["top"]["picture"]["mean"] > 0  # type: ignore[index]
    assert time.monotonic() - float(str(status["beat_s"])) < 2


class Stricter(Running):
    """A worker whose other model is the same one with the limits that were asked for."""

    def load(self, asked: Asked) -> Model:
        other = Model.__new__(Model)
        other.__dict__.update(self._model.__dict__)
        other.limits = dict(asked.limits)
        return other


def test_other_limits_judge_from_the_frame_on_that_the_line_names(
    tmp_path: Path, model: Model
) -> None:
    one = Stricter(tmp_path, model).start()
    try:
        line = one.line.accept()
        one.camera.events.put(RED)
        first = line.until("seen")
        ask_for(one.runtime, "ring", "ring", {"red": 1.0, "blue": 1.0})
        line.until("ready")
        session, counter = int(str(first["session"])), int(str(first["counter"]))
        begins = {"do": "change", "first": 3, "from": {"top": [session, counter + 2]}}
        line.say(json.dumps(begins))
        seen = []
        for shade in (1, 2):
            one.camera.events.put(np.clip(RED + shade, 0, 255).astype(np.uint8))
            seen.append(line.until("seen"))
        assert [bool(message["findings"]) for message in (first, *seen)] == [True, True, False]
        told = [message for message in line.heard if message.get("do") == "model"]
        assert told[-1]["limits"] == {"red": 1.0, "blue": 1.0}
        assert line.heard.index(told[-1]) < line.heard.index(seen[1])
    finally:
        one.end()


def test_it_ends_within_a_second(tmp_path: Path, model: Model) -> None:
    one = Running(tmp_path, model).start()
    one.line.accept().until("camera")
    assert one.end() < 2  # 1 s on a quiet machine


def test_each_device_that_was_passed_over_is_an_alarm_and_the_model_says_what_was_asked(
    tmp_path: Path,
) -> None:
    if "GPU" in available_devices():
        pytest.skip("this computer has a GPU")
    tiny.write_package(tmp_path / "models" / "ring")
    wish = station(device=Device(name="GPU", fallback=("CPU",)))
    one = Running(tmp_path, station_model(site_of(tmp_path, wish), wish), wish).start()
    line = one.line.accept()
    told = line.until("model")
    assert (told["device_asked"], told["device"]) == ("GPU", "CPU")
    alarm = line.until("alarm")
    assert (alarm["name"], alarm["on"], alarm["state"]) == ("device GPU", True, "maintenance")
    why = "device GPU was asked for, and this computer has only CPU"
    assert alarm["text"] == f"runs on CPU, not on GPU: {why}"
    one.wait_until(one.status)
    assert (one.status()["device_asked"], one.status()["device"]) == ("GPU", "CPU")
    one.end()


def test_a_device_that_runs_again_is_the_end_of_its_alarm(model: Model) -> None:
    wish = station(device=Device(name="CPU", fallback=("NPU",)))
    (alarm,) = device_alarms(wish, model)
    assert (alarm["name"], alarm["on"], alarm["text"]) == ("device CPU", False, "")
    assert device_alarms(station(), model) == []


class Timed(Model):
    """A model that says of each picture that it took so long."""

    def __init__(self, real: Model, took_ms: float) -> None:
        self.__dict__.update(real.__dict__)
        self.took_ms = took_ms

    def look(self, view: str, image: BgrImage) -> ViewResult:
        return ViewResult(view, model_ms=self.took_ms)


def test_a_model_slower_than_the_takt_is_one_alarm_until_it_keeps_up_again(
    tmp_path: Path, model: Model
) -> None:
    slow = Timed(model, took_ms=90)  # parts may come each 80 ms
    one = Running(tmp_path, slow).start()
    line = one.line.accept()

    def heard() -> list[Message]:
        return [said for said in line.heard if said.get("name") == "takt"]

    def show_until_heard(alarms: int) -> Message:
        seeds = count()
        while len(heard()) < alarms:
            one.camera.events.put(picture(next(seeds)))
            slow.took_ms *= 1.001  # what is said does not follow each figure
            line.until("seen")
        return heard()[-1]

    came = show_until_heard(1)
    assert came["on"]
    assert str(came["text"]).startswith("the model is too slow: ")
    for seed in range(worker.REMEMBERED):
        one.camera.events.put(picture(seed))
        line.until("seen")
    slow.took_ms = 5
    assert not show_until_heard(2)["on"]
    one.end()


def test_a_clock_that_is_held_back_is_an_alarm(
    tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    frequencies = tmp_path / "cpu0" / "cpufreq"
    frequencies.mkdir(parents=True)
    (frequencies / "cpuinfo_max_freq").write_text("3000000")
    (frequencies / "scaling_max_freq").write_text("800000")
    monkeypatch.setattr(worker_process, "ProcessorClock", lambda: ProcessorClock(tmp_path))
    one = Running(tmp_path, model).start()
    alarm = one.line.accept().until("alarm")
    assert (alarm["name"], alarm["on"]) == ("clock", True)
    assert alarm["text"] == "the processor's clock is held at 800 of 3000 MHz"
    one.end()


class Stuck:
    """A model that looks until it is let go, or fails."""

    def __init__(self, real: Model) -> None:
        self.package_name, self.model_sha256, self.ran = (
            real.package_name,
            real.model_sha256,
            real.ran,
        )
        self.longest_s, self.limits = PATIENCE_S, dict[str, float]()
        self.go, self.began = Event(), Event()

    def look(self, view: str, image: BgrImage) -> ViewResult:
        self.began.set()
        assert self.go.wait(PATIENCE_S)
        raise ModelFailed("the model answered with values that are not numbers")


@pytest.fixture
def stuck(tmp_path: Path, model: Model) -> Iterator[tuple[Running, Stuck]]:
    slow = Stuck(model)
    one = Running(tmp_path, slow).start()  # type: ignore[arg-type]
    try:
        yield one, slow
    finally:
        slow.go.set()
        one.end()


def test_a_frame_that_finds_the_queue_full_is_refused_aloud(stuck: tuple[Running, Stuck]) -> None:
    running, slow = stuck
    line = running.line.accept()
    running.camera.events.put(picture(0))
    assert slow.began.wait(PATIENCE_S)
    for seed in range(1, worker_process.FRAMES_A_VIEW + 2):
        running.camera.events.put(picture(seed))
    refused = line.until("seen")
    assert refused["counter"] == worker_process.FRAMES_A_VIEW + 2
    assert "behind" in str(refused["missed"])
    assert line.until("alarm")["name"] == "top_behind"


def test_a_hung_model_stops_the_beat_but_not_the_camera(stuck: tuple[Running, Stuck]) -> None:
    running, slow = stuck
    line = running.line.accept()
    running.wait_until(running.status)
    running.camera.events.put(picture(0))
    assert slow.began.wait(PATIENCE_S)
    beat = running.status()["beat_s"]
    Event().wait(2 * worker_process.BEAT_S)
    assert running.status()["beat_s"] == beat
    running.camera.events.put(picture(1))
    line.until("frame", counter=2)


def test_an_answer_that_cannot_be_used_is_missed_with_the_cause(
    stuck: tuple[Running, Stuck],
) -> None:
    running, slow = stuck
    slow.go.set()
    line = running.line.accept()
    running.camera.events.put(RED)
    assert line.until("seen")["missed"] == "the model answered with values that are not numbers"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_dies_ends_the_worker(
    tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(view_reader.ViewReader, "_take", dies)
    one = Running(tmp_path, model).start()
    one.camera.events.put(RED)
    one.wait_until(lambda: one.raised)
    one.end()
    assert "died" in str(one.raised[0])


def test_a_package_of_another_name_is_refused(tmp_path: Path) -> None:
    tiny.write_package(tmp_path / "models" / "board")
    (tmp_path / "models" / "board").rename(tmp_path / "models" / "ring")
    with pytest.raises(PackageRefused, match=r"calls itself 'board', not 'ring'"):
        station_model(site_of(tmp_path, station()), station())


def test_a_limit_of_an_unknown_class_names_the_stations_file(tmp_path: Path) -> None:
    tiny.write_package(tmp_path / "models" / "ring")
    odd = station(limits={"dent": 0.5})
    with pytest.raises(SettingsWrong, match=r"stations/ring.toml: limits.dent: no class"):
        station_model(site_of(tmp_path, odd), odd)


def tiny_station(
    precision: Literal["auto", "FP32", "BF16"] = "auto", *, rate_hz: float = 50
) -> Station:
    """Return a station whose one view has the pictures of a folder."""
    camera = FolderCamera(kind="folder", path="pictures", rate_hz=rate_hz)
    view = View(name="top", at_counts=0, camera=camera)
    return station(views=(view,), device=Device(precision=precision))


@contextmanager
def started(
    folder: Path, one: Station | None = None, *, pictures: Sequence[BgrImage] = ()
) -> Iterator[tuple[subprocess.Popen[bytes], Runtime]]:
    """Start a worker as the supervisor does; its package is a tiny one if there is none yet."""
    if not (folder / "models").exists():
        tiny.write_package(folder / "models" / "ring")
    (folder / "pictures").mkdir()
    for number, image in enumerate(pictures or map(picture, range(3))):
        (folder / "pictures" / f"{number}.png").write_bytes(tiny.png(image))
    one = one or tiny_station()
    runtime = Runtime(folder / "run").make()
    plc = PlcProfile(
        name="demo",
        endpoint="opc.tcp://127.0.0.1:1",
        user="inspector",
        password_env="NONE",
        server_certificate="none",
        namespace_uri="urn:none",
        slot_count=256,
    )
    data = str(folder / "data")
    save_site(Site(folder=str(folder), data=data, stations=(one,), plcs=(plc,)), runtime.site_file)
    with again(runtime) as worker:
        yield worker, runtime


@contextmanager
def again(runtime: Runtime) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "inspector.gateway", "worker", "ring"]
    with subprocess.Popen(
        [*command, "--runtime", str(runtime.folder), "--parent", str(os.getpid())]
    ) as worker:
        try:
            yield worker
        finally:
            worker.kill()


def test_the_process_starts_looks_and_ends_on_sigterm_within_a_second(tmp_path: Path) -> None:
    with started(tmp_path) as (worker, runtime), StandInLine(runtime.line_socket) as line:
        assert line.accept().until("seen", missed="")["view"] == "top"
        asked_s = time.monotonic()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(PATIENCE_S) == 0
        assert time.monotonic() - asked_s < 2  # 1 s on a quiet machine


def test_after_kill_9_the_next_worker_keeps_what_the_dead_one_held(tmp_path: Path) -> None:
    with started(tmp_path) as (worker, runtime), StandInLine(runtime.line_socket) as line:
        digest = str(line.accept().until("seen", missed="")["picture"])
        line.until("seen")  # the next one: by now this one is held
        worker.kill()
        worker.wait()
        line.hang_up()
        with again(runtime):
            line.accept().say(json.dumps({"do": "keep", "picture": digest}))
            kept = tmp_path / "data" / "pictures" / digest[:2] / f"{digest}.jpg"
            limit_s = time.monotonic() + PATIENCE_S
            while not kept.exists():
                assert time.monotonic() < limit_s
                line.next()


def test_a_damaged_package_ends_the_process_with_one_line_that_the_line_hears_too(
    tmp_path: Path,
) -> None:
    with started(tmp_path) as (_, runtime):
        pass
    (tmp_path / "models" / "ring" / "model.onnx").write_bytes(b"damaged")
    command = [sys.executable, "-m", "inspector.gateway", "worker", "ring"]
    with StandInLine(runtime.line_socket) as line:
        done = subprocess.run(
            [*command, "--runtime", str(runtime.folder), "--parent", str(os.getpid())],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        assert str(line.accept().until("ends")["why"]) in done.stderr
    assert done.returncode != 0
    assert "model.onnx: not the file that manifest.toml was written for" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_worker_with_a_package_in_openvinos_format_has_no_other_runtime(tmp_path: Path) -> None:
    folder = ir.write_package(tmp_path / "models" / "ring")
    with started(tmp_path) as (worker, runtime), StandInLine(runtime.line_socket) as line:
        accepted = line.accept()
        model = accepted.until("model")
        assert (model["device"], model["sha256"]) == ("CPU", open_package(folder).model_sha256)
        accepted.until("seen", missed="")
        loaded = Path(f"/proc/{worker.pid}/maps").read_text()
        assert "/openvino/libs/libopenvino.so" in loaded
        assert "onnxruntime" not in loaded


def test_a_worker_whose_device_is_not_here_ends_with_one_sentence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    here = available_devices()
    if "GPU" in here:
        pytest.skip("this computer has a GPU")
    on_a_gpu = tiny_station().model_copy(update={"device": Device(name="GPU")})
    with started(tmp_path, on_a_gpu) as (worker, _):
        assert worker.wait(PATIENCE_S) == 1
    (said,) = capfd.readouterr().err.splitlines()
    assert said.endswith(f"device GPU was asked for, and this computer has only {', '.join(here)}")
