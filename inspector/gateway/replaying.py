"""Replays a recorded station: its frames through picture check and model, the rest as it was.

The line is told the same in the same order at the same times, and of each frame what the model
says of it now. Nothing runs at the same time, so every replay comes out alike.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from inspector.config.site import Site, saved_site
from inspector.config.station import Device, Station
from inspector.domain.frame import Frame
from inspector.errors import BadInput
from inspector.gateway.calibration import checks_elsewhere, checks_of
from inspector.gateway.recording import FRAMES, LINE, NOTED, Noted, lost_of
from inspector.gateway.worker_side import take_from_worker
from inspector.gateway.worker_words import seen_message
from inspector.line.station_line import StationLine
from inspector.ports import Vision
from inspector.vision.worker import Looking

COMPARED = ("verdict", "reasons", "not_inspected", "views")
"""Of a part's record: what is judged, and what was found."""
NOT_COMPARED = ("model_ms",)
"""Of a view: how long it took."""
FrameKey = tuple[str, int, int]
PartKey = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Recorded:
    """One station of a recording.

    Attributes:
        site: The settings that it ran with.
        station: Of the site.
        folder: Of its files.
    """

    site: Site
    station: Station
    folder: Path

    def notes(self) -> Iterator[Noted]:
        """Yield what happened to the line, oldest first."""
        with (self.folder / LINE).open("rb") as lines:
            for line in lines:
                yield NOTED.validate_json(line)

    def frames(self) -> dict[FrameKey, dict[str, Any]]:
        """Return each frame's head and the name of its picture."""
        heads = map(json.loads, (self.folder / FRAMES).read_text().splitlines())
        return {(one["view"], one["session"], one["counter"]): one for one in heads}

    def frame(self, head: Mapping[str, Any]) -> Frame:
        """Return a frame with its picture; raises `BadInput` when it is not one."""
        file = self.folder / Path(head["picture"]).name
        content = np.frombuffer(file.read_bytes(), np.uint8)
        image = cv2.imdecode(content, cv2.IMREAD_UNCHANGED) if content.size else None
        if image is None:
            raise BadInput(f"{file} is not a picture")
        known = {name: head[name] for name in ("view", "session", "counter", "taken_us", "ready_s")}
        return Frame(image=image.astype(np.uint8, copy=False), **known)


def open_recording(folder: Path, site_folder: Path | None) -> list[Recorded]:
    """Return the stations of a recording.

    Args:
        folder: Of the recording.
        site_folder: Whose models look; None: those of the site that was recorded.

    Raises:
        BadInput: It is not a whole recording.
    """
    try:
        site = saved_site(folder / "site.json")
    except (OSError, ValueError) as error:
        raise BadInput(f"{folder} is not a recording: it has no readable site.json") from error
    if site_folder is not None:
        site = site.model_copy(update={"folder": str(site_folder.resolve())})
    found = [one for one in site.stations if (folder / one.name / LINE).exists()]
    if not found:
        raise BadInput(f"{folder} has no recorded station")
    for station in found:
        for name in (LINE, FRAMES):
            file = folder / station.name / name
            lost = lost_of(file)
            if lost != 0:
                why = "was not ended" if lost is None else f"lacks {lost} lines: it was too slow"
                raise BadInput(f"{file} {why}; record again")
    return [Recorded(site, one, folder / one.name) for one in found]


def as_it_ran(recorded: Recorded) -> Station:
    """Return the station with the package, limits, device and precision that really looked."""
    ran = next(one.what["model"] for one in recorded.notes() if one.do == "begin")
    device = recorded.station.device
    exactly = Device(name=ran["device"], precision=ran["precision"], threads=device.threads)
    return recorded.station.model_copy(
        update={"package": ran["package"], "limits": ran["limits"], "device": exactly}
    )


@dataclass
class Replayed:
    """What came out of a replay, beside what was recorded; entries by count run and number."""

    recorded: dict[PartKey, dict[str, Any]] = field(default_factory=dict)
    now: dict[PartKey, dict[str, Any]] = field(default_factory=dict)
    looks: int = 0

    def differences(self) -> list[str]:
        """Return one sentence for each part that came out otherwise."""
        return [
            f"part {number}: {_told(before)}, now {_told(after)}"
            for (run, number) in sorted({*self.recorded, *self.now})
            if (before := _of(self.recorded.get((run, number))))
            != (after := _of(self.now.get((run, number))))
        ]


class Replay:
    """One replay of one station.

    Args:
        recorded: What is replayed.
        model: That looks.
    """

    def __init__(self, recorded: Recorded, model: Vision) -> None:
        self._recorded, self._frames = recorded, recorded.frames()
        checks = checks_of(recorded.station)
        elsewhere = checks_elsewhere(recorded.site, recorded.station)
        self._looking = Looking(model, checks, elsewhere)
        self._sessions: dict[str, int] = {}
        self._clock = RecordedClock()
        self._out = Replayed()

    def run(self) -> Replayed:
        """Return what comes out; raises `BadInput` when the recording cannot be read."""
        notes = self._recorded.notes()
        line = self._begun(next(notes))
        for noted in notes:
            self._clock.at(noted)
            if noted.do == "judged":
                self._out.recorded[_key(noted.what)] = dict(noted.what)
            else:
                self._happens(line, noted)
        return self._out

    def _begun(self, begin: Noted) -> StationLine:
        if begin.belt is None:
            raise BadInput(f"{self._recorded.folder} does not begin as a recording does")
        self._clock.at(begin)
        name = self._recorded.station.name
        line = StationLine(
            begin.belt.layout,
            plc=NoPlc(),
            journal=KeptVerdicts(self._out.now),
            clock=self._clock,
            key=b"replay",
            tell_worker=lambda _: None,
            keep=lambda _: False,
            start_share=self._recorded.station.audit.start_share,
        )
        boot = {"kind": "boot", "station": name, "plc_boot": begin.what["boot"]}
        line.restore([{**boot, "epoch": begin.what["epoch"]}])
        line.belt = begin.belt
        if begin.what["up"]:
            line.plc_up()
        take_from_worker(line, begin.what["model"])
        return line

    def _happens(self, line: StationLine, noted: Noted) -> None:
        match noted.do:
            case "plc_read" if noted.snapshot:
                line.plc_read(noted.snapshot)
            case "plc_up":
                line.plc_up()
            case "plc_down":
                line.plc_down(str(noted.what["why"]))
            case "worker_gone":
                line.worker_gone()
            case "worker":
                take_from_worker(line, self._seen_now(noted.what))

    def _seen_now(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the message, with what is seen now where it is about a frame that was looked at.

        A frame that nobody looked at then, because the worker was behind or ended, stays so.
        """
        key = (message.get("view"), message.get("session"), message.get("counter"))
        if message["do"] != "seen" or key not in self._frames:
            return message
        frame = self._recorded.frame(self._frames[key])
        if self._sessions.get(frame.view, frame.session) != frame.session:
            self._looking.forget(frame.view)
        self._sessions[frame.view] = frame.session
        self._out.looks += 1
        return seen_message(frame, self._looking.look(frame))


class RecordedClock:
    """The clock as it stood when each thing happened; implements `ports.Clock`."""

    def __init__(self) -> None:
        self._s, self._now = 0.0, datetime.fromtimestamp(0, UTC)

    def at(self, noted: Noted) -> None:
        """Stand where it stood then."""
        self._s, self._now = noted.at_s, noted.now

    def now(self) -> datetime:
        """Return UTC with its zone."""
        return self._now

    def monotonic_s(self) -> float:
        """Return seconds."""
        return self._s


class KeptVerdicts:
    """A journal that keeps what is judged, by part; implements `ports.Journal`."""

    def __init__(self, kept: dict[PartKey, dict[str, Any]]) -> None:
        self._kept = kept

    def append(self, entry: Mapping[str, Any]) -> int:
        """Keep a verdict."""
        if entry["kind"] == "judged":
            # As the journal itself would have it.
            self._kept[_key(entry)] = json.loads(json.dumps(entry))
        return 0

    def since(self, offset: int) -> Sequence[tuple[int, dict[str, object]]]:
        """Return nothing."""
        del offset
        return []


class NoPlc:
    """Takes every word and does nothing; implements `ports.Plc`."""

    def say(self, station: str, part_id: int, word: int, token: object) -> None:
        """Do nothing, as all others here."""

    say_operator = say

    def raise_epoch(self, station: str, epoch: int) -> None:
        """Do nothing."""

    beat = raise_epoch

    def ask_sync(self, station: str, view: str, request: int) -> None:
        """Do nothing."""

    def read_soon(self, station: str) -> None:
        """Do nothing."""


def _key(entry: Mapping[str, Any]) -> PartKey:
    return int(entry["run"]), int(entry["number"])


def _of(entry: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return what is compared of a part's record."""
    if entry is None:
        return None
    views = sorted(entry["views"], key=lambda one: str(one["view"]))
    kept = [{k: v for k, v in one.items() if k not in NOT_COMPARED} for one in views]
    return {**{name: entry[name] for name in COMPARED}, "views": kept}


def _told(entry: Mapping[str, Any] | None) -> str:
    if entry is None:
        return "no verdict"
    said = [*entry["reasons"], entry["not_inspected"]]
    return f"{entry['verdict']} ({'; '.join(filter(None, said)) or 'nothing found'})"
