"""Vision: picture in memory → findings, side by side with bare sessions and with Ultralytics.

Alone: `python -m benchmarks.vision [--quick] [--json]`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np

from benchmarks.contenders import (
    Bare,
    Checks,
    Seeing,
    Stages,
    Whole,
    checks_for,
    one_by_one,
    side_by_side,
)
from benchmarks.figures import Section, as_json, table
from benchmarks.machine import Watch
from benchmarks.outside import Outside, TrainSideLost
from benchmarks.progress import Progress
from benchmarks.taken import Contender, in_turns
from benchmarks.vision_figures import (
    BARE,
    BARES,
    KEYS,
    OTHERS,
    PICTURE_PX,
    SEEING,
    SEEINGS,
    WHOLE,
    WHOLES,
    Case,
    figures_of,
    short,
    versions,
)
from inspector.config.loading import load_site
from inspector.config.station import Station
from inspector.domain.frame import BgrImage
from inspector.gateway.demo_world import product_of
from inspector.simulator.parts import draw_part, make_part
from inspector.simulator.seeds import seed_of
from inspector.vision.devices import HINTS
from inspector.vision.manifest import Package, open_package
from inspector.vision.parity import open_model
from inspector.vision.runtime import Model, Session, limits_of

ROOT = Path(__file__).resolve().parent.parent
TRAIN_PYTHON = ROOT / ".venv-train" / "bin" / "python"
EXPORTS = ROOT / "runs" / "bench"
"""Kept between runs: an export takes longer than the measuring."""
LARGER_PX = 640
PICTURES = 4
"""As many as a camera's ring of buffers holds: one that has just arrived is still in the cache."""
CALLS = 12
"""Pictures of each contender in one round."""
WARM_UP = 2
LEAST_ROUNDS = 4
QUICK_S, LONG_S = 12.0, 60.0
"""Of measuring one model, so that a slow computer takes as long as a fast one."""
QUICK_ENDS_S = 38.0
"""After the start: the first run exports with Ultralytics before it measures, and measures less."""
MOST_AT_ONCE = 4


def measure(root: Path, *, quick: bool, progress: Progress) -> tuple[Section, dict[str, object]]:
    """Return the figures of the site's first station, and the short answer of this module alone.

    Args:
        root: A site of the demo factory.
        quick: Fewer rounds, and the package's own input size only.
        progress: Told how far it is.
    """
    site = load_site(root)
    station = site.stations[0]
    checks = checks_for(site, station)
    package = open_package(root / "models" / station.package)
    pictures = [enlarged(one) for one in drawn(station, PICTURES)]
    threads_before = cv2.getNumThreads()
    cv2.setNumThreads(1)  # as in a worker
    try:
        cases, notes, failures = _cases(
            package, station, checks, pictures, quick=quick, progress=progress
        )
    finally:
        cv2.setNumThreads(threads_before)
    rounds = ", ".join(f"{case.px} px {len(case.rounds.taken[WHOLE])}" for case in cases)
    size = " × ".join(map(str, PICTURE_PX))
    notes.append(f"model {package.name}, pictures of the demo enlarged to {size} px")
    notes.append(f"rounds of {CALLS} pictures for each contender, all in turns: {rounds}")
    figures = tuple(figure for case in cases for figure in figures_of(case))
    title = "Vision: picture in memory → findings, side by side"
    return Section(title, figures, tuple(notes), tuple(failures)), short(cases[0])


def _cases(
    package: Package,
    station: Station,
    checks: Checks,
    pictures: list[BgrImage],
    *,
    quick: bool,
    progress: Progress,
) -> tuple[list[Case], list[str], list[str]]:
    """Return the cases, notes, and why something could not be measured."""
    progress.say(f"vision: opening {package.name}")
    precision, cores = station.device.precision, len(os.sched_getaffinity(0))
    model = open_model(package, precision=precision, threads=cores, limits=station.limits)
    ends_s = time.monotonic() + QUICK_ENDS_S

    def raced(sized: Package, facts: Mapping[str, Any], others: Mapping[str, Contender]) -> Case:
        case = Case(sized.manifest.input.width, model.ran.precision, facts=facts)
        progress.say(f"vision: {case.px} px, compiling for each contender")
        contenders, stages = _contenders(sized, checks, model, pictures)
        contenders |= others
        length_s = min(QUICK_S, ends_s - time.monotonic()) if quick else LONG_S
        _raced(case, contenders, stages, pictures, length_s=length_s, progress=progress)
        return case

    python = train_python()
    if python is None:
        why = "no training environment here (make .venv-train/ready): without Ultralytics, "
        why += f"OpenVINO's own runtime and the model of {LARGER_PX} px"
        return [raced(package, {}, {})], [why], []
    cases: list[Case] = []
    try:
        with TemporaryDirectory() as folder, Outside(python, ROOT) as outside:
            shown = Path(folder) / "pictures.npy"
            np.save(shown, np.stack(pictures))
            others = {name: partial(outside.run, KEYS[name]) for name in OTHERS}
            for px in (package.manifest.input.width, LARGER_PX)[: 1 if quick else 2]:
                progress.say(f"vision: exporting for Ultralytics at {px} px")
                sized, facts = _exported(outside, package, px, shown, HINTS[model.ran.precision])
                cases.append(raced(sized, facts, others))
    except TrainSideLost as error:
        return cases or [raced(package, {}, {})], [], [str(error)]
    return cases, [versions(cases[0])], []


def train_python() -> Path | None:
    """Return the Python that has Ultralytics and OpenVINO's own runtime, or None."""
    if TRAIN_PYTHON.exists():
        return TRAIN_PYTHON
    here = all(find_spec(name) for name in ("ultralytics", "openvino"))
    return Path(sys.executable) if here else None


def _exported(
    outside: Outside, package: Package, px: int, pictures: Path, precision: str
) -> tuple[Package, dict[str, Any]]:
    """Return the package at that input size, and the facts of its export, opened there."""
    folder = EXPORTS / f"{package.model_sha256[:12]}-{px}"
    files = outside.ask(
        "export",
        model=str((package.folder / package.model_file).resolve()),
        classes=package.manifest.classes,
        pictures=str(pictures),
        px=px,
        folder=str(folder),
        also_onnx=px != package.manifest.input.width,
    )
    facts = outside.ask(
        "open",
        openvino=files["openvino"],
        pictures=str(pictures),
        px=px,
        precision=precision,
        streams=at_once(),
    )
    if px == package.manifest.input.width:
        return package, facts
    wanted = package.manifest.input.model_copy(update={"width": px, "height": px})
    contents = {**package.contents, package.model_file: Path(files["onnx"]).read_bytes()}
    manifest = package.manifest.model_copy(update={"input": wanted})
    return replace(package, manifest=manifest, contents=contents), facts


def at_once() -> int:
    """Return how many workers or streams run side by side: one for each core, to a bound."""
    return min(len(os.sched_getaffinity(0)), MOST_AT_ONCE)


def drawn(station: Station, count: int) -> list[BgrImage]:
    """Return pictures as the station's first camera takes them, every fourth of a bad part."""
    product = product_of(station)
    parts = [
        make_part(product, seed_of("runs", number), bad=number % 4 == 0) for number in range(count)
    ]
    return [draw_part(part, station.views[0].name) for part in parts]


def enlarged(image: BgrImage) -> BgrImage:
    """Return a picture of 1.3 megapixels."""
    return np.asarray(cv2.resize(image, PICTURE_PX, interpolation=cv2.INTER_CUBIC), np.uint8)


def _raced(
    case: Case,
    contenders: Mapping[str, Contender],
    stages: Stages,
    pictures: Sequence[BgrImage],
    *,
    length_s: float,
    progress: Progress,
) -> None:
    """Let all contenders look in turns, and the stages between them, for that long."""
    for _ in range(WARM_UP):
        list(in_turns(contenders, 0, CALLS))
        stages.look(pictures[0])
    stages.forget()
    until_s, number = time.monotonic() + length_s, 0
    while number < LEAST_ROUNDS or time.monotonic() < until_s:
        for name, taken in in_turns(contenders, number, CALLS):
            case.rounds.add(name, taken)
        stages.look(pictures[number % len(pictures)])
        stages.look(pictures[(number + 1) % len(pictures)])
        number += 1
        progress.tick(f"vision: {case.px} px in {case.precision}, {number} rounds")
    case.stage_ms = stages.ms


def _contenders(
    package: Package, checks: Checks, model: Model, pictures: Sequence[BgrImage]
) -> tuple[dict[str, Contender], Stages]:
    """Return those of this process: on all cores, one picture at a time or several."""
    cores, several = len(os.sched_getaffinity(0)), at_once()
    precision = model.ran.precision

    def opened(threads: int) -> Model:
        session = Session(package, device="CPU", precision=precision, threads=threads)
        return Model(package, session, model.ran, limits_of(package))

    alone = opened(cores)
    beside = [opened(cores // several) for _ in range(several)]
    workers = [Whole(one, checks, pictures) for one in beside]
    seeing = [Seeing(one, pictures) for one in beside]
    bare = Bare(package, precision=precision, threads=cores)
    streams = Bare(package, precision=precision, threads=cores, streams=several)
    return {
        WHOLE: partial(one_by_one, Whole(alone, checks, pictures).look),
        BARE: partial(one_by_one, bare.run),
        WHOLES: partial(side_by_side, [worker.look for worker in workers]),
        SEEING: partial(one_by_one, Seeing(alone, pictures).look),
        SEEINGS: partial(side_by_side, [one.look for one in seeing]),
        BARES: partial(side_by_side, [streams.run] * several),
    }, Stages(package, checks, alone)


def main() -> int:
    """Measure vision alone; 1 when it could not be."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.vision", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer pictures, within 50 s")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    arguments = parser.parse_args()
    watch = Watch()
    with Progress() as progress:
        section, answer = measure(ROOT, quick=arguments.quick, progress=progress)
    machine = watch.machine()
    if arguments.json:
        print(json.dumps({**as_json(machine.as_json(), [section]), **answer}))
    else:
        print("\n".join(machine.lines()))
        print(table([section]))
    return 1 if section.failures else 0


if __name__ == "__main__":
    sys.exit(main())
