"""The stand-in worker: each fired camera output becomes a marked picture, looked at and reported.

A process of its own, so that it can be killed. It hears on stdin what the PLC's outputs fire, one
JSON object a line: {"fired": VIEW, "id": NUMBER, "time_us": AT, "bad": BOOL}.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from threading import Event, Thread

from benchmarks.faults.codes import digest, looks_bad, marked
from inspector.gateway.child import die_with_parent
from inspector.gateway.line_link import LineLink

CAMERA_ZERO_US = 77_000_000
"""A camera's clock begins elsewhere than the PLC's."""
BOX = (0.0, 0.0, 4.0, 4.0)
MODEL = {
    "do": "model",
    "recipe": "standard",
    "package": "printed code",
    "sha256": "0" * 64,
    "device": "CPU",
    "precision": "FP32",
    "why": "a stand-in",
}


class Cameras:
    """Every view's counter, from 0 at each start."""

    def __init__(self, link: LineLink, views: tuple[str, ...]) -> None:
        """Announce the cameras and the model."""
        self._link, self._views = link, views
        self._session = int(time.time())  # another one after each start
        self._counters = dict.fromkeys(views, 0)
        link.announce("model", MODEL)
        for view in views:
            camera = {"do": "camera", "view": view, "session": self._session, "up": True}
            link.announce(f"camera {view}", {**camera, "why": ""})

    def expose(self, view: str, number: int, at_us: int, *, bad: bool) -> None:
        """Take the picture, say at once that it came, look at it, say what was seen."""
        counter, self._counters[view] = self._counters[view], self._counters[view] + 1
        frame: dict[str, object] = {
            "view": view,
            "session": self._session,
            "counter": counter,
            "taken_us": at_us + CAMERA_ZERO_US,
            "ready_s": time.monotonic(),
        }
        self._link.send({"do": "frame", **frame})
        picture = marked(number, bad=bad, view=self._views.index(view))
        found = looks_bad(picture)
        seen = {
            "missed": "",
            "picture": digest(picture),
            "width_px": picture.shape[1],
            "height_px": picture.shape[0],
            "findings": [["printed", 1.0, BOX]] if found else [],
            "top_scores": {"printed": float(found)},
            "model_ms": 0.0,
        }
        self._link.send({"do": "seen", **frame, **seen})


def main() -> None:
    """Report until stdin ends."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults.worker")
    parser.add_argument("station")
    parser.add_argument("--views", required=True)
    parser.add_argument("--line", type=Path, required=True)
    parser.add_argument("--parent", type=int, required=True)
    arguments = parser.parse_args()
    die_with_parent(arguments.parent)
    link = LineLink(arguments.line, arguments.station, hear=lambda _: None)
    cameras = Cameras(link, tuple(arguments.views.split(",")))
    stop = Event()
    connected = Thread(target=link.run, args=(stop,))
    connected.start()
    try:
        for line in sys.stdin:
            fired = json.loads(line)
            view, number = fired["fired"], fired["id"]
            cameras.expose(view, number, fired["time_us"], bad=fired["bad"])
    finally:
        stop.set()
        connected.join()


if __name__ == "__main__":
    main()
