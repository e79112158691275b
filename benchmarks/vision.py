"""Vision: picture in memory → findings, against the bare session of the same model and precision.

Alone: `python -m benchmarks.vision [--quick] [--json]`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime

from benchmarks.figures import Figure, Section, Target, as_json, spread, table
from benchmarks.machine import Watch
from benchmarks.progress import Progress
from inspector.config.loading import load_site
from inspector.config.station import Station
from inspector.domain.finding import ViewResult
from inspector.domain.frame import BgrImage, Frame
from inspector.errors import InspectorError, ProviderUnavailable
from inspector.gateway.demo_world import product_of
from inspector.simulator.parts import draw_part, make_part
from inspector.simulator.seeds import seed_of
from inspector.vision.manifest import Package, open_package
from inspector.vision.onnx_input import PICTURE, with_picture_input
from inspector.vision.parity import open_model
from inspector.vision.picture_check import CheckLimits, picture_trouble
from inspector.vision.preparing import Prepared, Preparing
from inspector.vision.reading import judged_view, read_answer
from inspector.vision.runtime import HINTS, PROVIDER, Model, limits_of
from inspector.vision.worker import Looking, picture_digest

ROOT = Path(__file__).resolve().parent.parent
PRECISIONS = tuple(HINTS)
WIDE_PX, HIGH_PX = 1280, 1024
"""1.3 megapixels, a common sensor."""
PICTURES = 12
CALLS = 10
"""In one block, of the whole path or of the bare session, in turns."""
WARM_UP = 2
LEAST_RATIO = {320: Target(0.90, at_most=False), 640: Target(0.95, at_most=False)}
STAGES = ("digest", "check", "scaling", "model", "reading")


@dataclass(slots=True)
class Case:
    """One model, precision and size of picture.

    Attributes:
        input_px: The model's input.
        precision: That runs, proven.
        picture_px: Width and height.
        ratios: Throughput of the whole path over that of the bare session, of each pair of blocks.
        whole_ms, bare_ms: Of each call.
        stage_ms: Of each stage, measured one by one beside them.
    """

    input_px: int
    precision: str
    picture_px: tuple[int, int]
    ratios: list[float] = field(default_factory=list)
    whole_ms: list[float] = field(default_factory=list)
    bare_ms: list[float] = field(default_factory=list)
    stage_ms: dict[str, list[float]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return precision and picture, for people."""
        wide, high = self.picture_px
        return f"{self.precision}, {wide} × {high} px"

    @property
    def key(self) -> str:
        """Return it for the JSON."""
        wide, high = self.picture_px
        return f"vision.{self.input_px}px.{self.precision.lower()}.{wide}x{high}"

    @property
    def ratio(self) -> float:
        """Return the median throughput against the bare session."""
        return statistics.median(self.ratios)


class Bare:
    """The bare session: ONNX Runtime alone, with the options that the product gives it."""

    def __init__(self, package: Package, *, device: str, precision: str, threads: int) -> None:
        config: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": HINTS[precision],
            "NUM_STREAMS": "1",
            "INFERENCE_NUM_THREADS": threads,
        }
        options = {"device_type": device, "load_config": json.dumps({device: config})}
        self._session = onnxruntime.InferenceSession(
            with_picture_input(package.model, package.manifest.input, file=package.model_file),
            providers=[(PROVIDER, options)],
            enable_fallback=0,
        )

    def run(self, prepared: Prepared) -> Any:
        """Return the model's answer."""
        return self._session.run(None, {PICTURE: prepared})[0]


class Stages:
    """The steps of the whole path one by one, with the product's own functions."""

    def __init__(self, package: Package, station: Station, bare: Bare, taken: Case) -> None:
        self._manifest, self._bare, self._taken = package.manifest, bare, taken
        self._preparing = Preparing(package.manifest.input)
        self._check = CheckLimits(**station.views[0].check.model_dump())
        self._limits = limits_of(package, station.limits)

    def look(self, image: BgrImage) -> None:
        """Take one picture through all of them."""
        digest = self._timed("digest", lambda: picture_digest(image))
        self._timed("check", lambda: picture_trouble(image, self._check, digest=digest))
        fit = self._timed("scaling", lambda: self._preparing.fill(image))
        answer = self._timed("model", lambda: self._bare.run(self._preparing.prepared))

        def read() -> ViewResult:
            manifest = self._manifest
            findings, top = read_answer([answer], manifest=manifest, fit=fit)
            return judged_view("top", findings, top, limits=self._limits, fit=fit, model_ms=0.0)

        self._timed("reading", read)

    def _timed(self, stage: str, step: Callable[[], Any]) -> Any:
        started_s = time.perf_counter()
        result = step()
        took_ms = (time.perf_counter() - started_s) * 1000
        self._taken.stage_ms.setdefault(stage, []).append(took_ms)
        return result


def measure(root: Path, *, blocks: int, progress: Progress) -> tuple[Section, dict[str, object]]:
    """Return the figures of the site's first station, and the short answer of this module alone.

    Args:
        root: A site of the demo factory.
        blocks: Pairs of blocks of each case.
        progress: Told how far it is.
    """
    cv2.setNumThreads(1)  # as in a worker
    station = load_site(root).stations[0]
    package = open_package(root / "models" / station.package)
    small = drawn(station, PICTURES)
    cases: list[Case] = []
    notes: list[str] = []
    for precision in PRECISIONS:
        progress.say(f"vision: opening {package.name} in {precision}")
        try:
            model = opened(package, station, precision)
        except ProviderUnavailable as error:
            notes.append(f"{precision}: not measured: {error}")
            continue
        cases += [
            _measured(package, station, model, pictures, blocks=blocks, progress=progress)
            for pictures in (small, [enlarged(one) for one in small])
        ]
    notes.append(
        "1280 × 1024 px: the demo's pictures, enlarged; model "
        f"{package.name}, {station.device.threads} thread, calls in turns"
    )
    title = f"Vision: picture in memory → findings, {len(cases)} × {blocks} × {CALLS} pictures"
    figures = tuple(figure for case in cases for figure in figures_of(case))
    failures = () if cases else ("no precision could be measured",)
    return Section(title, figures, tuple(notes), failures), short(cases)


def opened(package: Package, station: Station, precision: str) -> Model:
    """Return the model as a worker opens it, its precision proven."""
    device = station.device
    return open_model(
        package,
        device=device.name,
        precision=precision,
        threads=device.threads,
        limits=station.limits,
    )


def drawn(station: Station, count: int) -> list[BgrImage]:
    """Return pictures as the station's first camera takes them, every fourth of a bad part."""
    product = product_of(station)
    parts = [
        make_part(product, seed_of("runs", number), bad=number % 4 == 0) for number in range(count)
    ]
    return [draw_part(part, station.views[0].name) for part in parts]


def enlarged(image: BgrImage) -> BgrImage:
    """Return a picture of 1.3 megapixels."""
    size = (WIDE_PX, HIGH_PX)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def _measured(
    package: Package,
    station: Station,
    model: Model,
    pictures: Sequence[BgrImage],
    *,
    blocks: int,
    progress: Progress,
) -> Case:
    precision, device = model.ran.precision, station.device
    bare = Bare(package, device=device.name, precision=precision, threads=device.threads)
    height_px, width_px = pictures[0].shape[:2]
    case = Case(package.manifest.input.width, precision, (width_px, height_px))
    view = station.views[0]
    looking = Looking(model, {view.name: CheckLimits(**view.check.model_dump())})
    stages = Stages(package, station, bare, case)
    preparing = Preparing(package.manifest.input)
    preparing.fill(pictures[0])
    for block in range(-WARM_UP, blocks):
        chosen = [pictures[(block * CALLS + call) % len(pictures)] for call in range(CALLS)]
        frames = [Frame(view.name, 1, call, 0, image, 0.0) for call, image in enumerate(chosen)]
        if block % 2:  # in turns, so that neither always comes second
            bare_ms = _timed_ms(bare.run, [preparing.prepared] * CALLS)
            whole_ms = _timed_ms(looking.look, frames)
        else:
            whole_ms = _timed_ms(looking.look, frames)
            bare_ms = _timed_ms(bare.run, [preparing.prepared] * CALLS)
        for image in chosen[:2]:
            stages.look(image)
        if block < 0:
            case.stage_ms.clear()
            continue
        case.whole_ms += whole_ms
        case.bare_ms += bare_ms
        case.ratios.append(sum(bare_ms) / sum(whole_ms))
        progress.tick(f"vision: {case.name}, {block + 1} of {blocks}")
    return case


def _timed_ms(step: Callable[[Any], Any], arguments: Sequence[Any]) -> list[float]:
    took_ms = []
    for argument in arguments:
        started_s = time.perf_counter()
        result = step(argument)
        took_ms.append((time.perf_counter() - started_s) * 1000)
        if isinstance(result, ViewResult) and result.missed:
            raise InspectorError(f"the picture was not looked at: {result.missed}")
    return took_ms


def figures_of(case: Case) -> Iterator[Figure]:
    """Return the figures of one case."""
    whole, bare = spread(case.whole_ms), spread(case.bare_ms)
    yield Figure(
        f"{case.key}.throughput_vs_bare",
        f"{case.name}: whole path / bare",
        case.ratio,
        "",
        LEAST_RATIO.get(case.input_px) if case.picture_px == (WIDE_PX, HIGH_PX) else None,
        shares(case.stage_ms),
    )
    yield Figure(f"{case.key}.p50_ms", f"{case.name}: whole path, p50", whole.p50, "ms")
    yield Figure(f"{case.key}.p99_ms", f"{case.name}: whole path, p99", whole.p99, "ms")
    yield Figure(f"{case.key}.bare_p50_ms", f"{case.name}: bare session, p50", bare.p50, "ms")


def shares(stage_ms: Mapping[str, Sequence[float]]) -> str:
    """Return the median of each stage and its share of their sum, as text."""
    medians = {stage: statistics.median(stage_ms[stage]) for stage in STAGES if stage in stage_ms}
    total = sum(medians.values())
    return ", ".join(f"{stage} {ms:.2f} ms {ms / total:.0%}" for stage, ms in medians.items())


def short(cases: Sequence[Case]) -> dict[str, object]:
    """Return the answer in two figures: of the large picture, in the faster precision."""
    large = [case for case in cases if case.picture_px == (WIDE_PX, HIGH_PX)]
    if not large:
        return {}
    fastest = min(large, key=lambda case: statistics.median(case.whole_ms))
    whole, bare = spread(fastest.whole_ms), spread(fastest.bare_ms)
    return {
        "precision": fastest.precision,
        "picture_px": list(fastest.picture_px),
        "throughput_vs_bare": round(fastest.ratio, 3),
        "latency_ms": {"p50": round(whole.p50, 3), "p99": round(whole.p99, 3)},
        "bare_latency_ms": {"p50": round(bare.p50, 3), "p99": round(bare.p99, 3)},
    }


def main() -> int:
    """Measure vision alone; 1 when it could not be."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.vision", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer pictures, within 50 s")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    arguments = parser.parse_args()
    watch = Watch()
    with Progress() as progress:
        section, answer = measure(ROOT, blocks=12 if arguments.quick else 60, progress=progress)
    machine = watch.machine()
    if arguments.json:
        print(json.dumps({**as_json(machine.as_json(), [section]), **answer}))
    else:
        print("\n".join(machine.lines()))
        print(table([section]))
    return 1 if section.failures else 0


if __name__ == "__main__":
    sys.exit(main())
