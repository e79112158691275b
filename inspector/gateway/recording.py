"""A recording of stations, as its writers and its readers know it (docs/architecture.md).

Its folder has the resolved settings, `site.json`, and for each station what its line was told and
judged, `<station>/line.jsonl`, what its worker looked at, `<station>/frames.jsonl` with a lossless
picture for each, and of each of the two a `.end` that says how much of it was lost.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Any, Generic, Literal, TypeVar

from pydantic import TypeAdapter

from inspector.domain.belt import Belt
from inspector.domain.snapshot import PlcSnapshot
from inspector.ipc import Runtime, write_whole

LINE, FRAMES = "line.jsonl", "frames.jsonl"
Happened = Literal["begin", "worker", "worker_gone", "plc_up", "plc_down", "plc_read", "judged"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Noted:
    """One thing that happened to a line, or that it judged.

    Attributes:
        do: What happened; "begin" is the first, "judged" is what the line made of it.
        at_s: Monotonic clock then.
        now: Wall clock then.
        what: A worker's message, a journal entry, or whatever else belongs to it.
        snapshot: What was read, of "plc_read".
        belt: Everything that the line knew, of "begin".
    """

    do: Happened
    at_s: float
    now: datetime
    what: Mapping[str, Any] = field(default_factory=dict)
    snapshot: PlcSnapshot | None = None
    belt: Belt | None = None


NOTED = TypeAdapter(Noted)


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be recorded now.

    Attributes:
        folder: Of the recording.
        stations: Their names.
        line: Whether the lines are, too; the workers always are.
    """

    folder: Path
    stations: tuple[str, ...]
    line: bool


def give_order(runtime: Runtime, order: Order | None) -> None:
    """Tell the processes of a running gateway what to record, or nothing any more."""
    if order is None:
        runtime.recording.unlink(missing_ok=True)
        return
    said = {"folder": str(order.folder), "stations": order.stations, "line": order.line}
    write_whole(runtime.recording, json.dumps(said).encode())


def order_in(runtime: Runtime) -> Order | None:
    """Return what is to be recorded, if anything."""
    try:
        said = json.loads(runtime.recording.read_bytes())
    except FileNotFoundError:
        return None
    return Order(Path(said["folder"]), tuple(said["stations"]), bool(said["line"]))


class Tape(Generic[T]):
    """Writes what is put in, in its order, in a thread: whoever puts something in never waits.

    Args:
        file: Grows line by line; must not exist.
        most: So much may wait to be written; what comes then is lost, and counted.
        line_of: What is written of one; runs in the thread, and may write a file of its own.
    """

    def __init__(self, file: Path, *, most: int, line_of: Callable[[T], bytes]) -> None:
        self._file, self._line_of = file, line_of
        self._waiting: Queue[T] = Queue(most)
        self._lost = 0
        self._stop = Event()
        self._out = file.open("xb")
        self._thread = Thread(target=self._write, daemon=True)
        self._thread.start()

    def put(self, one: T) -> None:
        """Have one written, or count it as lost."""
        try:
            self._waiting.put_nowait(one)
        except Full:
            self._lost += 1

    def end(self) -> None:
        """Take nothing more; what waits is written, then the `.end`. Does not wait for it."""
        self._stop.set()

    def _write(self) -> None:
        with self._out:
            while not (self._stop.is_set() and self._waiting.empty()):
                try:
                    one = self._waiting.get(timeout=0.1)
                except Empty:
                    continue
                try:
                    self._out.write(self._line_of(one) + b"\n")
                except OSError:  # the disk is full
                    self._lost += 1
        write_whole(end_of(self._file), json.dumps({"lost": self._lost}).encode())


def end_of(file: Path) -> Path:
    """Return where it stands that a file of a recording is whole."""
    return file.with_suffix(".end")


def lost_of(file: Path) -> int | None:
    """Return how much of a file was lost; None while it is not at its end."""
    try:
        return int(json.loads(end_of(file).read_bytes())["lost"])
    except FileNotFoundError:
        return None
