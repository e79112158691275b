"""What the demo's models give its parts: scores of good and of bad ones, measured and kept.

`python -m benchmarks.audited_hours.scores` draws fresh parts with the seeds of `inspector demo
--evaluate`, lets each station's package look at them, and writes `scores.json`. A score is how far
the part's best finding lies from the limit of its class, on the logit scale, brought back to 0 to
1: from `REJECTS_FROM` on the part is rejected. Nothing seen is 0.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.progress import Progress
from inspector.config.loading import load_site
from inspector.config.site import Site
from inspector.config.station import Station
from inspector.simulator.evaluate import evaluation_parts
from inspector.simulator.parts import PartTruth, draw_part, views_of
from inspector.vision.manifest import open_package
from inspector.vision.parity import open_model
from inspector.vision.runtime import Model, limits_of

ROOT = Path(__file__).resolve().parents[2]
FILE = Path(__file__).with_name("scores.json")
REJECTS_FROM = 0.5
_NEAREST = 1e-6
"""Scores so near 0 or 1 are as good as there: their logit must be finite."""

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Seen:
    """The scores that one station's model gave, ascending.

    Attributes:
        good: Of good parts.
        bad: Of bad ones.
    """

    good: Scores
    bad: Scores

    def drawn(self, random: np.random.Generator, bad: NDArray[np.bool_]) -> Scores:
        """Return a score for each part, between neighbours among those measured."""
        found = np.empty(len(bad))
        for which, known in ((~bad, self.good), (bad, self.bad)):
            place = random.random(int(which.sum())) * (len(known) - 1)
            below = place.astype(np.int64)
            found[which] = known[below] + (place - below) * np.diff(known)[below]
        return found


def kept_scores(file: Path = FILE) -> dict[str, Seen]:
    """Return what was measured, by station."""
    stations = json.loads(file.read_text())["stations"]
    return {
        name: Seen(np.array(one["good"]), np.array(one["bad"])) for name, one in stations.items()
    }


def score(top_scores: Mapping[str, float], limits: Mapping[str, float]) -> float:
    """Return a view's score; `REJECTS_FROM` at the limit of the best class."""
    over = (_logit(top) - _logit(limits[kind]) for kind, top in top_scores.items())
    return max((1 / (1 + exp(-one)) for one in over), default=0.0)


def _logit(share: float) -> float:
    inside = min(max(share, _NEAREST), 1 - _NEAREST)
    return log(inside / (1 - inside))


def measured(
    site: Site, station: Station, *, good: int, bad: int, progress: Progress
) -> dict[str, object]:
    """Return what a station's model gives to that many parts."""
    package = open_package(site.package_folder(station))
    model = open_model(package, precision="FP32", limits=station.limits)
    limits = limits_of(package, station.limits)
    found: dict[bool, list[float]] = {False: [], True: []}
    for done, truth in enumerate(evaluation_parts(station.name, good=good, bad=bad)):
        found[truth.bad].append(round(_of_part(model, truth, limits), 5))
        progress.tick(f"{station.name}: part {done} of {good + bad}")
    ascending = {"good": sorted(found[False]), "bad": sorted(found[True])}
    return {"model_sha256": package.model_sha256, **ascending}


def _of_part(model: Model, truth: PartTruth, limits: Mapping[str, float]) -> float:
    looks = (model.look(view, draw_part(truth, view)) for view in views_of(truth.station))
    return max(score(look.top_scores, limits) for look in looks)


def main() -> int:
    """Measure, and write the file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.audited_hours.scores")
    parser.add_argument("--good", type=int, default=1000, help="good parts of each station")
    parser.add_argument("--bad", type=int, default=1000, help="bad parts of each station")
    asked = parser.parse_args()
    command = f"python -m benchmarks.audited_hours.scores --good {asked.good} --bad {asked.bad}"
    site = load_site(ROOT)
    stations = {}
    with Progress() as progress:
        for station in site.stations:
            progress.say(f"{station.name}: begins")
            stations[station.name] = measured(
                site, station, good=asked.good, bad=asked.bad, progress=progress
            )
            FILE.write_text(json.dumps({"command": command, "stations": stations}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
