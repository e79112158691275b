"""Who is measured against whom in this process: the worker's whole path, and bare sessions."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime

from benchmarks.taken import Taken
from inspector.config.site import Site
from inspector.config.station import Station
from inspector.domain.finding import ViewResult
from inspector.domain.frame import BgrImage, Frame
from inspector.errors import InspectorError
from inspector.gateway.calibration import checks_elsewhere
from inspector.vision.devices import HINTS
from inspector.vision.likeness import OwnViews
from inspector.vision.manifest import Package
from inspector.vision.onnx_engine import PROVIDER
from inspector.vision.picture_check import CheckLimits, check_picture
from inspector.vision.preparing import Preparing
from inspector.vision.reading import judged_view, read_answer
from inspector.vision.runtime import Model, limits_of
from inspector.vision.worker import Looking, picture_digest

STAGES = ("digest", "check", "scaling", "model", "reading")
Step = Callable[[int], Any]


@dataclass(frozen=True, slots=True)
class Checks:
    """What pictures must be, of the station's first view and of all others.

    Attributes:
        view: Its name.
        own: Takes as long as the station's own, whose limits are for its own pictures: enlarged
            ones are neither as sharp nor of that size.
        elsewhere: Of all other stations' views.
    """

    view: str
    own: CheckLimits
    elsewhere: Mapping[str, CheckLimits]


def checks_for(site: Site, station: Station) -> Checks:
    """Return the checks of a station's first view, as its worker has them beside the others'."""
    view = station.views[0]
    own = CheckLimits(looks_like=view.check.looks_like)
    return Checks(view.name, own, checks_elsewhere(site, station))


class Whole:
    """The worker's own path: a picture in memory becomes findings."""

    def __init__(self, model: Model, checks: Checks, pictures: Sequence[BgrImage]) -> None:
        self._view, self._pictures = checks.view, pictures
        self._looking = Looking(model, {checks.view: checks.own}, checks.elsewhere)

    def look(self, number: int) -> None:
        """Look at a picture; raises `InspectorError` when the path refused it."""
        image = self._pictures[number % len(self._pictures)]
        result: ViewResult = self._looking.look(Frame(self._view, 1, number, 0, image, 0.0))
        if result.missed:
            raise InspectorError(f"the picture was not looked at: {result.missed}")


class Seeing:
    """What the model costs with its scaling and its reading: no digest, no picture check."""

    def __init__(self, model: Model, pictures: Sequence[BgrImage]) -> None:
        self._model, self._pictures = model, pictures

    def look(self, number: int) -> None:
        """Look at a picture; raises `ModelFailed` when the answer cannot be used."""
        self._model.look("", self._pictures[number % len(self._pictures)])


class Bare:
    """ONNX Runtime alone, on the package's file as it is; its input never changes.

    Args:
        package: Of the model.
        precision: As the product runs it.
        threads: Of the processor.
        streams: Pictures that it can run at once.
    """

    def __init__(self, package: Package, *, precision: str, threads: int, streams: int = 1) -> None:
        config: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": HINTS[precision],
            "NUM_STREAMS": str(streams),
            "INFERENCE_NUM_THREADS": threads,
            "ENABLE_CPU_PINNING": False,
        }
        options = {"device_type": "CPU", "load_config": json.dumps({"CPU": config})}
        self._session = onnxruntime.InferenceSession(
            package.model, providers=[(PROVIDER, options)], enable_fallback=0
        )
        wanted = package.manifest.input
        shape = (1, 3, wanted.height, wanted.width)
        numbers = np.random.default_rng(0).random(shape, np.float32)
        self._given = {self._session.get_inputs()[0].name: numbers}

    def run(self, _: int) -> None:
        """Run the model once."""
        self._session.run(None, self._given)


class Stages:
    """The steps of the whole path one by one, with the product's own functions."""

    def __init__(self, package: Package, checks: Checks, model: Model) -> None:
        self._manifest, self._session = package.manifest, model.session
        self._preparing = Preparing(package.manifest.input)
        self._checks = checks
        self._own_views = OwnViews({checks.view: checks.own}, checks.elsewhere)
        self._limits = limits_of(package)
        self.ms: dict[str, list[float]] = {stage: [] for stage in STAGES}

    def look(self, image: BgrImage) -> None:
        """Take one picture through all of them."""
        digest = self._timed("digest", lambda: picture_digest(image))

        def check() -> None:
            check_picture(image, self._checks.own, digest=digest)
            self._own_views.trouble(self._checks.view, image)

        self._timed("check", check)
        fit = self._timed("scaling", lambda: self._preparing.fill(image))
        answers = self._timed("model", self._session.run)

        def read() -> ViewResult:
            findings, top = read_answer(answers, manifest=self._manifest, fit=fit)
            return judged_view("top", findings, top, limits=self._limits, fit=fit, model_ms=0.0)

        self._timed("reading", read)

    def forget(self) -> None:
        """Begin anew, after warming up."""
        self.ms = {stage: [] for stage in STAGES}

    def _timed(self, stage: str, step: Callable[[], Any]) -> Any:
        started_s = time.perf_counter()
        result = step()
        self.ms[stage].append((time.perf_counter() - started_s) * 1000)
        return result


def one_by_one(step: Step, first: int, count: int) -> Taken:
    """Return what `count` pictures took, each after the one before."""
    taken_ms = []
    began_s = time.perf_counter()
    for number in range(first, first + count):
        started_s = time.perf_counter()
        step(number)
        taken_ms.append((time.perf_counter() - started_s) * 1000)
    return Taken(tuple(taken_ms), time.perf_counter() - began_s, count)


def side_by_side(steps: Sequence[Step], first: int, count: int) -> Taken:
    """Return what `count` pictures took that were shared among steps running at once."""

    def share(at: int) -> None:
        for number in range(first + at, first + count, len(steps)):
            steps[at](number)

    with ThreadPoolExecutor(len(steps)) as pool:
        began_s = time.perf_counter()
        for done in [pool.submit(share, at) for at in range(len(steps))]:
            done.result()
        return Taken((), time.perf_counter() - began_s, count)
