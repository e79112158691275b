"""A recorded line gives the same again: a whole station in handed-in time."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from inspector.config.loading import load_site
from inspector.config.site import Site, save_site
from inspector.config.station import PictureLimits
from inspector.domain.finding import Finding, RanOn, ViewResult
from inspector.domain.frame import BgrImage, Frame
from inspector.domain.snapshot import PlcSnapshot
from inspector.domain.sync import Arrival
from inspector.errors import BadInput
from inspector.gateway.calibration import checks_of
from inspector.gateway.frame_recording import FrameRecording
from inspector.gateway.line_recording import LineRecording, RecordedJournal
from inspector.gateway.recording import FRAMES, LINE, Order, Tape, end_of, give_order, lost_of
from inspector.gateway.replaying import Replay, Replayed, as_it_ran, open_recording
from inspector.gateway.view_reader import frame_head
from inspector.gateway.worker_words import seen_message
from inspector.ipc import Runtime
from inspector.line.station_line import StationLine
from inspector.vision.worker import Looking
from tests.factory import SITE_KEY, Factory
from tests.leftovers import GRACE_S

ROOT = Path(__file__).parents[3]
ANY = PictureLimits(darkest_mean=0, brightest_mean=255, least_contrast=0)
SIZE = (12, 16, 3)


class RedIsBad:
    """A model that finds a scratch where the first pixel is red."""

    def look(self, view: str, image: BgrImage) -> ViewResult:
        red = int(image[0, 0, 2]) / 255
        found = (Finding("scratch", round(red, 3), (1.0, 2.0, 3.0, 4.0)),) if red > 0.5 else ()
        return ViewResult(view, found, {"scratch": red}, width_px=16, height_px=12, model_ms=1.0)


class RecordedLine(StationLine):
    """A line that notes what it is told by the PLC, as its process does."""

    recording: LineRecording

    def plc_read(self, snapshot: PlcSnapshot) -> None:
        self.recording.note("ring", "plc_read", snapshot=snapshot)
        super().plc_read(snapshot)

    def plc_up(self) -> None:
        self.recording.note("ring", "plc_up")
        super().plc_up()

    def plc_down(self, why: str) -> None:
        self.recording.note("ring", "plc_down", {"why": why})
        super().plc_down(why)

    def camera(self, view: str, *, session: int, up: bool, why: str) -> None:
        said = {"do": "camera", "view": view, "session": session, "up": up, "why": why}
        self.recording.note("ring", "worker", said)
        super().camera(view, session=session, up=up, why=why)


class RecordedFactory(Factory):
    """The factory with real pictures, a worker's look at them, and a recording of both."""

    def __init__(self, site: Site, runtime: Runtime) -> None:
        self.frames = FrameRecording(runtime, "ring")
        self.looking = Looking(RedIsBad(), checks_of(site.station("ring")))
        self.lines: dict[str, StationLine] = {}
        self._runtime = runtime
        super().__init__()
        self.line.ran_on = RanOn("standard", "ring", "0" * 64, "CPU", "FP32", "CPU")

    def _new_line(self) -> StationLine:
        self.recording = LineRecording(self._runtime, self.clock, self.lines)
        line = RecordedLine(
            self.line_layout,
            plc=self.plc,
            journal=RecordedJournal(self.journal, self.recording),
            clock=self.clock,
            key=SITE_KEY,
            tell_worker=self._hear,
            keep=lambda record: False,
            start_share=self.start_share,
        )
        line.recording = self.recording
        self.lines["ring"] = line
        return line

    def obey(self) -> None:
        self.frames.obey()
        self.recording.obey()

    def _deliver(self, view: str, counter: int, taken_us: int, part_id: int) -> None:
        session, ready_s = self.cameras[view].session, self.clock.s
        image = np.random.default_rng((part_id, len(view))).integers(0, 120, SIZE, np.uint8)
        image[0, 0, 2] = 230 if part_id in self.fates and self.fates[part_id].bad else 0
        frame = Frame(view, session, counter, taken_us, image, ready_s)
        self.recording.note("ring", "worker", {"do": "frame", **frame_head(frame)})
        self.line.frame(view, session, Arrival(counter, taken_us, ready_s))
        if self.cameras[view].faults.get(part_id) == "unanswered":
            return
        self.frames.note(frame)
        seen = seen_message(frame, self.looking.look(frame))
        self.recording.note("ring", "worker", seen)
        self.line.seen(view, session, counter, seen)


@pytest.fixture(scope="module")
def site() -> Site:
    site = load_site(ROOT)
    ring = site.station("ring")
    views = tuple(view.model_copy(update={"check": ANY}) for view in ring.views)
    return site.model_copy(update={"stations": (ring.model_copy(update={"views": views}),)})


@pytest.fixture
def recording(whole: Path, tmp_path: Path) -> Path:
    """Return a copy of the recording that a test may spoil."""
    return Path(shutil.copytree(whole, tmp_path / "recording"))


@pytest.fixture(scope="module")
def whole(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a recording of a hundred parts, of which some met with faults."""
    place = tmp_path_factory.mktemp("recorded")
    runtime, folder = Runtime(place / "runtime").make(), place / "recording"
    (folder / "ring").mkdir(parents=True)
    save_site(site, folder / "site.json")
    factory = RecordedFactory(site, runtime)
    factory.run(20)  # the recording begins in the middle, with parts on the belt
    give_order(runtime, Order(folder, ("ring",), line=False))
    factory.obey()
    factory.run(2)
    give_order(runtime, Order(folder, ("ring",), line=True))
    factory.obey()
    first = factory.memory.part_id
    top, side = factory.cameras["top"].faults, factory.cameras["side"].faults
    top.update({first + 5: "drop", first + 15: "miss", first + 35: "double"})
    side.update({first + 10: "unanswered"})
    factory.run(25)
    factory.cut()
    factory.run(1)
    factory.connect()
    factory.run(5)
    factory.restart_camera("side")
    factory.run(20)
    give_order(runtime, Order(folder, ("ring",), line=False))
    factory.obey()
    give_order(runtime, None)
    factory.obey()
    for name in (LINE, FRAMES):
        wait_for_end(folder / "ring" / name)
    return folder


def wait_for_end(file: Path) -> None:
    """The tapes' threads write what waits, then the end."""
    end_s = time.monotonic() + 10 * GRACE_S
    while lost_of(file) is None:
        assert time.monotonic() < end_s
        time.sleep(0.01)


def replayed(folder: Path) -> Replayed:
    (one,) = open_recording(folder, None)
    return Replay(one, RedIsBad()).run()


def test_every_verdict_and_finding_comes_out_again_whatever_happened(recording: Path) -> None:
    first, second = replayed(recording), replayed(recording)
    assert first.differences() == second.differences() == []
    assert first.now == second.now
    assert len(first.now) == len(first.recorded) > 90
    verdicts = {entry["verdict"] for entry in first.now.values()}
    assert verdicts == {"pass", "reject", "unknown"}
    causes = {entry["not_inspected"] for entry in first.now.values()}
    assert causes > {"", "view side missing", "view top missing"}
    assert first.looks > len(first.now)


def test_another_picture_or_another_model_is_named_by_its_part(recording: Path) -> None:
    heads = (recording / "ring" / FRAMES).read_text().splitlines()
    middle = json.loads(heads[len(heads) // 2])["picture"]
    other = json.loads(heads[len(heads) // 2 + 6])["picture"]
    shutil.copy(recording / "ring" / other, recording / "ring" / middle)
    (said,) = replayed(recording).differences()
    assert said.startswith("part ")

    class Blind(RedIsBad):
        def look(self, view: str, image: BgrImage) -> ViewResult:
            return super().look(view, np.zeros_like(image))

    (one,) = open_recording(recording, None)
    seen = Replay(one, Blind()).run().differences()
    assert any("reject (scratch" in said and "now pass" in said for said in seen)


def test_it_is_replayed_with_the_device_and_precision_that_looked(recording: Path) -> None:
    (one,) = open_recording(recording, None)
    device = as_it_ran(one).device
    assert (device.name, device.precision, device.fallback) == ("CPU", "FP32", ())


@pytest.mark.parametrize("lost", [None, 3])
def test_a_recording_that_is_not_whole_is_refused(recording: Path, lost: int | None) -> None:
    end = end_of(recording / "ring" / FRAMES)
    end.unlink()
    if lost:
        end.write_text(json.dumps({"lost": lost}))
    with pytest.raises(BadInput, match=r"frames\.jsonl (was not ended|lacks 3)"):
        open_recording(recording, None)


def test_what_finds_no_room_is_counted_and_nobody_waits(tmp_path: Path) -> None:
    slow = Event()

    def line_of(one: int) -> bytes:
        slow.wait(10)
        return str(one).encode()

    tape: Tape[int] = Tape(tmp_path / "a.jsonl", most=3, line_of=line_of)
    for number in range(20):
        tape.put(number)
    slow.set()
    tape.end()
    wait_for_end(tmp_path / "a.jsonl")
    written = (tmp_path / "a.jsonl").read_text().split()
    assert len(written) + (lost_of(tmp_path / "a.jsonl") or 0) == 20
    assert 3 <= len(written) <= 4


def test_a_folder_that_is_no_recording_is_refused(tmp_path: Path, site: Site) -> None:
    with pytest.raises(BadInput, match=r"no readable site\.json"):
        open_recording(tmp_path, None)
    save_site(site, tmp_path / "site.json")
    with pytest.raises(BadInput, match="no recorded station"):
        open_recording(tmp_path, None)
