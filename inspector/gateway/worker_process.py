"""A station's vision worker: cameras, picture check, model, held pictures.

One model in one loop; beside it a thread per camera and one for the line, because those wait for
others. A look that takes too long ends this process (`KillTimer`). The loop itself publishes the
status: whatever else hangs stops the beat, and the supervisor ends this process.
"""

from __future__ import annotations

import gc
import logging
import signal
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, Queue
from threading import Event, Thread

import cv2

from inspector.config.site import Site
from inspector.config.station import Station
from inspector.domain.frame import Frame
from inspector.domain.health import Condition, State
from inspector.errors import InspectorError
from inspector.gateway.calibration import checks_elsewhere, checks_of
from inspector.gateway.camera_kinds import camera_of
from inspector.gateway.frame_recording import FrameRecording
from inspector.gateway.held_pictures import HeldPictures
from inspector.gateway.kill_timer import KillTimer
from inspector.gateway.line_link import LineLink, say_end
from inspector.gateway.model_change import Asked, ModelChange, asked_for
from inspector.gateway.processor_clock import ProcessorClock
from inspector.gateway.station_model import station_model
from inspector.gateway.view_reader import ViewReader, frame_head, nothing_seen
from inspector.gateway.worker_words import device_alarms, model_message, seen_message
from inspector.ipc import Message, Runtime, write_status, write_whole
from inspector.ports import Camera
from inspector.vision.picture_check import CheckLimits
from inspector.vision.runtime import Model, bounded_memory
from inspector.vision.worker import Looking, encoded

FRAMES_A_VIEW = 8
"""Frames that may wait for the model, for each view; more would be judged too late anyway."""
BEAT_S = 0.5
WAIT_S = 0.1
TILE_S = 0.2
END_S = 0.8
PACE = ("takt", "clock")

log = logging.getLogger(__name__)


class StationWorker:
    """Everything one station's worker owns.

    Args:
        station: Its settings.
        runtime: Of the site.
        pictures: Where kept pictures go.
        model: Opened and proven.
        cameras: By view.
        load: Opens another package or the same with other limits; raises `InspectorError`.
        elsewhere: What the pictures of other stations' views must be.
    """

    def __init__(
        self,
        station: Station,
        runtime: Runtime,
        *,
        pictures: Path,
        model: Model,
        cameras: dict[str, Camera],
        load: Callable[[Asked], Model],
        elsewhere: Mapping[str, CheckLimits],
    ) -> None:
        self._station, self._runtime = station, runtime
        self._held = HeldPictures(runtime.held, pictures)
        self._link = LineLink(
            runtime.line_socket, station.name, hear=self._hear, idle=self._held.retry
        )
        self._change = ModelChange(
            model,
            list(cameras),
            limits=station.limits,
            runtime=runtime,
            station=station.name,
            load=load,
            ready=lambda: self._link.announce("ready", {"do": "ready"}),
            refused=self._refused,
        )
        self._told = model
        self._tell_model(model)
        self._frames: Queue[Frame] = Queue(FRAMES_A_VIEW * len(cameras))
        self._looking = Looking(model, checks_of(station), elsewhere)
        self._readers = [
            ViewReader(
                view,
                camera,
                frames=self._frames,
                link=self._link,
                connected=self._looking.forget,
            )
            for view, camera in cameras.items()
        ]
        self._timer = KillTimer(lambda: self._change.longest_s, self._give_up)
        self._at: Frame | None = None
        self._looked: deque[tuple[Frame, str]] = deque()
        self._tile_s: dict[str, float] = {}
        self._beat_s = 0.0
        self._clock = ProcessorClock()
        self._recording = FrameRecording(runtime, station.name)
        self._complaints: dict[str, Condition] = {}

    def _tell_model(self, model: Model) -> None:
        """Tell the line what runs, and of each device that could have run before it."""
        self._link.announce("model", model_message(self._station, model))
        for alarm in device_alarms(self._station, model):
            self._link.announce(str(alarm["name"]), alarm)

    def run(self, stop: Event) -> None:
        """Look at frames until `stop`; raises when a thread of this worker has died."""
        readers = (reader.run for reader in self._readers)
        beside = (self._link.run, self._timer.run, self._change.run)
        threads = started([*beside, *readers], stop)
        try:
            while not stop.is_set():
                self._beat_when_due()
                if not all(thread.is_alive() for thread in threads) and not stop.is_set():
                    raise InspectorError("a thread of this worker died")
                self._step()
        finally:
            stop.set()
            self._hold_all()
            end_s = time.monotonic() + END_S
            for thread in threads:
                thread.join(max(0.0, end_s - time.monotonic()))

    def _step(self) -> None:
        """Look at the frame that waits, or else put away the picture of one that was looked at.

        The views of a part come together: encoding the first would delay the others.
        """
        if self._looked and (self._frames.empty() or len(self._looked) == len(self._readers)):
            self._hold(*self._looked.popleft())
            return
        try:
            frame = self._frames.get(timeout=WAIT_S)
        except Empty:
            return
        self._look(frame)

    def _look(self, frame: Frame) -> None:
        model = self._looking.model = self._change.model_for(frame)
        self._at = frame
        self._recording.note(frame)
        with self._timer:
            result = self._looking.look(frame)
        self._at = None
        if model is not self._told:  # what is seen from here on, this one has seen
            self._told = model
            self._looking.forget_times()
            self._tell_model(model)
        sent = self._link.send(seen_message(frame, result))
        if self._looking.stopped:  # its session answers no more, or wrongly: start anew
            raise InspectorError(f"{self._looking.stopped}, the vision worker was ended")
        # what the line does not know of, it can neither keep nor drop
        self._looked.append((frame, result.picture if sent else ""))

    def _hold(self, frame: Frame, digest: str) -> None:
        jpeg = encoded(frame.image)
        if not jpeg:
            return
        if digest:
            self._held.hold(digest, jpeg)
        self._show(frame.view, jpeg)

    def _hold_all(self) -> None:
        with suppress(IndexError):
            while True:
                self._hold(*self._looked.popleft())

    def _give_up(self, why: str) -> None:
        """Say of each frame that is here that nobody looked at it, and why; then this one ends."""
        frames = [self._at] if self._at else []
        with suppress(Empty):
            while True:
                frames.append(self._frames.get_nowait())
        for frame in frames:
            self._link.send({"do": "seen", **frame_head(frame), **nothing_seen(why)})
        self._link.send({"do": "ends", "why": why})
        self._hold_all()

    def _show(self, view: str, jpeg: bytes) -> None:
        """Refresh the live tile, at most five times a second."""
        now_s = time.monotonic()
        if now_s - self._tile_s.get(view, 0.0) < TILE_S:
            return
        self._tile_s[view] = now_s
        tile = self._runtime.latest / f"{self._station.name}.{view}.jpg"
        with suppress(OSError):  # shared memory is full: `held` says so, a tile is not missed
            write_whole(tile, jpeg)

    def _refused(self, why: str) -> None:
        alarm = {"do": "alarm", "name": "model change", "text": why, "on": bool(why)}
        self._link.announce("model change", alarm)

    def _hear(self, message: Message) -> None:
        if message.get("do") == "take":
            for reader in self._readers:
                if reader.view == message.get("view"):
                    reader.take()
        if message.get("do") == "change":
            self._change.hear(message)
        digest = str(message.get("picture", ""))
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            return
        if message.get("do") == "keep":
            self._held.keep(digest)
        elif message.get("do") == "drop":
            self._held.drop(digest)

    def _beat_when_due(self) -> None:
        now_s = time.monotonic()
        if now_s - self._beat_s >= BEAT_S:
            self._beat_s = now_s
            self._complain()
            self._recording.obey()
            write_status(self._runtime, f"worker-{self._station.name}", self._state())

    def _complain(self) -> None:
        """Tell the line what is not as it should be here, and when it is again."""
        for name, one in self._conditions().items():
            before = self._complaints.get(name, Condition(one.state, ""))
            if one.text == before.text or (name in PACE and one.text and before.text):
                continue  # figures that change from look to look are one alarm, not many
            self._complaints[name] = one
            alarm = {"do": "alarm", "name": name, "text": one.text, "on": bool(one.text)}
            self._link.announce(name, {**alarm, "state": one.state.value})

    def _conditions(self) -> dict[str, Condition]:
        """Return what each alarm would say now; one without text is none."""
        looking = self._looking
        doubtful = {
            "pictures": self._held.complaint(),
            "takt": looking.too_slow(self._station.belt.smallest_spacing_ms),
            "clock": self._clock.complaint(time.monotonic()),
        }
        drifts = looking.drifts.conditions()
        return {
            **{
                name: Condition(State.OUT_OF_SPECIFICATION, text) for name, text in doubtful.items()
            },
            "cameras": Condition(State.FAILURE, looking.own_views.complaint()),  # no part can pass
            **{f"drift {view}": drift for view, drift in drifts.items()},
            **{f"moved {view}": moved for view, moved in looking.moves.conditions().items()},
        }

    def _state(self) -> dict[str, object]:
        model = self._change.model
        ran = model.ran
        return {
            "station": self._station.name,
            "package": model.package_name,
            "model_sha256": model.model_sha256,
            "device_asked": ran.device_asked,
            "device": ran.device,
            "precision": ran.precision,
            "precision_asked": ran.asked,
            "why": ran.why,
            "change": self._change.figures,
            "killed_after_s": round(self._timer.limit_s, 3),
            "line_up": self._link.up,
            "unsent": self._link.unsent,
            "dropped": sum(reader.dropped for reader in self._readers),
            "waiting": self._frames.qsize(),
            "pictures": self._held.figures(),
            "views": {
                reader.view: {
                    **reader.figures(),
                    "picture": self._looking.features(reader.view),
                }
                for reader in self._readers
            },
            **self._looking.figures(time.monotonic()),
        }


def main(site: Site, runtime: Runtime, station_name: str) -> None:
    """Run a station's worker until SIGTERM.

    Raises:
        InspectorError: The package, the device or a setting is not as it must be.
    """
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    cv2.setNumThreads(1)  # every station's worker shares the processor with the others
    station = with_asked(site.station(station_name), asked_for(runtime, station_name))
    try:
        with bounded_memory():
            _run(site, runtime, station, stop)
    except InspectorError as error:
        say_end(runtime.line_socket, station_name, str(error))
        raise


def _run(site: Site, runtime: Runtime, station: Station, stop: Event) -> None:
    model = station_model(site, station)
    log.info(
        "%s: %s on %s (%s)", station.name, model.ran.precision, model.ran.device, model.ran.why
    )
    cameras = {view.name: camera_of(site, runtime, station, view) for view in station.views}
    # What was made by now lives as long as the process: the collector need not walk it.
    gc.collect()
    gc.freeze()
    StationWorker(
        station,
        runtime,
        pictures=Path(site.data) / "pictures",
        model=model,
        cameras=cameras,
        load=lambda asked: station_model(site, with_asked(station, asked)),
        elsewhere=checks_elsewhere(site, station),
    ).run(stop)


def with_asked(station: Station, asked: Asked) -> Station:
    """Return the station's settings with what it was asked to use since the start."""
    changed = {"package": asked.package, "limits": dict(asked.limits)}
    return station.model_copy(update=changed) if asked.package else station


def started(loops: Sequence[Callable[[Event], None]], stop: Event) -> list[Thread]:
    """Return a running thread for each loop.

    The one place beside the supervisor where threads start: they live and end with this process.
    They are daemons so that a driver that hangs cannot keep the process from ending.
    """
    threads = [Thread(target=loop, args=(stop,), daemon=True) for loop in loops]
    for thread in threads:
        thread.start()
    return threads
